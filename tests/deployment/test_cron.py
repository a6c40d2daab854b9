"""pg_cron: created where it can be had, told in one line where not, dropped by who created it."""

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from tests.deployment.conftest import Run, execute, values
from tests.support.postgres.cluster import CRON_DATABASE, Cluster, running_cluster
from tests.support.postgres.servers import Server
from wedsync_realtime.deployment.deploy import migrate
from wedsync_realtime.packaging import bundle

EXTENSION = "select extname from pg_extension where extname = 'pg_cron'"
JOBS = "select jobname from cron.job where active order by 1"
OURS = [f"wedsync-realtime-{job}" for job in ("cleanup", "metrics", "partitions", "purge")]


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Cluster]:
    """Yield a cluster of its own: pg_cron works in one database only."""
    with running_cluster() as cluster:
        if not cluster.has_cron:
            pytest.skip(f"{cluster.bindir} comes without pg_cron")
        yield cluster


@pytest.fixture
def url(own_cluster: Cluster) -> str:
    """Return the URL of the database that pg_cron works in, empty and without pg_cron."""
    own_cluster.drop_database(CRON_DATABASE)
    return own_cluster.create_database(CRON_DATABASE)


@pytest.fixture
def platform(own_cluster: Cluster, url: str) -> Iterator[str]:
    """Yield the URL of the same database for a role that owns it, and is no superuser."""
    role = f"role_{uuid4().hex[:8]}"
    with own_cluster.connect() as connection:
        connection.execute(f"create role {role} login createrole".encode())
        connection.execute(f"alter database {CRON_DATABASE} owner to {role}".encode())
    yield url.replace("//postgres@", f"//{role}@", 1)
    own_cluster.drop_database(CRON_DATABASE)
    with own_cluster.connect() as connection:
        owned = connection.execute(
            "select rolname from pg_roles where rolname ~ '^wedsync_realtime_|^(anon|authent|serv)'"
        ).fetchall()
        for (name,) in owned:
            connection.execute(f"drop role {name}".encode())
        connection.execute(f"drop role {role}".encode())


def told(line: str) -> str:
    """Return the statements that a line tells a superuser to run."""
    (statements,) = re.findall(r' run "([^"]+)"', line)
    return str(statements)


def test_superuser_gets_it_with_the_jobs(url: str, run: Run) -> None:
    ran = run("migrate", url)
    assert (ran.code, ran.err) == (0, "")
    assert "pg_cron" not in ran.out
    assert values(url, JOBS) == OURS
    assert run("status", url, "--json").json["jobs"] == "pg_cron"
    assert run("verify", url).code == 0
    assert migrate(url).is_nothing


def test_earlier_deployment_gets_it_too(url: str, run: Run) -> None:
    assert run("migrate", url, "--no-cron").code == 0
    assert values(url, EXTENSION) == []
    ran = run("migrate", url)
    assert ran.code == 0
    assert values(url, JOBS) == OURS
    assert run("verify", url).code == 0


def test_it_is_kept_away(url: str, run: Run) -> None:
    ran = run("migrate", url, "--no-cron")
    assert (ran.code, values(url, EXTENSION)) == (0, [])
    advice = ran.out.splitlines()[-1]
    assert advice.startswith("pg_cron is not in this database: as a superuser run ")
    assert advice.endswith(", or keep make maintain EVERY=60 running.")
    execute(url, told(advice))
    ran = run("migrate", url, "--no-cron")
    assert len(ran.out.splitlines()) == 1
    assert values(url, JOBS) == OURS
    assert run("uninstall", url, "--yes").out == "Uninstalled.\n"
    assert values(url, EXTENSION) == ["pg_cron"]  # made by hand


def test_uninstall_takes_it_along(url: str, run: Run) -> None:
    run("migrate", url)
    assert run("uninstall", url, "--yes").out == "Uninstalled.\n"
    assert values(url, EXTENSION) == []


def test_uninstall_leaves_it_to_other_jobs(url: str, run: Run) -> None:
    run("migrate", url)
    execute(url, "select cron.schedule('own', '1 1 * * *', 'select 1')")
    ran = run("uninstall", url, "--yes")
    assert "Kept: extension pg_cron, which has other jobs\n" in ran.out
    assert values(url, JOBS) == ["own"]


def test_role_that_may_not_create_it_is_told(url: str, platform: str, run: Run) -> None:
    """Each line leads to the next, until nothing is left to tell."""
    for _ in range(2):
        ran = run("migrate", platform)
        assert (ran.code, ran.err) == (0, "")
        advice = ran.out.splitlines()[-1]
        assert advice.startswith("pg_cron is not in this database: as a superuser run ")
    assert migrate(platform).is_nothing
    assert run("migrate", platform, "--json").json["jobs_advice"] == advice
    with psycopg.connect(url) as connection:
        late = "update wedsync_realtime.job_runs set created_at = '-infinity', last_success_at = %s"
        connection.execute(late.encode(), (None,))
        health = "select advice from wedsync_realtime.health() where name = 'job_cleanup'"
        assert connection.execute(health.encode()).fetchone() == (advice,)
    create, _, grant = told(advice).partition("; ")
    execute(url, create)
    advice = run("migrate", platform).out.splitlines()[-1]
    assert advice.startswith(f'pg_cron runs no job: as a superuser run "{grant}" and then ')
    execute(url, told(advice))
    ran = run("migrate", platform)
    assert len(ran.out.splitlines()) == 1
    assert values(platform, JOBS) == OURS


def test_superusers_next_deployment_lets_the_owner_in(url: str, platform: str, run: Run) -> None:
    assert run("migrate", platform).code == 0
    assert run("migrate", url).code == 0
    ran = run("migrate", platform)
    assert (ran.code, len(ran.out.splitlines())) == (0, 1)


def test_refusal_of_a_service_is_told(url: str, platform: str, run: Run) -> None:
    """As on Supabase, but for supautils itself, which would let the role create it."""
    database_setting = f"alter database {CRON_DATABASE} set supautils.privileged_extensions"
    execute(url, f"{database_setting} = 'hstore, pg_cron'; grant pg_monitor to {role_of(platform)}")
    warnings = migrate(platform).warnings
    assert warnings == ['pg_cron was not created: permission denied to create extension "pg_cron"']


def test_other_database_and_server_without_it_are_told(own_cluster: Cluster, run: Run) -> None:
    with own_cluster.database() as other:
        assert run("migrate", other).out.splitlines()[-1] == (
            f"pg_cron works in database {CRON_DATABASE} alone: keep make maintain EVERY=60 running."
        )


def test_server_that_has_not_loaded_it_is_told_how(run: Run) -> None:
    with running_cluster(is_local=True) as cluster:
        if not cluster.has_cron:
            pytest.skip(f"{cluster.bindir} comes without pg_cron")
        server = Server(cluster, cluster.directory / "data", cluster.directory, {})
        server.stop()
        server.start()
        url = cluster.create_database("it's")
        advice = run("migrate", url).out.splitlines()[-1]
        assert advice.startswith("pg_cron is not loaded: put ")
        with (server.data / "postgresql.conf").open("a") as conf:
            conf.writelines(f"{line}\n" for line in re.findall(r'"([^"]+)"', advice))
        server.stop()
        server.start()
        assert len(run("migrate", url).out.splitlines()) == 1
        assert values(url, JOBS) == OURS


@pytest.mark.parametrize("with_cron", [True, False])
def test_bundle_creates_it_or_keeps_it_away(url: str, tmp_path: Path, with_cron: bool) -> None:
    (written,) = bundle.write(tmp_path, with_cron=with_cron)
    execute(url, written.file.read_text())
    assert bool(values(url, EXTENSION)) == with_cron


def test_role_that_may_use_the_schema_alone_is_told_the_rest(
    url: str, platform: str, run: Run
) -> None:
    execute(
        url,
        f"create extension pg_cron; grant usage on schema cron to {role_of(platform)};"
        "revoke select on cron.job from public;"
        "revoke execute on all functions in schema cron from public",
    )
    ran = run("migrate", platform)
    assert (ran.code, ran.err) == (0, "")
    execute(url, told(ran.out.splitlines()[1]))
    assert run("migrate", platform).code == 0
    assert values(platform, JOBS) == OURS
    execute(url, f"revoke usage on schema cron from {role_of(platform)}")
    assert run("verify", platform).code == 0
    assert run("uninstall", platform, "--yes").code == 0


def test_jobs_restored_under_another_name_are_scheduled_anew(
    own_cluster: Cluster, url: str, run: Run
) -> None:
    run("migrate", url)
    execute(url, "update cron.job set database = 'gone'")
    assert run("migrate", url).code == 0
    assert values(url, "select distinct database from cron.job") == [CRON_DATABASE]
    assert migrate(url).is_nothing


def test_jobs_of_another_database_are_left_to_it(url: str, run: Run) -> None:
    run("migrate", url)
    execute(url, "update cron.job set database = 'postgres'")
    outcome = migrate(url)
    assert outcome.is_nothing
    assert len(outcome.warnings) == 4
    assert "runs in database postgres" in outcome.warnings[0]
    assert values(url, "select distinct database from cron.job") == ["postgres"]


def role_of(url: str) -> str:
    return url.partition("//")[2].partition("@")[0]
