"""Baseline: a database with the objects and no ledger is adopted, unless something differs."""

import psycopg

from tests.deployment.conftest import Run, execute, values
from tests.deployment.dump import schema
from tests.support.postgres.cluster import Cluster

FORGET = """
    drop table wedsync_realtime.deployed_scripts, wedsync_realtime.deployed_objects,
        wedsync_realtime.deployments, wedsync_realtime.found_objects
"""


def test_same_objects_are_adopted(database: str, run: Run) -> None:
    run("migrate", database)  # a clone begins its feed anew
    before = schema(database)
    execute(database, FORGET)
    refused = run("migrate", database)
    assert refused.code == 1
    assert "make baseline" in refused.err
    assert run("baseline", database).code == 0
    assert sorted(schema(database)) == sorted(before)
    assert run("status", database).code == 0
    assert run("verify", database).code == 0
    assert "nothing to do" in run("migrate", database).out


def test_different_objects_are_not_adopted(database: str, run: Run) -> None:
    execute(database, FORGET)
    execute(database, "drop index wedsync_realtime.topics_tenant_id_idx")
    execute(database, "create table wedsync_realtime.notes ()")
    before = schema(database)
    ran = run("baseline", database, "--json")
    assert ran.code == 3
    assert [finding["state"] for finding in ran.json["findings"]] == ["missing", "foreign"]
    assert schema(database) == before


def test_uninstall_after_it_leaves_what_may_have_been_there(database: str, run: Run) -> None:
    execute(database, FORGET)
    run("baseline", database)
    assert run("uninstall", database, "--yes").code == 0
    assert values(database, "select to_regclass('public.clients')::text") == ["clients"]


def test_deployed_and_empty_databases_are_refused(
    database: str, empty_database: str, run: Run
) -> None:
    assert "has a record of its deployments" in run("baseline", database).err
    assert "nothing of the package to adopt" in run("baseline", empty_database).err


def test_role_without_createdb_names_a_scratch_database(
    cluster: Cluster, database: str, empty_database: str, run: Run
) -> None:
    with psycopg.connect(cluster.dsn("postgres"), autocommit=True) as connection:
        connection.execute("drop role if exists baseline_owner")
        connection.execute("create role baseline_owner login createrole")
    execute(database, FORGET)
    name = database.rpartition("/")[2].partition("?")[0]
    execute(database, f"alter database {name} owner to baseline_owner")
    execute(database, "alter schema wedsync_realtime owner to baseline_owner")
    url = database.replace("postgres@", "baseline_owner@")
    ran = run("baseline", url)
    assert ran.code == 1
    assert "--scratch-url" in ran.err
    execute(database, "alter schema wedsync_realtime owner to postgres")
    assert run("baseline", database, "--scratch-url", empty_database).code == 0
    assert "is not empty" in run("verify", database, "--scratch-url", empty_database).err
