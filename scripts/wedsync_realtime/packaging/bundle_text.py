"""The text of a bundle: SQL that deploys scripts as the runner would."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from wedsync_realtime import __version__
from wedsync_realtime.deployment import deploy
from wedsync_realtime.record import ledger
from wedsync_realtime.source import sqltext
from wedsync_realtime.source.plan import Plan
from wedsync_realtime.source.scripts import Kind, Script, object_name

EXPECTS = f"select pg_temp.bundle_begin({deploy.LOCK_KEY}, "  # what an expectation begins with
REPLACED = (Kind.FUNCTION, Kind.VIEW)  # whose objects a bundle replaces and drops by itself

_FUNCTIONS = (Path(__file__).parent / "bundle.sql").read_text()


def make_text(
    state: dict[str, str],
    landed: Sequence[Script],
    scripts: Sequence[Script],
    plan: Plan | None = None,
    *,
    is_first: bool,
    with_cron: bool = True,
) -> str:
    """Return the text of a bundle for a database with these checksums by path."""
    parts = _parts(state, landed, scripts, plan)
    opening = [
        f"-- wedsync-realtime {__version__}, {'all of it' if is_first else 'what has changed'}: "
        "made by `make bundle`, not to be edited.\n",
        _FUNCTIONS,
        expectation(state),
        *([] if with_cron else [f"{deploy.NO_CRON};"]),
        *([ledger.CREATE.decode()] if is_first else []),
    ]
    return "\n".join([*opening, *parts]) + "\n"


def _parts(
    state: dict[str, str], landed: Sequence[Script], scripts: Sequence[Script], plan: Plan | None
) -> Iterator[str]:
    yield from (_record(script) for script in landed)
    functions: list[str] = []
    always = [script for script in scripts if script.kind.runs_always]
    for script in scripts:
        if script.kind.runs_always:
            continue
        if script.kind is Kind.FUNCTION:
            functions.append(".".join(object_name(script.key, script.kind)))
        yield from _script(script, script.key in state)
        yield _record(script)
    if functions:
        names = ", ".join(_quoted(name) for name in functions)
        yield f"select pg_temp.bundle_check_bodies(array[{names}]);"
    for removed in plan.removed if plan else ():
        schema, name = object_name(removed.path, removed.kind)
        words = ", ".join(_quoted(word) for word in (removed.path, removed.kind, schema, name))
        yield f"select pg_temp.bundle_remove({words});"
    for script in always:
        yield from _script(script, is_known=False)
        if script.checksum != state.get(script.key):
            yield _record(script)
    applied = sum(
        not script.kind.runs_always or script.checksum != state.get(script.key)
        for script in (*landed, *scripts)
    )
    dropped = len(plan.removed) if plan else 0
    yield f"select pg_temp.bundle_end({_quoted(__version__)}, {applied}, {dropped});"


def _script(script: Script, is_known: bool) -> Iterator[str]:
    yield f"\n-- {script.path}"
    if is_known and script.kind in REPLACED:
        schema, name = object_name(script.key, script.kind)
        tag = "$script$"
        while tag in script.text:
            tag = f"${tag[1:-1]}_$"
        yield (
            f"select pg_temp.bundle_replace({_quoted(script.kind)}, {_quoted(schema)}, "
            f"{_quoted(name)}, {tag}"
        )
        yield f"{script.text.rstrip()}\n{tag});"
    else:
        yield ended(script.text)


def _record(script: Script) -> str:
    words = ("null" if word is None else _quoted(word) for word in ledger.row(script))
    return f"select pg_temp.bundle_record({', '.join(words)});"


def expectation(state: dict[str, str]) -> str:
    """Return the statement that refuses a database with other scripts than these."""
    lines = "\n".join(f"{path} {checksum}" for path, checksum in sorted(state.items()))
    expected = _quoted(hashlib.sha256(lines.encode()).hexdigest()) if state else "null"
    return f"{EXPECTS}{expected});"


def ended(text: str) -> str:
    """Return a script with a semicolon at its end, without blank lines there."""
    text = text.replace("\r\n", "\n").rstrip()
    return text if sqltext.is_ended(text) else f"{text}\n;"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
