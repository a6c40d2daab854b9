"""Undo migrations for development: what they held is lost, and the files' state is deployed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg
from psycopg import Connection

from wedsync_realtime import __version__
from wedsync_realtime.connection import server
from wedsync_realtime.connection.limits import Limits, retried
from wedsync_realtime.deployment import stages
from wedsync_realtime.deployment.outcome import Outcome
from wedsync_realtime.deployment.transaction import Report, locked, read_only
from wedsync_realtime.errors import (
    IrreversibleMigrationError,
    NotDeployedError,
    ScriptError,
    UnknownVersionError,
)
from wedsync_realtime.record import catalog, ledger
from wedsync_realtime.removal import withdraw
from wedsync_realtime.source import undo
from wedsync_realtime.source.plan import Deployed, compare
from wedsync_realtime.source.scripts import Kind, Script, default_root, discover
from wedsync_realtime.source.undo import Undo

# Nobody may go on from an old cursor: the feed it counts in may be another one by now.
_RESET = """
    insert into wedsync_realtime.resets (channel_id, reason)
    select c.id, 'epoch_changed' from wedsync_realtime.channels as c
"""


@dataclass(frozen=True)
class Planned:
    """What a rollback would do: migrations to undo, the newest first, and the files to deploy."""

    target: int
    undone: tuple[tuple[str, Undo], ...]
    scripts: tuple[Script, ...]
    is_needed: bool

    @property
    def goes_on(self) -> bool:
        """Tell whether the files are those of the target, so that they can be deployed after it."""
        return self.target == sum(script.kind is Kind.MIGRATION for script in self.scripts)

    @property
    def warnings(self) -> list[str]:
        """What is lost, a line per migration."""
        return [f"{path}: {steps.statement} ({steps.loss})" for path, steps in self.undone]


@dataclass
class Rolled:
    """What a rollback did."""

    undone: list[str] = field(default_factory=list)
    applied: list[str] = field(default_factory=list)
    target: int = 0
    is_complete: bool = True

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return it for people."""
        if not (self.undone or self.applied or not self.is_complete):
            return ["Nothing to roll back."]
        lines = [f"Undone: {path}" for path in self.undone]
        if self.is_complete:
            return [
                *lines,
                f"{len(self.applied)} scripts applied: the database is as the files say.",
            ]
        return [
            *lines,
            f"The database is at migration {self.target:04d}, without functions and triggers: "
            "migrate deploys them again.",
        ]


def plan(url: str, root: Path | None, to: str | None, wait: float = 0.0) -> Planned:
    """Return what a rollback would do, changing nothing.

    to: number of the last migration to stay, or a version that was deployed; by default the last
    migration of the files.
    Raises NotDeployedError, UnknownVersionError, IrreversibleMigrationError.
    """
    scripts = discover(root or default_root())
    with server.connect(url, wait=wait) as connection, read_only(connection):
        deployed = ledger.read(connection)
        if not deployed:
            raise NotDeployedError("The package is not in this database.", "Run `make migrate`.")
        numbers = {
            number(path): row for path, row in deployed.items() if row.kind is Kind.MIGRATION
        }
        own = sum(script.kind is Kind.MIGRATION for script in scripts)
        target = own if to is None else _resolve(connection, to, max(numbers, default=0))
        is_new = ledger.last(connection).version != __version__
    undone = tuple(
        (row.path, _undo(row)) for at, row in sorted(numbers.items(), reverse=True) if at > target
    )
    differs = is_new or not compare(scripts, deployed).is_empty
    return Planned(target, undone, scripts, bool(undone) or (to is None and differs))


def number(path: str) -> int:
    """Return the number of a migration."""
    return int(Path(path).name[:4])


def roll_back(url: str, planned: Planned, limits: Limits, report: Report) -> Rolled:
    """Undo the migrations; deploy the files after it where they are those of the target.

    Raises RunnerError; then nothing has changed.
    """
    if not planned.is_needed:
        return Rolled(target=planned.target)
    start = perf_counter()
    with server.connect(url, wait=limits.wait, report=report) as connection:
        server.check_writable(connection)

        def attempt() -> Rolled:
            with locked(connection, limits, report):
                return _roll_back(connection, planned, limits, report, start)

        return retried(attempt, limits, report)


def _roll_back(
    connection: Connection[Any], planned: Planned, limits: Limits, report: Report, start: float
) -> Rolled:
    deployed = ledger.read(connection)
    paths = [*deployed, *(script.key for script in planned.scripts)]
    before = catalog.read(connection, paths)
    _take_off(connection, before, deployed)
    for path, steps in planned.undone:
        _run(connection, path, steps)
        ledger.forget(connection, path)
    done = Rolled([path for path, _ in planned.undone], [], planned.target, planned.goes_on)
    outcome = Outcome()
    if planned.goes_on:
        loner, _ = stages.apply_own(connection, planned.scripts, outcome, limits, report)
        if loner is None:
            stages.finish(connection, planned.scripts, outcome, report)
        done.applied, done.is_complete = outcome.applied, loner is None
    tables = [("wedsync_realtime", name) for name in ("resets", "channels")]
    if all(withdraw.exists(connection, *table) for table in tables):
        connection.execute(_RESET)
    ledger.record_objects(connection, before, catalog.read(connection, paths))
    applied, dropped = len(outcome.applied), len(outcome.dropped) + len(done.undone)
    ledger.note_deployment(connection, "rollback", applied, dropped, perf_counter() - start)
    return done


def _take_off(
    connection: Connection[Any], before: catalog.Catalog, deployed: Mapping[str, Deployed]
) -> None:
    """Drop what can be made again, and forget that it was deployed."""
    withdraw.detach(connection)
    withdraw.drop_routines(connection, before, ledger.objects(connection)[0])
    again = [row.path for row in deployed.values() if row.kind is not Kind.MIGRATION]
    ledger.forget(connection, *again)


def _run(connection: Connection[Any], path: str, steps: Undo) -> None:
    try:
        connection.execute((steps.statement or "").encode())
    except psycopg.Error as error:
        raise ScriptError(
            f"{path}: `{steps.statement}`: {error.diag.message_primary}\n"
            f"{error.diag.message_detail or ''}".strip(),
            "Drop or change what is in the way, then run again.",
            error.sqlstate,
        ) from None


def _resolve(connection: Connection[Any], to: str, last: int) -> int:
    if to.isdecimal() and len(to) <= 4:
        if 0 < int(to) <= last:
            return int(to)
        raise UnknownVersionError(
            f"There is no migration {to} in this database; the last one is {last:04d}.",
            "Name one of them.",
        )
    row = connection.execute(
        """
        select d.migrations from wedsync_realtime.deployments as d
        where d.version = %s order by d.id desc limit 1
        """,
        (to,),
    ).fetchone()
    if not row:
        raise UnknownVersionError(
            f"Version {to} was never deployed into this database.",
            "Name one that stands in wedsync_realtime.deployments, or the number of a migration.",
        )
    return int(row[0])


def _undo(row: Deployed) -> Undo:
    steps = undo.parse(row.undo)
    if steps.statement is None:
        raise IrreversibleMigrationError(
            f"{row.path} cannot be undone by itself ({row.undo or 'it does not say how'}).",
            "Roll back to a later one; or uninstall, and migrate again.",
        )
    return steps
