"""Sessions whose plans were made while the tables were small: they grow, and the plans are kept."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest

from tests.subscriptions.conftest import on_responses, value
from tests.support.callers.caller import Caller
from tests.support.waiting import until_blocked

SUBSCRIBE = """
    select public.realtime_subscribe(
        array['form-responses'], jsonb_build_object('supplier_id', '{supplier}'){more}
    )
"""
CALLS = {
    "subscribe": SUBSCRIBE.replace("{more}", ", gen_random_uuid()"),
    "subscribe again": SUBSCRIBE.replace("{more}", ""),
    "ping": "select public.realtime_ping()",
    "poll": "select public.realtime_poll('{channel}')",
    "admit": """
        reset role;
        select wedsync_realtime.admit(
            jsonb_build_object('sub', '{user}'), '00000000-0000-0000-0000-000000000000'
        )
    """,
}
# A thousand rows in each table that grows with those who subscribe; those of one row stay small.
GROW = """
    insert into wedsync_realtime.rate_limits (user_id, action, full_at)
    select gen_random_uuid(), 'subscribe', now() from generate_series(1, 1000);
    insert into wedsync_realtime.tenants (tenant_id)
    select gen_random_uuid() from generate_series(1, 1000);
    insert into wedsync_realtime.topics (channel_id, tenant_id)
    select t.channel_id, gen_random_uuid()
    from wedsync_realtime.topics as t cross join generate_series(1, 1000);
    insert into auth.users (id) select gen_random_uuid() from generate_series(1, 1000);
    insert into public.realtime_subscriptions (
        user_id, connection_id, channel_id, channel_name, table_name, topic_id, since, tenant_id
    )
    select
        u.id, gen_random_uuid(), s.channel_name || '-' || u.id, s.channel_name, s.table_name,
        s.topic_id, s.since, gen_random_uuid()
    from public.realtime_subscriptions as s
    cross join (
        select u.id from auth.users as u
        where not exists (select from public.user_profiles as p where p.id = u.id)
    ) as u
    where s.connection_id = '00000000-0000-0000-0000-000000000000'
"""
READ = """
    select coalesce(sum(t.seq_tup_read + t.idx_tup_fetch), 0)
    from pg_stat_xact_all_tables as t
    where t.schemaname in ('public', 'wedsync_realtime', 'auth')
"""
KEY_ORDER = "select id from public.realtime_subscriptions order by connection_id"
HOLD = "select 1 from public.realtime_subscriptions where id = %s for update"


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_kept_plan_reads_by_key_what_has_grown(
    admin: psycopg.Connection, user_of: Callable[..., Caller], supplier: UUID, call: str
) -> None:
    user = user_of(supplier)
    lease = on_responses(user, supplier)
    admin.execute("vacuum analyze")
    statement = call.format(supplier=supplier, channel=lease.channel, user=user.claims["sub"])
    for _ in range(6):  # from the sixth time on a plan is kept
        assert read(user, statement) < 50
    admin.execute(GROW)
    assert read(user, statement) < 50


def test_call_at_its_limit_reads_the_leases_of_its_user_and_tenant_alone(
    admin: psycopg.Connection, user_of: Callable[..., Caller], supplier: UUID
) -> None:
    user = user_of(supplier)
    on_responses(user, supplier)
    admin.execute(GROW)
    admin.execute("update wedsync_realtime.settings set subscriptions_per_user = 1")
    admin.execute("vacuum analyze")
    subscribe = CALLS["subscribe"].format(supplier=supplier)
    with user.transaction() as session:
        assert value(session, subscribe)["code"] == "connection_limit"
    assert read(user, subscribe) < 100


def read(user: Caller, statement: str) -> int:
    """Return how many rows a call reads of the tables."""
    user.connection.execute("select pg_stat_force_next_flush()")
    user.connection.execute("select")
    with user.transaction() as session:
        before = value(session, READ)
        session.execute(statement.encode())
        return int(value(session, READ) - before)


def test_ping_takes_leases_in_the_order_of_their_key(
    admin: psycopg.Connection, user_of: Callable[..., Caller], supplier: UUID
) -> None:
    user = user_of(supplier)
    for connection_id in (UUID(int=2), UUID(int=1)):
        user.rpc(
            "realtime_subscribe",
            channels=["form-responses"],
            filters={"supplier_id": str(supplier)},
            connection_id=connection_id,
        )
    admin.execute("vacuum analyze public.realtime_subscriptions")
    (first,), (second,) = admin.execute(KEY_ORDER).fetchall()
    with (
        ThreadPoolExecutor(1) as pool,
        psycopg.connect(admin.info.dsn) as holder,
        psycopg.connect(admin.info.dsn) as other,
    ):
        holder.execute(HOLD, (first,))
        pinged = pool.submit(user.rpc, "realtime_ping")
        until_blocked(admin, user.connection)
        other.execute(f"{HOLD} nowait", (second,))
        other.rollback()
        holder.rollback()
        assert pinged.result()["pinged"] == 2
