"""The bell: nobody rings unless a reader has hung it out, and then once."""

from typing import Any, LiteralString
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from tests.support.callers.caller import Caller
from tests.support.callers.listener import INSERT, ActAs, Connect, heard
from tests.support.callers.people import People
from tests.support.callers.tables import listen_to
from tests.support.waiting import until

HANG = "select wedsync_realtime.hang_bell(array['form-responses'])"
HUNG: LiteralString = "select pg_sequence_last_value('wedsync_realtime.gate_1') % 2 = 0"
SUBMIT: LiteralString = "update public.form_responses set status = 'submitted'"
DELETE: LiteralString = "delete from public.form_responses"


@pytest.fixture
def ear(connect: Connect) -> psycopg.Connection:
    connection = connect()
    connection.autocommit = True
    connection.execute("listen wedsync_realtime")
    return connection


@pytest.fixture
def petal(owner: Caller, people: People, act_as: ActAs, supplier: UUID) -> UUID:
    """Return another supplier whose form responses are listened to, as the first one's are."""
    tenant = people.supplier("Petal")
    listen_to(owner, "form-responses", supplier)
    listen_to(act_as(people.supplier_user(tenant)), "form-responses", tenant)
    return tenant


def value(connection: psycopg.Connection, query: LiteralString) -> Any:
    row = connection.execute(query).fetchone()
    return row[0] if row else None


def test_nobody_rings_by_default(
    admin: psycopg.Connection, ear: psycopg.Connection, supplier: UUID, petal: UUID
) -> None:
    for tenant in (supplier, petal):
        admin.execute(INSERT, (tenant, "unheard"))
    admin.execute(SUBMIT)
    assert heard(ear) == []


@pytest.mark.parametrize("statement", [INSERT, SUBMIT, DELETE])
def test_first_writer_rings_for_the_topics_it_has_recorded_for(
    admin: psycopg.Connection,
    people: People,
    ear: psycopg.Connection,
    supplier: UUID,
    petal: UUID,
    statement: LiteralString,
) -> None:
    for tenant in (supplier, petal, people.supplier("Thorn")):
        admin.execute(INSERT, (tenant, "a row"))
    ear.execute(HANG)
    admin.execute(INSERT, (people.supplier("Cold"), "nobody listens"))
    assert value(admin, HUNG)
    for tenant in (petal, supplier):
        admin.execute(statement, (tenant, "rings") if statement == INSERT else None)
    told = [f"form-responses:{petal}"]
    if statement != INSERT:
        told.append(f"form-responses:{supplier}")
    assert sorted(heard(ear)) == sorted(told)
    assert not value(admin, HUNG)


def test_reader_learns_of_a_ring_that_never_came(
    admin: psycopg.Connection, connect: Connect, ear: psycopg.Connection, petal: UUID
) -> None:
    first = value(ear, HANG)
    assert value(ear, HANG) == first
    writer = connect()
    writer.execute(INSERT, (petal, "rolled back"))
    assert value(ear, HANG) > first, "it has been taken down"
    writer.rollback()
    assert heard(ear) == []
    assert value(ear, HUNG)


def test_bell_that_is_hung_out_at_once_is_left_alone(
    admin: psycopg.Connection, ear: psycopg.Connection, petal: UUID
) -> None:
    """Whoever the last ring has woken looks again anyway."""
    write = "insert into public.form_responses (supplier_id, form_name) values ({}, 'again')"
    hang = HANG.replace("select", "perform")
    twice = sql.SQL(f"do $$ begin {hang}; {write}; {hang}; {write}; end $$").format(petal, petal)

    def second_rings_not() -> bool:
        admin.execute(twice)
        return bool(value(admin, HUNG))

    until(second_rings_not)
    assert set(heard(ear)) == {f"form-responses:{petal}"}


def test_end_of_a_subscription_rings(
    admin: psycopg.Connection, ear: psycopg.Connection, supplier: UUID, petal: UUID
) -> None:
    end: LiteralString = "delete from public.realtime_subscriptions where tenant_id = %s"
    admin.execute(end, (petal,))
    assert heard(ear) == []
    ear.execute(HANG)
    admin.execute(end, (supplier,))
    assert heard(ear) == [f"form-responses:{supplier}"]
    assert not value(admin, HUNG)


def test_subscription_ends_without_a_gate(
    admin: psycopg.Connection, supplier: UUID, petal: UUID
) -> None:
    """A right that is taken away must not wait until somebody has restored the gate."""
    admin.execute("drop sequence wedsync_realtime.gate_1")
    admin.execute("delete from public.user_profiles where supplier_id = %s", (petal,))
    admin.execute("select wedsync_realtime.pause_channel('form-responses')")
    assert value(admin, "select count(*) from public.realtime_subscriptions") == 0


def test_bell_far_in_the_future_rings_as_well(
    admin: psycopg.Connection, ear: psycopg.Connection, petal: UUID
) -> None:
    """A clock that is set back keeps nobody asleep."""
    admin.execute("select setval('wedsync_realtime.gate_1', 2 * 4102444800000)")
    admin.execute(INSERT, (petal, "rings"))
    assert heard(ear) == [f"form-responses:{petal}"]


def test_bell_cannot_be_hung_out_where_nobody_will_ring(
    admin: psycopg.Connection, connect: Connect, ear: psycopg.Connection, petal: UUID
) -> None:
    reader = connect()
    reader.read_only = True
    assert value(reader, HANG) is None
    admin.execute("update wedsync_realtime.settings set notify_enabled = false")
    assert value(ear, HANG) is None
    admin.execute("select setval('wedsync_realtime.gate_1', 2)")
    admin.execute(INSERT, (petal, "silent"))
    assert heard(ear) == []


def test_truncation_wakes_without_a_bell(
    admin: psycopg.Connection, ear: psycopg.Connection, supplier: UUID, petal: UUID
) -> None:
    admin.execute("truncate public.form_responses")
    topics = [f"form-responses:{tenant}" for tenant in (supplier, petal)]
    assert sorted(heard(ear)) == sorted(topics)
