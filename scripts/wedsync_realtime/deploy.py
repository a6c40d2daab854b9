"""Deploy the scripts: what is the package's own in one transaction, the rest table by table.

Migrations that refuse a transaction get none.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psycopg import Connection
from psycopg.errors import Diagnostic

from wedsync_realtime import execute, ledger, objects, privileges, server
from wedsync_realtime.attach import attach_tables
from wedsync_realtime.errors import RemovedScriptError
from wedsync_realtime.locks import in_short_locks
from wedsync_realtime.plan import Deployed, Plan, compare, refuse_rewritten_history
from wedsync_realtime.source import Kind, Script, default_root, discover

LOCK_KEY = int.from_bytes(b"wedsync")  # of the advisory lock that one deployment at a time holds
POLL = 0.1  # seconds between two attempts to get it

_BEGIN = "begin transaction isolation level read committed, read write"
_SETTINGS = """
    set local check_function_bodies = off;
    set local client_min_messages = warning;
    set local idle_in_transaction_session_timeout = 0;
    set local lock_timeout = '5s';
    set local search_path = public;
    set local standard_conforming_strings = on;
    set local statement_timeout = 0;
"""

Report = Callable[[str], None]


@dataclass
class Outcome:
    """What a deployment did: paths of the scripts applied and of those whose objects it dropped.

    refreshed: owners, triggers or jobs changed something, though their files are the same.
    """

    applied: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    refreshed: bool = False
    warnings: list[str] = field(default_factory=list)

    @property
    def is_nothing(self) -> bool:
        """Tell whether the database was left as it was."""
        return not (self.applied or self.dropped or self.refreshed)

    def warn(self, notice: Diagnostic) -> None:
        """Keep a warning of the server, once."""
        text = notice.message_primary or ""
        if text not in self.warnings:
            self.warnings.append(text)


def migrate(url: str, root: Path | None = None, report: Report = lambda line: None) -> Outcome:
    """Deploy the scripts below root, by default the package's own, and return what was done.

    report: gets a line whenever something takes its time.
    Raises RunnerError.
    """
    scripts = discover(root or default_root())
    with server.connect(url) as connection:
        server.check_writable(connection)
        privileges.check(connection)
        outcome = Outcome()
        connection.add_notice_handler(outcome.warn)
        while loner := _deploy_transaction(connection, scripts, outcome, report):
            _deploy_alone(url, connection, loner, outcome, report)
        outcome.refreshed |= attach_tables(connection, lambda: _locked(connection, report))
        with _locked(connection, report):
            plan = compare(scripts, ledger.read(connection))
            _run_always(connection, plan, outcome, (Kind.TRIGGER, Kind.JOB))
        return outcome


def read_plan(connection: Connection[Any], root: Path | None = None) -> Plan:
    """Return what a deployment would do, changing nothing."""
    return compare(discover(root or default_root()), ledger.read(connection))


def _deploy_transaction(
    connection: Connection[Any], scripts: Sequence[Script], outcome: Outcome, report: Report
) -> Script | None:
    """Deploy up to the first migration that refuses a transaction, and return that one."""
    with _locked(connection, report):
        if not ledger.exists(connection):
            connection.execute(ledger.CREATE)
        plan = compare(scripts, ledger.read(connection))
        refuse_rewritten_history(plan)
        for script in plan.pending:
            if not script.in_transaction:
                return script
            if script.kind is Kind.MIGRATION:
                _apply(connection, script, outcome)
        _apply_replaceable(connection, plan, outcome)
        _run_always(connection, plan, outcome, (Kind.OWNER,))
        _apply_policies(connection, plan, outcome)
        for removed in plan.removed:
            _remove(connection, removed, outcome)
    return None


def _apply_replaceable(connection: Connection[Any], plan: Plan, outcome: Outcome) -> None:
    scripts = sorted(
        (
            script
            for script in (*plan.pending, *plan.changed)
            if script.kind in (Kind.FUNCTION, Kind.VIEW)
        ),
        key=lambda script: script.order,
    )
    for script in scripts:
        _apply(connection, script, outcome)
    connection.execute("set local check_function_bodies = on")
    for script in scripts:
        if script.kind is Kind.FUNCTION:
            objects.check_bodies(connection, script)
    connection.execute("set local check_function_bodies = off")


def _apply_policies(connection: Connection[Any], plan: Plan, outcome: Outcome) -> None:
    """Apply policies late, because they lock tables that every writer reads."""
    scripts = [script for script in (*plan.pending, *plan.changed) if script.kind is Kind.POLICY]

    def apply() -> None:
        del outcome.applied[before:]
        for script in scripts:
            _apply(connection, script, outcome)

    if scripts:
        before = len(outcome.applied)
        in_short_locks(connection, apply)


def _run_always(
    connection: Connection[Any], plan: Plan, outcome: Outcome, kinds: tuple[Kind, ...]
) -> None:
    changed = {script.path for script in (*plan.pending, *plan.changed)}
    for script in plan.always:
        if script.kind not in kinds:
            continue
        if script.path in changed:
            _apply(connection, script, outcome)
        else:
            execute.run(connection, script)
    if outcome.is_nothing:
        # A transaction that wrote nothing has no id.
        query = "select pg_catalog.pg_current_xact_id_if_assigned() is not null"
        row = connection.execute(query).fetchone()
        outcome.refreshed = bool(row and row[0])


def _apply(connection: Connection[Any], script: Script, outcome: Outcome) -> None:
    if script.kind in (Kind.FUNCTION, Kind.VIEW):
        seconds = objects.replace(connection, script)
    else:
        seconds = execute.run(connection, script)
    ledger.record(connection, script, seconds)
    outcome.applied.append(script.path)


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


def _deploy_alone(
    url: str, connection: Connection[Any], script: Script, outcome: Outcome, report: Report
) -> None:
    """Run a migration outside of any transaction, while another connection holds the lock."""
    with server.connect(url) as guard, _locked(guard, report):
        if script.path in ledger.read(guard):
            return
        report(f"{script.path} runs without a transaction …")
        seconds = execute.run(connection, script)
        ledger.record(connection, script, seconds)
        outcome.applied.append(script.path)


@contextmanager
def _locked(connection: Connection[Any], report: Report) -> Iterator[None]:
    """Hold a transaction that no other deployment has at the same time; commit it at the end.

    The lock is polled: a deployment that waited inside a statement would hold a snapshot, and a
    `create index concurrently` of the other one would wait for it forever.
    """
    waiting = False
    try:
        while not _begin(connection):
            connection.execute("rollback")
            if not waiting:
                report("Another deployment is running: waiting for it to end …")
                waiting = True
            time.sleep(POLL)
        yield
        connection.execute("commit")
    except BaseException:
        if not connection.closed:
            connection.execute("rollback")
        raise


def _begin(connection: Connection[Any]) -> bool:
    connection.execute(_BEGIN)
    connection.execute(_SETTINGS)
    row = connection.execute(
        "select pg_catalog.pg_try_advisory_xact_lock(%s)", (LOCK_KEY,)
    ).fetchone()
    return bool(row and row[0])
