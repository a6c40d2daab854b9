"""Find the SQL scripts of the package and what each of them is."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path

from wedsync_realtime.errors import (
    MisnamedScriptError,
    MissingSourceError,
    UndeployableScriptError,
)
from wedsync_realtime.source import sqltext

SCHEMA = "wedsync_realtime"

_MIGRATION_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_OBJECT_NAME = re.compile(r"[a-z_][a-z0-9_]*\.sql")
_NO_TRANSACTION = re.compile(r"\A(?:--.*\n|\s*\n)*?-- No transaction:", re.MULTILINE)
INDEX = re.compile(
    r"create\s+(?:unique\s+)?index\s+concurrently\s+(?P<again>if\s+not\s+exists\s+)?"
    r"(?P<name>\S+)\s+on\s+(?:only\s+)?(?P<table>[^\s(]+)",
    re.IGNORECASE,
)
_TRANSACTION_WORDS = {"begin", "start", "commit", "end", "rollback", "abort", "prepare"}


class Kind(StrEnum):
    """What a script is, in the order of deployment."""

    MIGRATION = "migration"
    FUNCTION = "function"
    VIEW = "view"
    POLICY = "policy"
    OWNER = "owner"
    TRIGGER = "trigger"
    JOB = "job"

    @property
    def runs_always(self) -> bool:
        """Tell whether it runs in every deployment, because it reacts to what it finds."""
        return self in (Kind.OWNER, *LAST)


LAST = (Kind.TRIGGER, Kind.JOB)  # run when the application's tables are attached
_ORDER = {kind: position for position, kind in enumerate(Kind)}
_STATEMENTS = {"owners": Kind.OWNER, "triggers": Kind.TRIGGER, "jobs": Kind.JOB}
_OBJECT = re.compile(
    r"\A(?:\s|--.*\n)*create\s+(?:or\s+replace\s+)?(?P<what>function|procedure|view)\s+"
    r"(?P<schema>\w+)\.(?P<name>\w+)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Script:
    """One SQL file; path is relative to the source root, with forward slashes."""

    path: str
    kind: Kind
    content: bytes

    @cached_property
    def text(self) -> str:
        """The file as text."""
        return self.content.decode()

    @cached_property
    def checksum(self) -> str:
        """SHA-256 of the content; the kind of line ends does not matter."""
        return hashlib.sha256(self.content.replace(b"\r\n", b"\n")).hexdigest()

    @cached_property
    def in_transaction(self) -> bool:
        """False for a migration whose opening comment says `-- No transaction:` and why."""
        return not _NO_TRANSACTION.match(self.text)

    @cached_property
    def creates(self) -> re.Match[str] | None:
        """What, schema and name of the object that it creates first; None for other statements."""
        return _OBJECT.match(self.content.decode(errors="replace"))

    @cached_property
    def key(self) -> str:
        """What the ledger knows it by: the path without the room, which a file may change."""
        file = Path(self.path)
        if self.kind in _STATEMENTS.values():
            return f"functions/{file.parent.name}/{file.name}"
        if match := self.creates:
            folder = "views" if self.kind is Kind.VIEW else match["schema"]
            return f"functions/{folder}/{match['name']}.sql"
        return self.path

    @cached_property
    def order(self) -> tuple[int, bool, str]:
        """The sort key of deployment: the package's own schema before those that call it."""
        return _ORDER[self.kind], not self.key.startswith(f"functions/{SCHEMA}/"), self.key


@cache
def object_name(key: str, kind: Kind) -> tuple[str, str]:
    """Return schema and name of the object that the key of a function or view stands for."""
    file = Path(key)
    return (SCHEMA if kind is Kind.VIEW else file.parent.name), file.stem


def default_root() -> Path:
    """Return the folder of the SQL: inside an installed wheel, or the checkout.

    Raises MissingSourceError.
    """
    package = Path(__file__).resolve().parents[1]
    for root in (package / "sql", package.parent.parent):
        if (root / "migrations").is_dir():
            return root
    raise MissingSourceError(
        f"No migrations/ beside the package in {package}.",
        "Install the package again, or name the folder with --source.",
    )


def discover(root: Path) -> tuple[Script, ...]:
    """Return all scripts below root in the order of deployment.

    Raises MissingSourceError, MisnamedScriptError, UndeployableScriptError.
    """
    if not (root / "migrations").is_dir():
        raise MissingSourceError(
            f"{root} has no folder migrations/.", "Name the package's folder with --source."
        )
    scripts = sorted(_scripts(root), key=lambda script: script.order)
    _check_numbers([script.path for script in scripts if script.kind is Kind.MIGRATION])
    for script in scripts:
        _check_content(script)
    _check_names(scripts)
    return tuple(scripts)


def _scripts(root: Path) -> Iterator[Script]:
    for file in root.glob("migrations/*.sql"):
        yield _read(root, file, Kind.MIGRATION, _MIGRATION_NAME)
    for file in root.glob("functions/**/*.sql"):
        script = _read(root, file, _STATEMENTS.get(file.parent.name, Kind.FUNCTION), _OBJECT_NAME)
        if match := script.creates:
            kind = Kind.VIEW if match["what"].lower() == "view" else Kind.FUNCTION
            script = _script(script.path, kind, script.content)
        yield script
    for file in root.glob("policies/*.sql"):
        yield _read(root, file, Kind.POLICY, _OBJECT_NAME)


def _read(root: Path, file: Path, kind: Kind, name: re.Pattern[str]) -> Script:
    path = file.relative_to(root).as_posix()
    if not name.fullmatch(file.name):
        pattern = "NNNN_topic.sql" if kind is Kind.MIGRATION else "<object name>.sql"
        raise MisnamedScriptError(
            f"{path}: not a name of the form {pattern}, lower case.", "Rename the file."
        )
    return _script(path, kind, file.read_bytes())


@cache
def _script(path: str, kind: Kind, content: bytes) -> Script:
    """Return a script: the same one for the same file, with all that was found out about it."""
    return Script(path, kind, content)


def _check_names(scripts: list[Script]) -> None:
    """Raise MisnamedScriptError for a file not named after its object, or one of two for one."""
    found: dict[str, str] = {}
    for script in scripts:
        if script.kind in (Kind.FUNCTION, Kind.VIEW):
            match = script.creates
            if not match or not script.path.endswith(f"/{match['name']}.sql"):
                made = f"creates {match['schema']}.{match['name']}" if match else "creates neither"
                raise MisnamedScriptError(
                    f"{script.path} is the file of a function or view of its name, but {made}.",
                    "Name the file after the one object it holds.",
                )
        if script.key in found:
            raise MisnamedScriptError(
                f"{script.path} and {found[script.key]} are both {script.key}.",
                "Keep one: the room that a file lies in is no part of its name.",
            )
        found[script.key] = script.path


def _check_numbers(paths: list[str]) -> None:
    for expected, path in enumerate(paths, start=1):
        number = int(Path(path).name[:4])
        if number != expected:
            problem = "is taken twice" if number < expected else f"follows {expected - 1:04d}"
            raise MisnamedScriptError(
                f"{path}: number {number:04d} {problem}; numbers start at 0001 and have no gap.",
                f"Give the newest migration the number {expected:04d}.",
            )


def _check_content(script: Script) -> None:
    try:
        statements = sqltext.statements(script.text)
    except UnicodeDecodeError as error:
        line = script.content.count(b"\n", 0, error.start) + 1
        raise UndeployableScriptError(
            f"{script.path}:{line}: not UTF-8.", "Save the file as UTF-8."
        ) from None
    if script.kind is Kind.MIGRATION and not script.in_transaction:
        if len(statements) != 1:
            raise UndeployableScriptError(
                f"{script.path}: {len(statements)} statements without a transaction.",
                "Leave one statement in it, and move the others to a migration of their own.",
            )
        index = INDEX.search(script.text)
        if index and not index["again"]:
            raise UndeployableScriptError(
                f"{script.path}: an index that is there already stops it, and a runner that was "
                "killed can have left it there.",
                "Write `create index concurrently if not exists`.",
            )
        return
    for offset, word in statements:
        if word in _TRANSACTION_WORDS:
            raise UndeployableScriptError(
                f"{script.path}:{sqltext.line_at(script.text, offset)}: "
                f"`{word}` in a file that runs inside the deployment's transaction.",
                "Remove it: the runner begins and commits.",
            )
