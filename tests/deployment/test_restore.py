"""A database restored from a dump is what was deployed, and tells its subscribers once."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.deployment.conftest import Run, execute, values
from tests.deployment.dump import pg_dump, tool
from tests.support.callers.caller import Caller, caller
from tests.support.callers.people import People, install_helpers
from tests.support.postgres.cluster import Cluster, running_cluster
from wedsync_realtime.deployment.deploy import migrate
from wedsync_realtime.embedded import npm
from wedsync_realtime.removal.uninstall import API_ROLES, OWN_ROLES

INSERT = b"insert into public.form_responses (supplier_id) values (%s)"
PARTS = {
    "plain": [["--format=plain"]],
    "custom": [["--format=custom"]],
    "schema and data apart": [["--schema-only"], ["--data-only", "--disable-triggers"]],
}


def restore(source: str, target: str, folder: Path, *options: str) -> None:
    """Dump a database with these options, and read the dump into another one."""
    file = folder / "dump"
    subprocess.run([pg_dump(source), *options, "--file", file, source], check=True)
    read: list[str | Path] = [tool("pg_restore"), "--exit-on-error", "--dbname", target, file]
    if "--format=custom" not in options:
        read = [tool("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-f", file]
        read += [target]
    subprocess.run(read, check=True, capture_output=True)


def poll(somebody: Caller, asked: dict[str, Any]) -> Any:
    answer = somebody.rpc("realtime_poll", **asked)
    asked["cursor"] = answer["cursor"]
    return answer


@dataclass(frozen=True)
class Subscriber:
    """A user with a subscription in a database that is dumped, and their last cursor."""

    user: UUID
    supplier: UUID
    asked: dict[str, Any]


def subscribed(people: People) -> Subscriber:
    supplier = people.supplier()
    user = people.supplier_user(supplier)
    with caller(people.url, user) as somebody:
        lease = subscribe(somebody, supplier)["subscriptions"][0]
    return Subscriber(user, supplier, {"channel": lease["channel"], "cursor": lease["cursor"]})


def subscribe(somebody: Caller, supplier: UUID) -> Any:
    return somebody.rpc(
        "realtime_subscribe",
        channels=["form-responses"],
        filters={"supplier_id": str(supplier)},
    )


def check_life(url: str, who: Subscriber, run: Run, deploying: str | None = None) -> None:
    """Check that a restored database is what was deployed, and that all goes on there.

    deploying: its URL for the role that deploys; by default the same.
    """
    deploying = deploying or url
    verified = run("verify", deploying)
    assert (verified.code, verified.err) == (0, ""), verified.out
    with caller(url, who.user) as somebody:
        told = poll(somebody, who.asked)
        assert (told["resyncRequired"], told["reason"]) == (True, "epoch_changed")
        with psycopg.connect(url) as connection:
            connection.execute(INSERT, (who.supplier,))
        told = poll(somebody, who.asked)
        assert not told["resyncRequired"]
        assert len(told["events"]) == 1
        assert subscribe(somebody, who.supplier)["success"]
    assert run("maintain", deploying).code == 0
    failing = "select name || advice from wedsync_realtime.health() where status = 'fail'"
    assert values(url, failing) == []
    assert migrate(deploying).is_nothing
    assert run("verify", deploying).code == 0
    execute(url, "drop schema tests cascade")  # the helpers' views look at our tables
    assert run("uninstall", deploying, "--yes").code == 0


@pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS)
def test_restored_database_does_not_differ(
    database: str,
    empty_database: str,
    people: People,
    run: Run,
    tmp_path: Path,
    parts: list[list[str]],
) -> None:
    who = subscribed(people)
    for options in parts:
        restore(database, empty_database, tmp_path, *options)
    check_life(empty_database, who, run)


def test_clone_does_not_differ(cluster: Cluster, database: str, people: People, run: Run) -> None:
    who = subscribed(people)
    name = str(conninfo_to_dict(database)["dbname"])
    cluster.end_connections(name)
    with cluster.database(name) as clone:
        check_life(clone, who, run)


def test_database_without_pg_cron_does_not_differ(
    cron_database: str, empty_database: str, run: Run, tmp_path: Path
) -> None:
    """Reading the dump goes on past the refusals of pg_cron, as psql does unless told otherwise."""
    with psycopg.connect(cron_database) as connection:
        install_helpers(connection)
    who = subscribed(People(cron_database))
    file = tmp_path / "dump"
    subprocess.run([pg_dump(cron_database), "--file", file, cron_database], check=True)
    execute(cron_database, "drop schema tests cascade")
    told = read_file(empty_database, file)
    refusals = [line for line in told.splitlines() if "ERROR" in line]
    assert refusals
    assert [line for line in refusals if "cron" not in line] == []
    check_life(empty_database, who, run)


@pytest.mark.parametrize("major", npm.VERSIONS)
def test_newer_major_does_not_differ(
    cluster: Cluster, database: str, people: People, run: Run, tmp_path: Path, major: int
) -> None:
    if cluster.major >= major:
        pytest.skip(f"the session's server is PostgreSQL {cluster.major}")
    found = npm.find(major)
    if not found:
        pytest.skip(f"PostgreSQL {major} is not here: PG={major} make test fetches it")
    who = subscribed(people)
    with running_cluster(str(found.bindir), is_local=True) as newer:
        roles = tmp_path / "roles"
        subprocess.run(
            [tool("pg_dumpall"), "--roles-only", "--file", roles, "--dbname", database], check=True
        )
        read_file(newer.dsn("postgres"), roles)  # postgres is there already
        url = newer.create_database("restored")
        restore(database, url, tmp_path)
        check_life(url, who, run)


def read_file(url: str, file: Path) -> str:
    """Read a file with psql, which goes on past errors; return what it tells of them."""
    read = [tool("psql"), "-X", "-q", "-o", "/dev/null", "-f", str(file), url]
    return subprocess.run(read, check=True, capture_output=True, text=True).stderr


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Cluster]:
    """Yield another cluster, in which the package's roles come and go."""
    with running_cluster(is_local=True, is_other=True) as cluster:
        yield cluster


@pytest.fixture
def platform(own_cluster: Cluster) -> Iterator[str]:
    """Yield the URL of an empty database of the role platform, a member of the package's roles."""
    ours = (*API_ROLES, *OWN_ROLES)
    with own_cluster.connect() as connection:
        for role in ours:
            connection.execute(f"create role {role} nologin noinherit".encode())
        connection.execute("grant authenticated to wedsync_realtime_relay")
        connection.execute("create role platform login createrole")
        connection.execute(f"grant {', '.join(ours)} to platform".encode())
        connection.execute("create database platform owner platform")
        yield own_cluster.dsn("platform")
        connection.execute("drop database platform with (force)")
        connection.execute(f"drop role if exists platform, {', '.join(ours)}".encode())


@pytest.mark.parametrize("options", [[], ["--no-owner"]], ids=["owners", "no owners"])
def test_role_that_is_no_superuser_finishes_by_migrating(
    database: str, platform: str, people: People, run: Run, tmp_path: Path, options: list[str]
) -> None:
    """It may give no function to the owner role, whose functions the next deployment hands over."""
    who = subscribed(people)
    file = tmp_path / "dump"
    subprocess.run([pg_dump(database), "-Fc", "--file", file, database], check=True)
    deploying = platform.replace("//postgres@", "//platform@", 1)
    read = [tool("pg_restore"), *options, "--dbname", deploying, str(file)]
    done = subprocess.run(read, check=False, capture_output=True, text=True)
    assert "could not execute query" not in done.stderr or not options, done.stderr
    assert run("verify", deploying).code == 3
    assert run("migrate", deploying).code == 0
    check_life(platform, who, run, deploying)
