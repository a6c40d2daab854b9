"""Sessions whose plans were made while the tables were small: they grow, and the plans are kept."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest

from tests.subscriptions.conftest import on_responses, value
from tests.support.callers.caller import Caller
from tests.support.callers.people import People
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
    "status": "select public.realtime_status()",
    "unsubscribe": "select public.realtime_unsubscribe('{channel}')",
    "unsubscribe_all": "select public.realtime_unsubscribe_all()",
    "may_join": "select wedsync_realtime.may_join('form-responses:{supplier}')",
    "admit": """
        reset role;
        select wedsync_realtime.admit(
            jsonb_build_object('sub', '{user}'), '00000000-0000-0000-0000-000000000000'
        )
    """,
}
# Read from end to end in this transaction; those of one row, or of one a channel, stay small.
SCANNED = """
    select t.relname from pg_stat_xact_all_tables as t
    where t.seq_scan > 0 and t.schemaname in ('public', 'wedsync_realtime', 'auth')
        and t.relname not in ('settings', 'feed_horizon', 'channels')
"""
OTHERS = """
    insert into public.realtime_subscriptions (
        user_id, connection_id, channel_id, channel_name, table_name, topic_id, since, tenant_id
    )
    select
        s.user_id, gen_random_uuid(), s.channel_id || n, s.channel_name, s.table_name, s.topic_id,
        s.since, s.tenant_id
    from public.realtime_subscriptions as s
    cross join generate_series(1, 1000) as n
    where s.user_id = %s
"""
READ = """
    select t.seq_tup_read + t.idx_tup_fetch from pg_stat_xact_all_tables as t
    where t.relname = 'realtime_subscriptions'
"""
KEY_ORDER = "select id from public.realtime_subscriptions order by connection_id"
HOLD = "select 1 from public.realtime_subscriptions where id = %s for update"


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_call_reads_no_growing_table_from_end_to_end(
    admin: psycopg.Connection, user_of: Callable[..., Caller], supplier: UUID, call: str
) -> None:
    user = user_of(supplier)
    lease = on_responses(user, supplier)
    admin.execute("vacuum analyze")
    with user.transaction() as session:
        assert session.execute(SCANNED).fetchall() == []
        session.execute(
            call.format(supplier=supplier, channel=lease.channel, user=user.claims["sub"]).encode()
        )
        assert session.execute(SCANNED).fetchall() == []


def test_call_at_its_limit_reads_the_leases_of_its_user_and_tenant_alone(
    admin: psycopg.Connection,
    people: People,
    user_of: Callable[..., Caller],
    supplier: UUID,
) -> None:
    user, petal = user_of(supplier), people.supplier("Petal")
    stranger = user_of(petal, "stranger")
    on_responses(user, supplier)
    on_responses(stranger, petal)
    admin.execute(OTHERS, (stranger.claims["sub"],))
    admin.execute("update wedsync_realtime.settings set subscriptions_per_user = 1")
    admin.execute("vacuum analyze")
    with user.transaction() as session:
        subscribe = CALLS["subscribe"].format(supplier=supplier)
        assert value(session, subscribe)["code"] == "connection_limit"
        assert value(session, READ) < 20


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
