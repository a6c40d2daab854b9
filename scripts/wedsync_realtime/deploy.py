"""Deploy the scripts: everything in one transaction, but for migrations that refuse one."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from psycopg import Connection

from wedsync_realtime import __version__, catalog, execute, ledger, objects, server
from wedsync_realtime.alone import deploy_alone
from wedsync_realtime.errors import RemovedScriptError, UnknownObjectsError
from wedsync_realtime.limits import Limits, retried
from wedsync_realtime.plan import Deployed, Plan, compare, refuse_rewritten_history
from wedsync_realtime.progress import watched
from wedsync_realtime.source import Kind, Script, default_root, discover
from wedsync_realtime.transaction import LOCK_KEY as LOCK_KEY
from wedsync_realtime.transaction import Report, locked


@dataclass
class Outcome:
    """What a deployment did: paths of the scripts applied and of those whose objects it dropped.

    refreshed: owners, triggers or jobs changed something, though their files are the same.
    version: of the package that the database had before; None for none.
    """

    applied: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    refreshed: bool = False
    warnings: list[str] = field(default_factory=list)
    version: str | None = None

    @property
    def is_nothing(self) -> bool:
        """Tell whether the database was left as it was."""
        return not (self.applied or self.dropped or self.refreshed) and not self.is_new_version

    @property
    def is_new_version(self) -> bool:
        """Tell whether the database has got another version."""
        return self.version != __version__


def migrate(
    url: str,
    root: Path | None = None,
    report: Report = lambda line: None,
    limits: Limits | None = None,
) -> Outcome:
    """Deploy the scripts below root, by default the package's own, and return what was done.

    report: gets a line whenever something takes its time.
    Raises RunnerError.
    """
    limits = limits or Limits()
    scripts = discover(root or default_root())
    outcome = Outcome()
    start = perf_counter()
    with server.connect(url, wait=limits.wait, report=report) as connection:
        server.check_writable(connection)
        notices: list[str] = []
        connection.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))

        def attempt() -> tuple[Outcome, Script | None]:
            notices.clear()
            done = deepcopy(outcome)
            with locked(connection, limits, report):
                ledger.refuse_older_package(connection)
                loner = deploy(connection, scripts, done, report)
                if loner is None and not done.is_nothing:
                    note(connection, "migrate", done, start)
            done.warnings += notices
            return done, loner

        while True:
            outcome, loner = retried(
                attempt, limits, report, lambda: server.oldest_transactions(connection)
            )
            if loner is None:
                return outcome
            if deploy_alone(url, connection, loner, limits, report):
                outcome.applied.append(loner.path)


def note(connection: Connection[Any], action: str, outcome: Outcome, start: float) -> None:
    """Write into the ledger what a deployment did that began at a time of perf_counter()."""
    seconds = perf_counter() - start
    ledger.note_deployment(connection, action, len(outcome.applied), len(outcome.dropped), seconds)


def read_plan(connection: Connection[Any], root: Path | None = None) -> Plan:
    """Return what a deployment would do, changing nothing."""
    return compare(discover(root or default_root()), ledger.read(connection))


def deploy(
    connection: Connection[Any], scripts: Sequence[Script], outcome: Outcome, report: Report
) -> Script | None:
    """Deploy inside a transaction, up to the first migration that refuses one; return that one."""
    paths = [script.path for script in scripts]
    outcome.version = ledger.version(connection)
    if not ledger.is_complete(connection):
        refuse_unknown_objects(connection, paths)
        connection.execute(ledger.CREATE)
    deployed = ledger.read(connection)
    plan = compare(scripts, deployed)
    refuse_rewritten_history(plan)
    paths += deployed
    if plan.is_empty:
        _refresh(connection, plan, outcome, paths)
        return None
    before = catalog.read(connection, paths) if ledger.has_objects(connection) else None
    loner = _apply_pending(connection, plan, outcome, report)
    ledger.record_objects(connection, before, catalog.read(connection, paths))
    return loner


def refuse_unknown_objects(connection: Connection[Any], paths: Sequence[str]) -> None:
    """Raise UnknownObjectsError where objects of the package are there without a ledger."""
    if ledger.exists(connection):
        return
    found = catalog.read(connection, paths).items
    tables = [name for kind, name in found if kind == "table"]
    if tables:
        raise UnknownObjectsError(
            f"There are {len(found)} objects, such as {tables[0]}, "
            "but no record that this package made them.",
            "If it did, adopt them with `wedsync-realtime baseline`; otherwise rename them.",
        )


def _apply_pending(
    connection: Connection[Any], plan: Plan, outcome: Outcome, report: Report
) -> Script | None:
    for script in plan.pending:
        if not script.in_transaction:
            return script
        if script.kind is Kind.MIGRATION:
            _apply(connection, script, outcome, report)
    _apply_replaceable(connection, plan, outcome, report)
    for removed in plan.removed:
        _remove(connection, removed, outcome)
    changed = {script.path for script in (*plan.pending, *plan.changed)}
    for script in plan.always:
        if script.path in changed:
            _apply(connection, script, outcome, report)
        else:
            _run(connection, script, report)
    return None


def _apply_replaceable(
    connection: Connection[Any], plan: Plan, outcome: Outcome, report: Report
) -> None:
    scripts = sorted(
        (
            script
            for script in (*plan.pending, *plan.changed)
            if script.kind is not Kind.MIGRATION and not script.kind.runs_always
        ),
        key=lambda script: script.order,
    )
    for script in scripts:
        _apply(connection, script, outcome, report)
    connection.execute("set local check_function_bodies = on")
    for script in scripts:
        if script.kind is Kind.FUNCTION:
            objects.check_bodies(connection, script)
    connection.execute("set local check_function_bodies = off")


def _refresh(
    connection: Connection[Any], plan: Plan, outcome: Outcome, paths: Sequence[str]
) -> None:
    """Run what runs always; record what it changed, where that is anything."""
    connection.execute("savepoint before_refresh")
    for script in plan.always:
        execute.run(connection, script)
    # A transaction that wrote nothing has no id.
    row = connection.execute(
        "select pg_catalog.pg_current_xact_id_if_assigned() is not null"
    ).fetchone()
    before = None
    if ledger.has_objects(connection):
        if not (row and row[0]):
            return
        connection.execute("rollback to savepoint before_refresh")
        before = catalog.read(connection, paths)
        for script in plan.always:
            execute.run(connection, script)
    ledger.record_objects(connection, before, catalog.read(connection, paths))
    outcome.refreshed = True


def _apply(connection: Connection[Any], script: Script, outcome: Outcome, report: Report) -> None:
    seconds = _run(connection, script, report)
    ledger.record(connection, script, seconds)
    outcome.applied.append(script.path)


def _run(connection: Connection[Any], script: Script, report: Report) -> float:
    with watched(script.path, report):
        if script.kind in (Kind.FUNCTION, Kind.VIEW):
            return objects.replace(connection, script)
        return execute.run(connection, script)


def _remove(connection: Connection[Any], removed: Deployed, outcome: Outcome) -> None:
    if removed.kind in (Kind.FUNCTION, Kind.VIEW):
        objects.drop_all(connection, removed.path, removed.kind)
        ledger.forget(connection, removed.path)
    elif removed.path in ledger.read(connection):
        raise RemovedScriptError(
            f"{removed.path} was deleted, but what it set up is still in the database.",
            "Restore the file; or add a migration that undoes it and ends with: delete from "
            f"wedsync_realtime.deployed_scripts where path = '{removed.path}';",
        )
    outcome.dropped.append(removed.path)
