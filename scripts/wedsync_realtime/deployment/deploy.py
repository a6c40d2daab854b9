"""Deploy the scripts: what is the package's own in one transaction, the rest table by table.

Migrations that refuse a transaction get none.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

from psycopg import Connection

from wedsync_realtime import __version__
from wedsync_realtime.connection import server
from wedsync_realtime.connection.limits import Limits, retried
from wedsync_realtime.deployment import attach, privileges, stages
from wedsync_realtime.deployment.alone import deploy_alone
from wedsync_realtime.deployment.outcome import Outcome
from wedsync_realtime.deployment.transaction import LOCK_KEY as LOCK_KEY
from wedsync_realtime.deployment.transaction import Report, locked
from wedsync_realtime.deployment.writers import wait_for_writers
from wedsync_realtime.record import catalog, ledger
from wedsync_realtime.record.catalog import Catalog
from wedsync_realtime.source.plan import Plan, compare
from wedsync_realtime.source.scripts import Script, default_root, discover

T = TypeVar("T")

NO_CRON = "select pg_catalog.set_config('wedsync_realtime.no_cron', 'on', true)"


def migrate(
    url: str,
    root: Path | None = None,
    report: Report = lambda line: None,
    limits: Limits | None = None,
    *,
    with_cron: bool = True,
) -> Outcome:
    """Deploy the scripts below root, by default the package's own, and return what was done.

    A deployment that was killed between its transactions is finished by the next one.
    report: gets a line whenever something takes its time.
    with_cron: create pg_cron where it can be had.
    Raises RunnerError.
    """
    limits = limits or Limits()
    scripts = discover(root or default_root())
    with server.connect(url, wait=limits.wait, report=report) as connection:
        server.check_writable(connection)
        privileges.check(connection)
        deployment = _Deployment(connection, scripts, limits, report)
        while loner := deployment.apply_own():
            if deploy_alone(url, connection, loner, limits, report):
                deployment.outcome.applied.append(loner.path)
        deployment.attach()
        deployment.finish(with_cron=with_cron)
        return deployment.outcome


def read_plan(connection: Connection[Any], root: Path | None = None) -> Plan:
    """Return what a deployment would do, changing nothing."""
    return compare(discover(root or default_root()), ledger.read(connection))


class _Deployment:
    """A deployment, transaction after transaction, and what it has done so far."""

    def __init__(
        self,
        connection: Connection[Any],
        scripts: Sequence[Script],
        limits: Limits,
        report: Report,
    ) -> None:
        self.outcome = Outcome()
        self._connection = connection
        self._scripts = scripts
        self._limits = limits
        self._report = report
        self._before: Catalog | None = None  # of what attaching changes
        self._resumes: bool | None = None  # an earlier deployment did not come to its end
        self._noted = Outcome()
        self._since = perf_counter()

    def apply_own(self) -> Script | None:
        """Apply what is the package's own; return a migration that refuses a transaction."""

        def work(done: Outcome) -> tuple[Script | None, Catalog | None]:
            if self._resumes is None:
                last = ledger.last(self._connection)
                done.version, self._resumes = last.version, not last.is_finished
            answer = stages.apply_own(
                self._connection, self._scripts, done, self._limits, self._report
            )
            self._note(done, is_finished=False)
            return answer

        loner, self._before = self._committed(work)
        return loner

    def attach(self) -> None:
        """Attach the application's tables, each in a transaction of its own."""
        self._connection.add_notice_handler(self.outcome.warn)
        is_attached = retried(
            lambda: attach.attach_tables(
                self._connection,
                lambda: locked(self._connection, self._limits, self._report),
                self._remember,
                self._limits.retry_for,
            ),
            self._limits,
            self._report,
            lambda: server.oldest_transactions(self._connection),
        )
        self._connection.remove_notice_handler(self.outcome.warn)
        self.outcome.refreshed |= is_attached
        self._noted.refreshed |= is_attached

    def finish(self, *, with_cron: bool) -> None:
        """Drop, apply triggers and jobs, and note that the deployment has come to its end."""
        if compare(self._scripts, ledger.read(self._connection)).removed:
            wait_for_writers(self._connection, self._limits, self._report)

        def work(done: Outcome) -> None:
            if not with_cron:
                self._connection.execute(NO_CRON)
            stages.finish(
                self._connection, self._scripts, done, self._report, self._before,
                resumes=bool(self._resumes),
            )  # fmt: skip
            self._note(done, is_finished=True)

        self._committed(work)

    def _committed(self, work: Callable[[Outcome], T]) -> T:
        """Do work in a transaction, again while a lock is in its way; keep what it has done."""

        def attempt() -> tuple[Outcome, T]:
            done = deepcopy(self.outcome)
            self._connection.add_notice_handler(done.warn)
            try:
                with locked(self._connection, self._limits, self._report):
                    ledger.refuse_older_package(self._connection)
                    return done, work(done)
            finally:
                self._connection.remove_notice_handler(done.warn)

        self.outcome, answer = retried(
            attempt,
            self._limits,
            self._report,
            lambda: server.oldest_transactions(self._connection),
        )
        self._noted = deepcopy(self.outcome)
        self._since = perf_counter()
        return answer

    def _remember(self) -> None:
        """Keep what there is before tables are attached, and note that there is an end to come."""
        if ledger.last(self._connection).is_finished:
            ledger.note_deployment(self._connection, "migrate", 0, 0, 0.0, is_finished=False)
        if self._before is None and ledger.has_objects(self._connection):
            paths = [*(script.key for script in self._scripts), *ledger.read(self._connection)]
            self._before = catalog.read(self._connection, paths)

    def _note(self, done: Outcome, is_finished: bool) -> None:
        """Write into the ledger what this transaction did."""
        applied = len(done.applied) - len(self._noted.applied)
        dropped = len(done.dropped) - len(self._noted.dropped)
        last = ledger.last(self._connection)
        if (
            applied
            or dropped
            or done.refreshed != self._noted.refreshed
            or last.version != __version__
            or (is_finished and not last.is_finished)
        ):
            seconds = perf_counter() - self._since
            ledger.note_deployment(
                self._connection, "migrate", applied, dropped, seconds, is_finished
            )
