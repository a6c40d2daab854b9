"""Write what a deployment would do as migrations of the Supabase CLI: `make bundle`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from wedsync_realtime.errors import BrokenBundleError, RemovedScriptError
from wedsync_realtime.packaging.bundle_text import (
    EXPECTS,
    REPLACED,
    ended,
    expectation,
    make_text,
)
from wedsync_realtime.source.plan import Deployed, Plan, compare, refuse_rewritten_history
from wedsync_realtime.source.scripts import Kind, Script, default_root, discover

DEFAULT_FOLDER = Path("supabase", "migrations")
NAME = "realtime_system"

_FILE = re.compile(rf"(\d{{14}})_{NAME}\.sql")
# The lines that earlier bundles are read by.
_RECORD = re.compile(
    r"^select pg_temp\.bundle_record\('([^']+)', '([0-9a-f]{64})', '([a-z]+)', .*\);$",
    re.MULTILINE,
)
_REMOVE = re.compile(r"^select pg_temp\.bundle_remove\('([^']+)', ", re.MULTILINE)


@dataclass(frozen=True)
class Bundle:
    """One file, not written yet: its path, its text, and the paths of what it deploys and drops."""

    file: Path
    text: str
    applied: tuple[str, ...]
    removed: tuple[str, ...] = ()


def read_history(folder: Path) -> dict[str, Deployed]:
    """Return what the bundles in a folder leave deployed, by path.

    Raises BrokenBundleError.
    """
    state: dict[str, Deployed] = {}
    for file in sorted(file for file in folder.glob("*.sql") if _FILE.fullmatch(file.name)):
        text = file.read_text(encoding="utf-8")
        expected = expectation({path: each.checksum for path, each in state.items()})
        if EXPECTS in text and expected not in text:
            raise BrokenBundleError(
                f"{file} does not follow the bundles before it: one was edited or deleted.",
                "Restore them from version control, then bundle again.",
            )
        for path in _REMOVE.findall(text):
            state.pop(path, None)
        for path, checksum, kind in _RECORD.findall(text):
            state[path] = Deployed(path, checksum, Kind(kind))
    return state


def write(folder: Path, root: Path | None = None, *, with_cron: bool = True) -> list[Bundle]:
    """Write the bundles that a folder lacks, of the scripts below root, and return them.

    root: by default the package's own. with_cron: have them create pg_cron where it can be had.
    Raises RunnerError.
    """
    bundles = make(folder, discover(root or default_root()), with_cron=with_cron)
    if bundles:
        folder.mkdir(parents=True, exist_ok=True)
    parts = [(bundle.file.with_suffix(".part"), bundle) for bundle in bundles]
    try:
        for part, bundle in parts:
            part.write_text(bundle.text, encoding="utf-8", newline="\n")
        for part, bundle in parts:  # one cut short, as by a full disk, would be taken for whole
            part.replace(bundle.file)
    finally:
        for part, _ in parts:
            part.unlink(missing_ok=True)
    return bundles


def make(
    folder: Path,
    scripts: Sequence[Script],
    now: datetime | None = None,
    *,
    with_cron: bool = True,
) -> list[Bundle]:
    """Return the bundles that a folder lacks; none where it has all.

    There is one, but for a migration that refuses a transaction, which stands alone between two.
    now: time for the names of the files; they come after every other file of the folder.
    Raises BrokenBundleError, EditedMigrationError, MissingMigrationError, RemovedScriptError.
    """
    history = read_history(folder)
    plan = compare(scripts, history)
    refuse_rewritten_history(plan)
    _refuse_removed(plan)
    if plan.is_empty:
        return []
    stamp = _first_stamp(folder, now or datetime.now(UTC))
    is_first = not history
    bundles: list[Bundle] = []
    state = {path: deployed.checksum for path, deployed in history.items()}
    batch: list[Script] = []
    landed: list[Script] = []  # outside of a transaction, to be recorded by the next file

    def add(text: str, applied: Sequence[Script], removed: Sequence[Deployed] = ()) -> None:
        bundles.append(
            Bundle(
                folder / f"{stamp + len(bundles)}_{NAME}.sql",
                text,
                tuple(script.path for script in applied),
                tuple(each.path for each in removed),
            )
        )

    for script in (script for script in plan.pending if script.kind is Kind.MIGRATION):
        if script.in_transaction:
            batch.append(script)
            continue
        if batch or is_first:
            add(make_text(state, [*landed], batch, is_first=is_first), batch)
            state |= {each.key: each.checksum for each in (*landed, *batch)}
            batch, landed, is_first = [], [], False
        add(ended(script.text), [script])
        landed.append(script)
    changed = _changed(plan)
    text = make_text(
        state, landed, [*batch, *changed], plan, is_first=is_first, with_cron=with_cron
    )
    new = [each for each in (*batch, *changed) if each.checksum != state.get(each.key)]
    add(text, new, plan.removed)
    return bundles


def _changed(plan: Plan) -> list[Script]:
    """Return the scripts to apply after the migrations, those that always run included."""
    replaceable = [
        script
        for script in (*plan.pending, *plan.changed)
        if script.kind is not Kind.MIGRATION and not script.kind.runs_always
    ]
    return [*sorted(replaceable, key=lambda script: script.order), *plan.always]


def _refuse_removed(plan: Plan) -> None:
    """Raise RemovedScriptError for a deleted file whose effects no migration undoes."""
    migrations = [script.text for script in plan.pending if script.kind is Kind.MIGRATION]
    for removed in plan.removed:
        if removed.kind not in REPLACED and not any(removed.path in text for text in migrations):
            raise RemovedScriptError(
                f"{removed.path} was deleted, but what it set up is in an earlier bundle.",
                "Restore the file; or add a migration that undoes it and ends with: delete from "
                f"wedsync_realtime.deployed_scripts where path = '{removed.path}';",
            )


def _first_stamp(folder: Path, now: datetime) -> int:
    """Return a number for a file's name that comes after all the others in the folder."""
    stamps = [
        int(match[1])
        for file in folder.glob("*.sql")
        if (match := re.match(r"(\d{14})_", file.name))
    ]
    return max([int(now.strftime("%Y%m%d%H%M%S")), *(stamp + 1 for stamp in stamps)])
