"""A throwaway PostgreSQL with the package deployed, where everything is measured."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from wedsync_realtime.bench.ground.session import Session
from wedsync_realtime.deployment import deploy
from wedsync_realtime.embedded import binaries, cluster, install
from wedsync_realtime.embedded.account import server_account
from wedsync_realtime.embedded.place import Place

MAX_CONNECTIONS = 450

# As a small production server; what it leaves out is at PostgreSQL's default, so fsync is on.
_SETTINGS = {
    "listen_addresses": "",
    "shared_preload_libraries": "",  # without pg_cron: no job may run beside
    "shared_buffers": "512MB",
    "max_connections": str(MAX_CONNECTIONS),
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
}

Report = Callable[[str], None]


@dataclass(frozen=True)
class Scale:
    """How much is measured.

    rounds: slices of each side. calls: of one slice. leases: on a tenant, each size has its own.
    bulk_rows: of one statement. feed_events: recorded before a poll. live_leases, expired_leases:
    what cleanup finds. history_days: that the histories reach back. listeners: with 20
    subscriptions each. pollers: connections of a tenant. subscribers: that a change is pushed to.
    """

    rounds: int = 25
    calls: int = 25
    leases: tuple[int, ...] = (1, 200, 1_000, 5_000, 100_000)
    bulk_rows: int = 50_000
    bulk_rounds: int = 15
    feed_events: int = 1_000_000
    live_leases: int = 100_000
    expired_leases: int = 10_000
    history_days: int = 30
    listeners: int = 10
    deliveries: int = 20
    pollers: int = 200
    subscribers: tuple[int, ...] = (1, 10, 200, 1_000)


FULL = Scale(
    rounds=200,
    feed_events=10_000_000,
    live_leases=1_000_000,
    expired_leases=100_000,
    deliveries=100,
    subscribers=(1, 10, 200, 1_000, 10_000),
)


@dataclass(frozen=True)
class Stage:
    """A database with the package, empty but for what scenarios put there."""

    url: str
    scale: Scale
    report: Report

    @contextmanager
    def session(self, setup: str = "") -> Iterator[Session]:
        """Hold a connection open, as superuser unless setup says otherwise."""
        session = Session(self.url)
        try:
            session.run(setup or "select")
            yield session
        finally:
            session.close()


@contextmanager
def open_stage(scale: Scale, parent: Path, source: Path | None, report: Report) -> Iterator[Stage]:
    """Run a new server for the time of the context, deploy to it, and delete it in the end.

    parent: a folder on a real disk.
    Raises NoServerError, ClusterError.
    """
    servers = binaries.find_servers()
    if not servers:
        raise install.missing_server()
    chosen, account = servers[0], server_account()
    home = Path(tempfile.mkdtemp(prefix="wedsync-bench-", dir=parent))
    home.chmod(0o755)
    place = Place(home, home)
    try:
        report(f"Starting PostgreSQL {chosen.major} in {home} …")
        cluster.create(place, chosen, account)
        lines = [f"{name} = '{value}'\n" for name, value in _SETTINGS.items()]
        with (place.data / "postgresql.auto.conf").open("a") as file:
            file.writelines(lines)
        running = cluster.start(place, chosen, account)
        try:
            running.prepare_database()
            deploy.migrate(running.url, source, report)
            yield Stage(running.url, scale, report)
        finally:
            cluster.stop(place, chosen, account)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def default_parent() -> Path:
    """Return a folder that is on a disk on most machines, as /tmp is not."""
    return Path(os.environ.get("TMPDIR") or "/var/tmp")
