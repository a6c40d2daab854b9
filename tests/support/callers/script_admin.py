"""The second half of the scripted day: limits, upkeep, administrators, and what they set off."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

import psycopg

from tests.support.callers.script import (
    OTHER_CONNECTION,
    Cast,
    Line,
    Part,
    become,
    call,
    steady,
    users,
    value,
)  # fmt: skip
from tests.support.callers.script_monitoring import MONITORING

T = TypeVar("T")

# Each runs as superuser, whose own privileges do not count: triggers run as their functions' owner.
# An empty line ends a part.
CHANGES = """
insert into public.form_responses (supplier_id, form_name) values (%(supplier)s, 'a')
insert into public.form_responses (supplier_id, responses)
    select %(supplier)s, to_jsonb(array_agg(md5(i::text))) from generate_series(1, 200) as i
set local timezone = 'Asia/Tokyo'
update public.form_responses set status = 'submitted'
set local timezone = 'UTC'
update public.form_responses set supplier_id = %(rival)s
delete from public.form_responses
update public.suppliers set business_name = 'Bloom Ltd'
insert into public.clients (supplier_id, couple_id) values (%(supplier)s, %(couple)s)
truncate public.form_responses, public.journey_progress

update wedsync_realtime.settings set dispatch_guarded = true

alter table wedsync_realtime.events add constraint none check (operation <> 'I') not valid
insert into public.form_responses (supplier_id) values (%(supplier)s)
insert into public.form_responses (supplier_id) values (%(supplier)s)

alter table wedsync_realtime.events drop constraint none
update wedsync_realtime.settings set dispatch_guarded = false
update wedsync_realtime.settings set stale_after = '4 minutes', event_bytes = 3000

update wedsync_realtime.settings set subscriptions_per_user = 2, subscriptions_per_tenant = 500
insert into wedsync_realtime.tenants (tenant_id, max_subscriptions) values (%(wedding)s, 900)
    on conflict (tenant_id) do update set max_subscriptions = 901
""".strip().replace("\n    ", " ").split("\n\n")  # fmt: skip

GATES = """
    select c.oid::regclass::text from pg_class as c
    where c.relnamespace = 'wedsync_realtime'::regnamespace and c.relname like 'gate\\_%'
"""
REGISTERED = """
    create table public.tastings (
        supplier_id uuid, place integer, dish text, secret text, primary key (supplier_id, place)
    );
    select wedsync_realtime.register_channel(
        'tastings', 'public.tastings', 'supplier_id', 'supplier_id', 'own_supplier',
        columns => array['dish']
    );
"""


def in_one_minute(play: Callable[[], T]) -> T:
    """Return what a play returns that ends in the minute in which it began.

    The audit and the figures count by minutes, so that another play would be told otherwise. A play
    undoes what it does, and is repeated.
    """
    while True:
        minute = int(time.time() // 60)
        told = play()
        if int(time.time() // 60) == minute:
            return told


def day(connection: psycopg.Connection, cast: Cast) -> Iterator[Line]:
    """Play all of it, `in_one_minute`, in a transaction that the caller rolls back."""
    for part in DAY:
        yield from part(connection, cast)


def _gates(connection: psycopg.Connection, cast: Cast) -> Iterator[Line]:
    become(connection)
    # Their changes are not undone with the transaction.
    for gate in connection.execute(GATES).fetchall():
        connection.execute("select setval(%s, 1, false)", gate)
    yield "gates", value(connection, "select wedsync_realtime.set_gates()::text")


def _changes(statements: str, connection: psycopg.Connection, cast: Cast) -> Iterator[Line]:
    become(connection)
    for statement in statements.split("\n"):
        yield statement, connection.execute(statement.encode(), cast.__dict__).rowcount


def _subscribe(connection: psycopg.Connection, cast: Cast, *channels: str) -> Line:
    answer = call(connection, "realtime_subscribe", list(channels), cast.filters())
    return f"subscribe to {', '.join(channels)}", steady(answer)


def _filters(connection: psycopg.Connection, cast: Cast) -> Iterator[Line]:
    become(connection, cast.owner_user)
    for more in (
        {"events": ["form_response.updated"], "changed": ["status"]},
        {"where": [{"column": "submitted_at", "op": "gt", "value": "2026-01-01"}]},
        {"where": [{"column": "submitted_at", "op": "gt", "value": "soon"}]},
    ):
        filters = cast.filters(**more)
        answer = call(connection, "realtime_subscribe", ["form-responses"], filters)
        yield f"subscribe with {more}", steady(answer)
    (told,) = call(connection, "realtime_subscribe", ["supplier-profile"], cast.filters())[
        "subscriptions"
    ]
    cursor = told["cursor"]
    for _ in range(3):
        answer = call(connection, "realtime_poll", told["channel"], cursor)
        yield "poll on", steady(answer)
        cursor = answer["cursor"]
    become(connection)
    connection.execute("update wedsync_realtime.feed_horizon set max_xid = pg_current_xact_id()")
    become(connection, cast.owner_user)
    answer = call(connection, "realtime_poll", told["channel"], told["cursor"])
    yield "poll from before the feed", steady(answer)


def _limits(connection: psycopg.Connection, cast: Cast) -> Iterator[Line]:
    become(connection, cast.owner_user)
    yield _subscribe(connection, cast, "journey-progress", "supplier-profile", "client-profiles")
    become(connection)
    connection.execute("update wedsync_realtime.settings set subscribe_burst = 1")
    become(connection, cast.owner_user)
    yield _subscribe(connection, cast, "supplier-profile")
    yield _subscribe(connection, cast, "supplier-profile")
    become(connection)
    connection.execute(
        "update wedsync_realtime.settings set subscribe_burst = 999, subscriptions_per_user = 50"
    )
    connection.execute("update wedsync_realtime.topics set is_ready = false, blockers = null")
    connection.execute(
        "update public.realtime_subscriptions set last_ping_at = now() - interval '3 minutes'"
    )
    become(connection, cast.owner_user)
    for lease in cast.leases.values():
        yield "poll an unsettled topic", steady(call(connection, "realtime_poll", lease))


POSITION = "select d.next from wedsync_realtime.drain('') as d where d.kind = 'position'"


def _relay(connection: psycopg.Connection, cast: Cast) -> Iterator[Line]:
    become(connection, role="wedsync_realtime_relay")
    position = value(connection, POSITION)
    become(connection)
    connection.execute("update public.suppliers set business_name = 'Bloom of May'")
    connection.execute("update public.suppliers set business_name = 'Bloom of June'")
    become(connection, role="wedsync_realtime_relay")
    drained = "(select string_agg(d.kind, ',') from wedsync_realtime.drain({}) as d{})"
    pairs = f"array[uuid '{cast.owner_user}'], array[uuid '{OTHER_CONNECTION}']"
    for expression in (
        drained.format("", ""),
        drained.format("''", ""),
        # of its own a transaction is told there where another one began after it
        drained.format(f"'{position}'", " where d.kind = 'position'"),
        f"wedsync_realtime.admit('{{\"sub\": \"{cast.owner_user}\"}}', '{OTHER_CONNECTION}')",
        f"wedsync_realtime.keep_alive({pairs})",
        "wedsync_realtime.renewal_interval()",
        f"wedsync_realtime.close_connections({pairs})",
        f"wedsync_realtime.doubt_connections({pairs})",
        f'wedsync_realtime.report_relay(\'{{"id": "{OTHER_CONNECTION}"}}\')',
        f'wedsync_realtime.report_relay(\'{{"id": "{OTHER_CONNECTION}"}}\')',
    ):
        yield (
            expression.replace(str(position), "position"),
            value(connection, f"select {expression}"),
        )


def _registry(connection: psycopg.Connection, cast: Cast) -> Iterator[Line]:
    become(connection)
    connection.execute(REGISTERED.encode())
    become(connection, cast.owner_user)
    answer = call(connection, "realtime_subscribe", ["tastings"], cast.filters())
    yield "subscribe to a registered channel", steady(answer)
    become(connection)
    for statement in (
        "insert into public.tastings values (%(supplier)s, 1, 'cake', 'x')",
        "update public.tastings set dish = 'pie', secret = 'y'",
        "update public.tastings set place = 2",
        "delete from public.tastings",
        "update wedsync_realtime.channels set supplier_authoriser = null,"
        " couple_authoriser = 'own_couple' where name = 'tastings'",
        "select wedsync_realtime.unregister_channel('tastings')",
    ):
        yield statement, connection.execute(statement.encode(), cast.__dict__).rowcount


def _revocations(connection: psycopg.Connection, cast: Cast) -> Iterator[Line]:
    for statement in (
        "delete from public.clients",
        "insert into public.clients (supplier_id, couple_id) values (%(supplier)s, %(couple)s)",
        "truncate public.clients",
        "insert into public.clients (supplier_id, couple_id) values (%(supplier)s, %(couple)s)",
        "update wedsync_realtime.channels set is_enabled = false where name = 'couple-profile'",
        "update wedsync_realtime.channels set is_enabled = true where name = 'couple-profile'",
        "select wedsync_realtime.disconnect(user_id => %(owner_user)s)",
        "update public.user_profiles set user_type = 'couple' where id = %(owner_user)s",
        "delete from auth.users where id = %(owner_user)s",
        "delete from public.realtime_subscriptions",
    ):
        become(connection, cast.couple_user)
        yield _subscribe(connection, cast, "wedding-details", "core-fields")
        become(connection, cast.owner_user)
        yield _subscribe(connection, cast, "wedding-details", "form-responses")
        yield _subscribe(connection, cast, "couple-profile")
        become(connection)
        connection.execute(statement.encode(), cast.__dict__)
        yield statement, value(connection, "select count(*) from public.realtime_subscriptions")


def _upkeep(connection: psycopg.Connection, cast: Cast) -> Iterator[Line]:
    become(connection, cast.couple_user)
    yield _subscribe(connection, cast, "core-fields")
    call(connection, "realtime_subscribe", ["core-fields"], cast.filters(), OTHER_CONNECTION)
    become(connection)
    connection.execute(
        "update public.realtime_subscriptions set last_ping_at = now() - interval '1 hour'"
    )
    become(connection, cast.couple_user)
    yield "an expired ping", steady(call(connection, "realtime_ping"))
    become(connection, role="service_role")
    yield "cleanup", call(connection, "cleanup_inactive_subscriptions")
    become(connection)
    connection.execute("update wedsync_realtime.topics set idle_since = now() - interval '3 days'")
    connection.execute("select wedsync_realtime.maintain_partitions()")
    connection.execute("select wedsync_realtime.maintain_partitions()")
    yield "cooled", value(connection, "select count(*) from wedsync_realtime.topics")


def _counts(connection: psycopg.Connection, cast: Cast) -> Iterator[Line]:
    become(connection)
    for table in ("public.realtime_subscriptions", "public.realtime_activity_logs",
                  "wedsync_realtime.events", "wedsync_realtime.topics"):  # fmt: skip
        yield table, value(connection, f"select count(*) from {table}")


DAY: tuple[Part, ...] = (
    _gates, users, _filters, *(partial(_changes, block) for block in CHANGES), _limits, _registry,
    _relay, *MONITORING, _revocations, _upkeep, _counts,
)  # fmt: skip
