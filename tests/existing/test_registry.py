"""The registry of channels: it takes what fits, and says why it does not take the rest."""

import psycopg
import pytest

from tests.existing.unfit import DISABLED, warnings
from wedsync_realtime.deployment.deploy import migrate

REGISTER = """
    select wedsync_realtime.register_channel(
        'visits', 'public.visits', 'supplier_id', 'supplier_id', 'own_supplier'
    )
"""
VISITS = "create table public.visits (id bigint primary key, supplier_id uuid, day date)"


@pytest.mark.usefixtures("deployed")
def test_table_that_comes_after_its_channel_is_attached(
    project: str, developer: psycopg.Connection
) -> None:
    developer.execute(
        "insert into wedsync_realtime.channels"
        " (name, table_name, tenant_column, filter_key, supplier_authoriser)"
        " values ('visits', 'visits', 'supplier_id', 'supplier_id', 'own_supplier')"
    )
    problem = {"visits": "there is no table public.visits"}
    assert migrate(project).warnings == warnings(problem)
    developer.execute(VISITS)
    assert migrate(project).refreshed
    assert developer.execute(DISABLED).fetchall() == []


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize(
    "change",
    [
        "tenant_column = 'day'", "tenant_column = 'nope'", "columns = '{nope}'",
        "key_columns = '{day}'", "key_columns = '{nope}'", "table_name = 'couples'",
        "table_name = 'nope'", "schema_name = 'nope'",
    ],
)  # fmt: skip
def test_registry_refuses_what_does_not_fit(
    project: str, developer: psycopg.Connection, change: str
) -> None:
    developer.execute(VISITS)
    developer.execute(REGISTER)
    with pytest.raises(psycopg.Error, match=r"channel visits cannot (be enabled|move away)"):
        developer.execute(
            f"update wedsync_realtime.channels set {change} where name = 'visits'".encode()
        )
    developer.execute("insert into public.visits values (1, md5('supplier1')::uuid, now())")


@pytest.mark.usefixtures("deployed")
def test_registry_refuses_a_row_that_does_not_fit(
    project: str, developer: psycopg.Connection
) -> None:
    developer.execute("create table public.visits (id bigint, supplier_id uuid, day date)")
    insert = (
        "insert into wedsync_realtime.channels"
        " (name, table_name, tenant_column, filter_key, supplier_authoriser)"
        " values ('visits', 'visits', '{}', 'supplier_id', 'own_supplier')"
    )
    for column, reason in (("supplier_id", "no primary key"), ("day", "is date, not uuid")):
        with pytest.raises(psycopg.errors.InvalidParameterValue, match=reason):
            developer.execute(insert.format(column).encode())


@pytest.mark.usefixtures("deployed")
def test_table_that_others_inherit_from_is_refused_and_its_heirs_stay_writable(
    project: str, developer: psycopg.Connection
) -> None:
    """Who writes to an heir fires no trigger of the table above it."""
    developer.execute(VISITS)
    developer.execute("create table public.calls (note text) inherits (public.visits)")
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=r"public\.calls beneath it"):
        developer.execute(REGISTER)
    developer.execute("drop table public.calls")
    developer.execute(REGISTER)
    developer.execute("create table public.calls (note text) inherits (public.visits)")
    assert migrate(project).warnings == warnings(
        {"visits": "public.visits has the table public.calls beneath it, which inherits from it"}
    )
    developer.execute("insert into public.calls values (1, md5('supplier1')::uuid, now(), 'one')")
    developer.execute("drop table public.calls")
    assert migrate(project).warnings == []


@pytest.mark.usefixtures("deployed")
def test_partition_is_refused_because_its_triggers_see_half_of_what_is_written(
    project: str, developer: psycopg.Connection
) -> None:
    developer.execute(
        "create table public.visits (id uuid primary key, supplier_id uuid);"
        "create table public.all_visits (id uuid primary key, supplier_id uuid)"
        " partition by range (id)"
    )
    attach = "alter table public.all_visits attach partition public.visits default"
    developer.execute(attach)
    problem = (
        "public.visits is a partition of public.all_visits,"
        " and what is written by way of that fires none of its triggers"
    )
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=problem):
        developer.execute(REGISTER)
    developer.execute("alter table public.all_visits detach partition public.visits")
    developer.execute(REGISTER)
    developer.execute(attach)
    assert migrate(project).warnings == warnings({"visits": problem})
    developer.execute("insert into public.visits values (gen_random_uuid(), null)")
    developer.execute("alter table public.all_visits detach partition public.visits")
    assert migrate(project).warnings == []


@pytest.mark.usefixtures("deployed")
def test_schema_may_have_any_name(developer: psycopg.Connection) -> None:
    developer.execute('create schema "Back Office"')
    developer.execute(
        'create table "Back Office"."Visits" (id integer primary key, supplier_id uuid)'
    )
    developer.execute(
        "select wedsync_realtime.register_channel('visits', '\"Back Office\".\"Visits\"',"
        " 'supplier_id', 'supplier_id', 'own_supplier')"
    )
    assert developer.execute(DISABLED).fetchall() == []


def test_names_in_quotes_make_no_table_unfit(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("set quote_all_identifiers = on")
        unfit = connection.execute(
            "select c.name, p.problem from wedsync_realtime.channels as c"
            " cross join wedsync_realtime.table_problem(c) as p (problem)"
            " where p.problem is not null"
        ).fetchall()
        assert unfit == []
        grounds = connection.execute(
            "select wedsync_realtime.ground_table(t.name)"
            " from unnest(array['user_profiles', 'clients']) as t (name)"
        )
        assert all(table for (table,) in grounds)
