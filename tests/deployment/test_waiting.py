"""Locks, timeouts, a server that comes up late, long steps, and passwords that nobody sees."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from tests.deployment.conftest import Run, execute
from tests.deployment.forward import forwarded
from tests.support.deployment.tree import Tree
from tests.support.postgres.cluster import Cluster
from tests.support.waiting import PATIENCE, until
from wedsync_realtime.command.output import Printer
from wedsync_realtime.connection import limits, progress, server
from wedsync_realtime.connection.limits import Limits
from wedsync_realtime.entry import hidden
from wedsync_realtime.errors import ScriptError

COMMAND = [sys.executable, "-m", "wedsync_realtime"]
# a policy on rate_limits is created again, which needs the strongest lock
DUE = """
    delete from wedsync_realtime.deployed_scripts where path = 'policies/rate_limits.sql';
    drop policy rate_limits_all_owner on wedsync_realtime.rate_limits
"""
WAITING = """
    select l.waitstart
    from pg_locks as l
    where
        l.relation = 'wedsync_realtime.rate_limits'::regclass
        and l.mode = 'AccessExclusiveLock'
        and not l.granted
"""
WRITE = (
    "insert into wedsync_realtime.rate_limits (user_id, action, full_at)"
    " values (gen_random_uuid(), 'subscribe', now())"
)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


@contextmanager
def lock_held(url: str) -> Iterator[psycopg.Connection]:
    """Hold a writer's transaction on rate_limits open."""
    with psycopg.connect(url) as connection:
        connection.execute(WRITE)
        yield connection


def test_deployment_waits_its_turn_and_writers_do_not(database: str, run: Run) -> None:
    """The lock is held until the deployment has met it three times, and a writer has got by."""
    execute(database, DUE)
    met: set[datetime] = set()
    written: list[int] = []  # how often the lock had been met, as each write began
    ended = threading.Event()

    def write() -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            while not ended.is_set():
                before = len(met)
                connection.execute(WRITE)
                written.append(before)

    def let_go(holder: psycopg.Connection) -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            while not (len(met) >= 3 and any(written)) and not ended.is_set():
                waiting = connection.execute(WAITING).fetchall()
                met.update(since for (since,) in waiting if since)
        holder.commit()

    with lock_held(database) as holder, ThreadPoolExecutor() as pool:
        works = [pool.submit(write), pool.submit(let_go, holder)]
        try:
            ran = run("migrate", database, "--lock-timeout", 0.05, "--retry-for", PATIENCE)
        finally:
            ended.set()
        for work in works:
            work.result()
    assert ran.code == 0
    assert "trying again in short locks" in ran.err
    assert len(met) >= 3
    assert any(written), "writers queued behind the deployment until the lock was free"


def test_lock_that_is_not_had_in_time_is_told_with_its_holder(database: str, run: Run) -> None:
    execute(database, DUE)
    with lock_held(database):
        ran = run("migrate", database, "--retry-for", 0.6)
    assert ran.code == 1
    assert "policies/rate_limits.sql" in ran.err
    assert "Longest open: pid" in ran.err


def test_pauses_double_and_vary(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    attempts = iter([ScriptError("x", "y", "55P03")] * 6)

    def work() -> str:
        for error in attempts:
            raise error
        return "done"

    assert limits.retried(work, Limits(), lambda line: None) == "done"
    assert len(pauses) == 6
    for number, pause in enumerate(pauses):
        assert 0.125 * 2**number <= pause <= 0.375 * 2**number


def test_error_of_the_script_is_not_tried_again() -> None:
    def work() -> None:
        raise ScriptError("x", "y", "42601")

    with pytest.raises(ScriptError, match="x"):
        limits.retried(work, Limits(), pytest.fail)


def test_statement_timeout_ends_a_statement(tree: Tree, empty_database: str, run: Run) -> None:
    tree.migration(1, "select pg_sleep(20);")
    ran = run("migrate", empty_database, "--source", tree.root, "--statement-timeout", 0.2)
    assert ran.code == 1
    assert "57014" in ran.err
    assert "--statement-timeout" in ran.err


@pytest.mark.parametrize("value", ["-1", "soon", "1e9", "nan"])
def test_senseless_times_are_usage_errors(database: str, run: Run, value: str) -> None:
    with pytest.raises(SystemExit) as end:
        run("migrate", database, f"--wait={value}")
    assert end.value.code == 2


def test_server_that_comes_up_late_is_waited_for(
    cluster: Cluster, database: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes up in the first pause that the command makes."""
    with forwarded(*cluster.place) as (port, open_up):
        monkeypatch.setattr(server, "time", pausing(open_up))
        name = database.partition("?")[0].rpartition("/")[2]
        url = f"postgresql://postgres@127.0.0.1:{port}/{name}"
        assert run("status", url).code == 1
        ran = run("migrate", url, "--wait", PATIENCE)
        assert ran.code == 0
        assert f"Waiting up to {PATIENCE} s" in ran.err


def test_wrong_database_is_not_waited_for(
    cluster: Cluster, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "time", pausing(lambda: pytest.fail("it waits")))
    assert run("verify", cluster.dsn("nowhere"), "--wait", PATIENCE).code == 1


def pausing(pause: Callable[[], object]) -> SimpleNamespace:
    """Return a module `time` in which a pause begins with something."""

    def sleep(seconds: float) -> None:
        pause()
        time.sleep(seconds)

    return SimpleNamespace(monotonic=time.monotonic, sleep=sleep)


def test_long_steps_are_reported(
    tree: Tree, empty_database: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step does not end before it has been reported."""
    monkeypatch.setattr(progress, "FIRST", 0.2)
    path = tree.migration(1, "select pg_advisory_xact_lock(42);")
    told, note = threading.Event(), Printer.note

    def note_and_tell(printer: Printer, line: str) -> None:
        note(printer, line)
        told.set()

    def let_go() -> None:
        told.wait(PATIENCE)
        holder.commit()

    monkeypatch.setattr(Printer, "note", note_and_tell)
    limits = ("--lock-timeout", PATIENCE)
    with psycopg.connect(empty_database) as holder, ThreadPoolExecutor() as pool:
        holder.execute("select pg_advisory_xact_lock(42)")
        letting_go = pool.submit(let_go)
        ran = run("migrate", empty_database, "--source", tree.root, *limits)
        letting_go.result()
    assert ran.code == 0
    assert f"{path}: running for" in ran.err


def test_password_in_an_argument_moves_to_the_environment() -> None:
    secret = "postgresql://me:s3cret@host/db"
    assert hidden.moved(["migrate", "--database-url", secret, "--json"]) == (
        ["migrate", "--json"],
        {"DATABASE_URL": secret},
    )
    kept = ["verify", "--scratch-url=postgresql://me@host/db"]
    assert hidden.moved(kept) == (kept, {})
    assert hidden.moved([f"--scratch-url={secret}"]) == ([], {"SCRATCH_DATABASE_URL": secret})


def test_password_is_seen_in_no_list_of_processes() -> None:
    url = "postgresql://me:s3cret@127.0.0.1:1/db"
    process = subprocess.Popen(
        [*COMMAND, "status", "--wait", "30", "--database-url", url],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout
    line = process.stdout.readline()
    arguments = Path(f"/proc/{process.pid}/cmdline").read_bytes()
    process.terminate()
    output = line + process.communicate()[0]
    assert "Waiting up to 30 s" in line
    assert b"status" in arguments
    assert b"s3cret" not in arguments
    assert "s3cret" not in output


def test_commands_beside_the_runner_hide_it_too() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "wedsync_realtime", "metrics", "--listen", "127.0.0.1:0",
         "--database-url", "postgresql://me:s3cret@127.0.0.1:1/db"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout
    assert "Figures at" in process.stdout.readline()
    assert b"s3cret" not in Path(f"/proc/{process.pid}/cmdline").read_bytes()
    process.terminate()
    process.communicate()


def test_transaction_timeout_of_the_database_does_not_matter(
    cluster: Cluster, tree: Tree, empty_database: str, run: Run
) -> None:
    if cluster.major < 17:
        pytest.skip("PostgreSQL 17 has transaction_timeout first")
    tree.migration(1, "select pg_sleep(2.5);")
    url = f"{empty_database}&options=-c%20transaction_timeout%3D2s"
    assert run("migrate", url, "--source", tree.root).code == 0


@pytest.mark.parametrize("command", ["verify", "status"])
def test_timeouts_of_the_role_are_not_for_the_commands(
    database: str, run: Run, command: str
) -> None:
    """It is kept waiting until the role's timeout is over."""
    timed_out = """
        select pid from pg_stat_activity
        where
            datname = current_database()
            and wait_event_type = 'Lock'
            and clock_timestamp() - query_start > interval '1.5 s'
    """
    url = f"{database}&options=-c%20statement_timeout%3D1s"
    with (
        psycopg.connect(database) as holder,
        psycopg.connect(database, autocommit=True) as watcher,
        ThreadPoolExecutor() as pool,
    ):
        holder.execute("lock table wedsync_realtime.deployed_scripts")
        ran = pool.submit(run, command, url)
        until(lambda: ran.done() or watcher.execute(timed_out).fetchone())
        holder.commit()
        assert ran.result().code == 0
