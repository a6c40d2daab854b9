"""The periodic jobs: the same work whoever runs them, and who that is."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.support.callers.people import People
from tests.support.postgres.cluster import Cluster
from tests.support.waiting import until
from wedsync_realtime.connection import server
from wedsync_realtime.entry import maintain
from wedsync_realtime.entry.cli import main

Capture = pytest.CaptureFixture[str]


@contextmanager
def maintaining(url: str, every: int = 60) -> Iterator[subprocess.Popen[str]]:
    """Run `maintain --every` for the time of the context, from after its first round."""
    program = [sys.executable, "-m", "wedsync_realtime", "maintain", f"--every={every}"]
    with subprocess.Popen(
        [*program, f"--database-url={url}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as worker:
        assert worker.stdout
        assert "cleanup" in worker.stdout.readline()
        yield worker
        worker.terminate()


def jobs(url: str, capsys: Capture) -> str:
    """Return who runs the jobs, as `status` says."""
    main(["status", "--json", "--database-url", url])
    return str(json.loads(capsys.readouterr().out)["jobs"])


def test_cron_and_maintain_have_the_same_tasks(cron_database: str) -> None:
    with psycopg.connect(cron_database) as connection:
        commands = connection.execute("select j.command from cron.job as j order by j.command")
        assert {command for (command,) in commands} == {
            f"call wedsync_realtime.run_job('{job}')" for job in maintain.JOBS
        }


def test_status_names_cron_where_it_is_at_work(cron_database: str, capsys: Capture) -> None:
    assert jobs(cron_database, capsys) == "pg_cron"


def test_status_follows_who_is_at_work(database: str, capsys: Capture) -> None:
    assert jobs(database, capsys) == "nobody"
    with maintaining(database):
        assert jobs(database, capsys) == "make maintain"
    until(lambda: jobs(database, capsys) == "nobody")  # its server process ends a little later


def test_maintain_ends_expired_leases_and_adds_partitions(database: str, people: People) -> None:
    user = people.supplier_user(people.supplier())
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "select set_config('request.jwt.claims', %s, false),"
            " public.realtime_subscribe(array['form-responses'], %s)",
            (
                json.dumps({"sub": str(user), "role": "authenticated"}),
                json.dumps({"supplier_id": str(people.supplier())}),
            ),
        )
        query = "select count(*) from public.realtime_subscriptions"
        assert connection.execute(query).fetchone() == (1,)
        connection.execute(
            "update public.realtime_subscriptions set last_ping_at = now() - interval '1 hour'"
        )
        partitions = (
            "select count(*) from pg_inherits as i"
            " where i.inhparent = 'wedsync_realtime.events'::regclass"
        )
        before = connection.execute(partitions).fetchone()
        connection.execute(
            "do $$ begin execute format('drop table wedsync_realtime.events_%s',"
            " to_char(timezone('utc', now()) + interval '1 day', 'YYYYMMDD')); end $$"
        )
        assert connection.execute(partitions).fetchone() != before
        with maintaining(database):
            assert connection.execute(query).fetchone() == (0,)
            assert connection.execute(partitions).fetchone() == before


def test_maintain_outlives_a_server_that_is_away(cluster: Cluster, database: str) -> None:
    with maintaining(database, every=1) as worker, cluster.connect() as connection:
        name = str(conninfo_to_dict(database)["dbname"])
        cluster.freeze_database(name)
        connection.execute(
            "select pg_terminate_backend(a.pid) from pg_stat_activity as a where a.datname = %s",
            (name,),
        )
        assert worker.stdout
        assert worker.stderr
        while "not currently accepting connections" not in (line := worker.stderr.readline()):
            assert line
        assert worker.poll() is None
        cluster.thaw_database(name)
        assert "cleanup" in worker.stdout.readline()


def test_maintain_outlives_a_server_that_became_a_standby(cluster: Cluster, database: str) -> None:
    name = conninfo_to_dict(database)["dbname"]
    setting = f"alter database {name} set default_transaction_read_only = "
    with maintaining(database, every=1) as worker, cluster.connect() as connection:
        connection.execute(f"{setting} on".encode())
        connection.execute(
            "select pg_terminate_backend(a.pid) from pg_stat_activity as a where a.datname = %s",
            (name,),
        )
        assert worker.stdout
        assert worker.stderr
        while "read-only transaction" not in (line := worker.stderr.readline()):
            assert line
        connection.execute(f"{setting} off".encode())
        assert "cleanup" in worker.stdout.readline()


@pytest.mark.parametrize("value", ["-1", "0", "nan", "often"])
def test_senseless_intervals_are_usage_errors(value: str) -> None:
    with pytest.raises(SystemExit) as end:
        main(["maintain", f"--every={value}"])
    assert end.value.code == 2


def test_maintain_tells_of_a_job_that_others_hold(database: str) -> None:
    hold = "select from wedsync_realtime.job_runs where job = 'purge' for update"
    with psycopg.connect(database) as left_open, server.connect(database) as connection:
        left_open.execute(hold.encode())
        answers = maintain.run_once(connection, ("purge", "metrics"))
    assert answers["purge"] == "job purge is at work elsewhere, or its record is held"
    assert isinstance(answers["metrics"], int)
