"""What a deployment does inside a transaction: the package's own, and the end of it."""

from collections.abc import Callable, Sequence
from typing import Any

from psycopg import Connection

from wedsync_realtime.connection.limits import Limits
from wedsync_realtime.connection.progress import watched
from wedsync_realtime.deployment import execute, objects
from wedsync_realtime.deployment.attach import is_attachment
from wedsync_realtime.deployment.locks import in_short_locks
from wedsync_realtime.deployment.outcome import Outcome
from wedsync_realtime.deployment.transaction import Report, has_written
from wedsync_realtime.errors import RemovedScriptError, UnknownObjectsError
from wedsync_realtime.record import catalog, ledger
from wedsync_realtime.record.catalog import Catalog, Key
from wedsync_realtime.source.plan import Deployed, Plan, compare, refuse_rewritten_history
from wedsync_realtime.source.scripts import LAST, Kind, Script, object_name

_REPLACEABLE = (Kind.FUNCTION, Kind.VIEW)


def apply_own(
    connection: Connection[Any],
    scripts: Sequence[Script],
    outcome: Outcome,
    limits: Limits,
    report: Report,
) -> tuple[Script | None, Catalog | None]:
    """Apply what is the package's own, up to the first migration that refuses a transaction.

    Returns that migration, and the catalog as it was read last, before the policies.
    """
    paths = [script.key for script in scripts]
    if not ledger.is_complete(connection):
        refuse_unknown_objects(connection, paths)
        connection.execute(ledger.CREATE)
    deployed = ledger.read(connection)
    plan = compare(scripts, deployed)
    refuse_rewritten_history(plan)
    loner: Script | None = None

    def work() -> None:
        nonlocal loner
        migrations = [script for script in plan.pending if script.kind is Kind.MIGRATION]
        loner = next((script for script in migrations if not script.in_transaction), None)
        due = migrations[: migrations.index(loner)] if loner else migrations
        _apply(connection, due, outcome, report)
        if loner:
            return
        _apply_replaceable(connection, plan, outcome, report)
        _run_always(connection, plan, outcome, (Kind.OWNER,), report)

    due = [script for script in (*plan.pending, *plan.changed) if script.kind not in LAST]
    after = _recorded(connection, [*paths, *deployed], work, outcome, bool(due))
    if loner is None:
        # After the catalog was read, which takes longer than writers may wait: finish records it.
        _apply_policies(connection, plan, outcome, limits, report)
        _check_undone(connection, plan, outcome)
    return loner, after


def finish(
    connection: Connection[Any],
    scripts: Sequence[Script],
    outcome: Outcome,
    report: Report,
    before: Catalog | None = None,
    *,
    resumes: bool = False,
) -> None:
    """Drop, apply the triggers and jobs, and record what is new since a state of the catalog.

    before: the state before the tables were attached; None where nothing has changed since.
    resumes: a deployment that did not come to its end may have attached tables.
    """
    deployed = ledger.read(connection)
    plan = compare(scripts, deployed)
    paths = [*(script.key for script in scripts), *deployed]

    def work() -> None:
        _run_always(connection, plan, outcome, LAST, report)

    due = [script for script in (*plan.pending, *plan.changed) if script.kind in LAST]
    is_named = is_attachment if resumes else None
    for removed in plan.removed:
        _drop(connection, removed, outcome)
    if before is None:
        is_due = bool(due or plan.removed) or resumes
        _recorded(connection, paths, work, outcome, is_due, is_named)
    else:
        work()
        ledger.record_objects(connection, before, catalog.read(connection, paths), is_named)


def refuse_unknown_objects(connection: Connection[Any], paths: Sequence[str]) -> None:
    """Raise UnknownObjectsError where objects of the package are there without a ledger."""
    if ledger.exists(connection) or not catalog.may_have_tables(connection):
        return
    found = catalog.read(connection, paths).items
    tables = [name for kind, name in found if kind == "table"]
    if tables:
        raise UnknownObjectsError(
            f"There are {len(found)} objects, such as {tables[0]}, "
            "but no record that this package made them.",
            "If it did, adopt them with `make baseline`; otherwise rename them.",
        )


def _recorded(
    connection: Connection[Any],
    paths: Sequence[str],
    work: Callable[[], None],
    outcome: Outcome,
    is_due: bool,
    is_named: Callable[[Key], bool] | None = None,
) -> Catalog | None:
    """Do work, and record the objects that it changed; return the catalog after it if it was read.

    is_due: it changes something for certain. Otherwise the catalog is read only when it does.
    """
    before = None
    if ledger.has_objects(connection):
        if not is_due:
            connection.execute("savepoint before_work")
            work()
            if not has_written(connection):
                return None
            connection.execute("rollback to savepoint before_work")
            outcome.refreshed = True
        before = catalog.read(connection, paths)
        work()
    else:
        work()
        outcome.refreshed |= not is_due and has_written(connection)
    after = catalog.read(connection, paths)
    ledger.record_objects(connection, before, after, is_named)
    return after


def _apply_replaceable(
    connection: Connection[Any], plan: Plan, outcome: Outcome, report: Report
) -> None:
    scripts = sorted(
        (script for script in (*plan.pending, *plan.changed) if script.kind in _REPLACEABLE),
        key=lambda script: script.order,
    )
    if scripts:
        found = objects.find(connection, [(script.key, script.kind) for script in scripts])
        _apply(connection, scripts, outcome, report, found)
        objects.check(connection, scripts)


def _apply_policies(
    connection: Connection[Any], plan: Plan, outcome: Outcome, limits: Limits, report: Report
) -> None:
    """Apply policies late, because they lock tables that every writer reads."""
    scripts = [script for script in (*plan.pending, *plan.changed) if script.kind is Kind.POLICY]

    def apply() -> None:
        del outcome.applied[before:]
        _apply(connection, scripts, outcome, report)

    if scripts:
        before = len(outcome.applied)
        in_short_locks(connection, apply, limits, report)


def _run_always(
    connection: Connection[Any],
    plan: Plan,
    outcome: Outcome,
    kinds: tuple[Kind, ...],
    report: Report,
) -> None:
    changed = {script.path for script in (*plan.pending, *plan.changed)}
    for script in plan.always:
        if script.kind not in kinds:
            continue
        if script.path in changed:
            _apply(connection, [script], outcome, report)
        else:
            with watched(report) as begin:
                begin(script.path)
                execute.run(connection, script)


def _apply(
    connection: Connection[Any],
    scripts: Sequence[Script],
    outcome: Outcome,
    report: Report,
    found: objects.Found | None = None,
) -> None:
    """Run scripts, and record it.

    found: what those of functions and views stand for by now.
    """
    ran: list[tuple[Script, float]] = []
    with watched(report) as begin:
        for script in scripts:
            begin(script.path)
            if found is None:
                seconds = execute.run(connection, script)
            else:
                seconds = objects.replace(connection, script, found[script.key])
            ran.append((script, seconds))
            outcome.applied.append(script.path)
    if ran:
        ledger.record(connection, ran)


def _check_undone(connection: Connection[Any], plan: Plan, outcome: Outcome) -> None:
    """Refuse to go on without files that set up what no migration has undone."""
    deployed = ledger.read(connection)
    for removed in plan.removed:
        if removed.kind in _REPLACEABLE:
            continue
        if removed.path in deployed:
            raise RemovedScriptError(
                f"{removed.path} was deleted, but what it set up is still in the database.",
                "Restore the file; or add a migration that undoes it and ends with: delete from "
                f"wedsync_realtime.deployed_scripts where path = '{removed.path}';",
            )
        outcome.dropped.append(removed.path)


def _drop(connection: Connection[Any], removed: Deployed, outcome: Outcome) -> None:
    if removed.kind in _REPLACEABLE:
        objects.drop_all(connection, removed.path, removed.kind)
        ledger.forget(connection, removed.path)
        # a catalog that is read after this does not tell that it was there
        ledger.forget_object(connection, ".".join(object_name(removed.path, removed.kind)))
        outcome.dropped.append(removed.path)
