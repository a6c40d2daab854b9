"""Endings of leases that no RPC makes: each is audited for what it was and counted off."""

from collections.abc import Callable, Iterator
from typing import LiteralString
from uuid import UUID

import psycopg
import pytest

from tests.support.callers.caller import Caller
from tests.support.callers.listener import subscribed
from tests.support.callers.people import People

AUDIT: LiteralString = """
    select l.user_id, l.event_type, l.payload ->> 'reason'
    from public.realtime_activity_logs as l
    where l.channel_id = %s and l.event_type <> 'subscribed'
"""


@pytest.fixture
def admin(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def supplier(people: People) -> UUID:
    return people.supplier()


@pytest.mark.parametrize("table", ["public.realtime_subscriptions", "auth.users"])
def test_truncated_leases_are_audited_and_counted_off(
    admin: psycopg.Connection,
    people: People,
    supplier: UUID,
    act_as: Callable[..., Caller],
    table: str,
) -> None:
    user = people.supplier_user(supplier)
    lease = subscribed(act_as(user), "form-responses", {"supplier_id": str(supplier)})
    admin.execute(f"truncate {table} cascade".encode())
    query = "select subscriptions from wedsync_realtime.tenants where tenant_id = %s"
    assert admin.execute(query, (supplier,)).fetchone() == (0,)
    assert admin.execute(AUDIT, (lease.channel,)).fetchall() == [(user, "deleted", "by postgres")]


def test_leases_are_not_truncated_from_a_snapshot_that_does_not_show_them(
    admin: psycopg.Connection,
    people: People,
    supplier: UUID,
    act_as: Callable[..., Caller],
    database: str,
) -> None:
    user = people.supplier_user(supplier)
    with psycopg.connect(database) as session:
        session.execute("set transaction isolation level repeatable read")
        session.execute("select 1 from public.suppliers")
        subscribed(act_as(user), "form-responses", {"supplier_id": str(supplier)})
        with pytest.raises(psycopg.errors.SerializationFailure, match="from an older snapshot"):
            session.execute("truncate public.realtime_subscriptions")
    query = "select subscriptions from wedsync_realtime.tenants where tenant_id = %s"
    assert admin.execute(query, (supplier,)).fetchone() == (1,)


@pytest.mark.parametrize("forged", ["disconnected/by postgres", "x" * 24 + "/disconnected/by me"])
def test_session_cannot_say_why_a_lease_ended(
    admin: psycopg.Connection,
    people: People,
    supplier: UUID,
    act_as: Callable[..., Caller],
    forged: str,
) -> None:
    """Applications let users delete themselves, by a function like this one."""
    admin.execute(
        "create function public.delete_me() returns void language sql security definer"
        " as 'delete from auth.users where id = auth.uid()';"
        " grant execute on function public.delete_me() to authenticated"
    )
    caller = act_as(people.supplier_user(supplier))
    lease = subscribed(caller, "form-responses", {"supplier_id": str(supplier)})
    with caller.transaction() as connection:
        connection.execute("select set_config('wedsync_realtime.ending', %s, true)", (forged,))
        connection.execute("select public.delete_me()")
    assert admin.execute(AUDIT, (lease.channel,)).fetchall() == [(None, "revoked", "user deleted")]


def test_reason_names_a_role_in_full(
    admin: psycopg.Connection, people: People, supplier: UUID, act_as: Callable[..., Caller]
) -> None:
    caller = act_as(people.supplier_user(supplier))
    lease = subscribed(caller, "form-responses", {"supplier_id": str(supplier)})
    admin.execute("""
        create role "dba/on call" superuser;
        set session authorization "dba/on call";
        delete from public.realtime_subscriptions;
        reset session authorization;
        drop role "dba/on call"
    """)
    assert admin.execute(AUDIT, (lease.channel,)).fetchall()[-1][1:] == (
        "deleted", "by dba/on call",
    )  # fmt: skip
