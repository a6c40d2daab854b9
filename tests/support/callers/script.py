"""A scripted day of the package: every RPC, every trigger, every upkeep, as a list of answers.

Attacks play it under hostile settings and compare; the privilege tests play it with one grant
missing. It is a generator, so that a comparison can stop at the first answer that differs.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from tests.support.callers.people import People

OTHER_CONNECTION = UUID("11111111-1111-4111-8111-111111111111")
VOLATILE_KEYS = {
    "cursor", "expiresAt", "createdAt", "lastPingAt", "commit_timestamp", "lastMessageAt",
    "created_at", "last_ping_at", "retryAfter", "timestamp", "submitted_at", "completed_at", "id",
    "messageCount", "since", "until", "maxLagSeconds",
}  # fmt: skip
# A channel id ends with epoch milliseconds; hints and texts count seconds.
MOMENT = re.compile(r"(?<=-)\d{13}\b|\b\d+ s\b")

Line: TypeAlias = tuple[str, Any]


@dataclass(frozen=True)
class Cast:
    """Who takes part: a supplier with a linked couple and its wedding, and a rival."""

    supplier: UUID
    couple: UUID
    wedding: UUID
    rival: UUID
    owner_user: UUID
    couple_user: UUID
    rival_user: UUID
    leases: dict[str, str] = field(default_factory=dict)
    cursors: dict[str, str] = field(default_factory=dict)

    def filters(self, **more: Any) -> dict[str, Any]:
        """Return filters that suit every channel of the supplier or the couple."""
        return {
            "supplier_id": str(self.supplier),
            "couple_id": str(self.couple),
            "wedding_id": str(self.wedding),
            **more,
        }


# A part of the day, which begins with the rows that the parts before it have left.
Part: TypeAlias = Callable[[psycopg.Connection, Cast], Iterator[Line]]


def become(
    connection: psycopg.Connection, user: UUID | None = None, role: str | None = None
) -> None:
    """Act as a user, or as a role without one, until the transaction ends."""
    claims = json.dumps({"sub": str(user), "role": "authenticated"}) if user else ""
    connection.execute(
        sql.SQL(
            "select pg_catalog.set_config('request.jwt.claims', {}, true),"
            " pg_catalog.set_config('role', {}, true)"
        ).format(claims, role or ("authenticated" if user else "none"))
    )


def call(connection: psycopg.Connection, function: str, *arguments: Any) -> Any:
    """Call public.function; names no operator and no type, so a hostile search_path is harmless."""
    places = sql.SQL(", ").join([sql.Placeholder()] * len(arguments))
    row = connection.execute(
        sql.SQL("select {}({})").format(sql.Identifier("public", function), places),
        [Jsonb(value) if isinstance(value, dict) else value for value in arguments],
    ).fetchone()
    assert row is not None
    return row[0]


def steady(answer: Any) -> Any:
    """Return an answer without what differs from run to run."""
    if isinstance(answer, dict):
        return {
            key: type(value).__name__ if key in VOLATILE_KEYS else steady(value)
            for key, value in answer.items()
        }
    if isinstance(answer, list):
        return [steady(value) for value in answer]
    return MOMENT.sub("moment", answer) if isinstance(answer, str) else answer


def value(connection: psycopg.Connection, statement: str) -> object:
    """Return the one value of a query, without what differs from run to run."""
    row = connection.execute(statement.encode()).fetchone()
    return steady(row[0]) if row else None


def prepare(people: People) -> Cast:
    """Write the cast and committed leases with committed events, which the script then polls."""
    supplier, couple = people.supplier(), people.couple()
    people.link(supplier, couple)
    rival = people.supplier("Petal")
    cast = Cast(
        supplier, couple, couple, rival, people.supplier_user(supplier),
        people.couple_user(couple), people.supplier_user(rival),
    )  # fmt: skip
    with psycopg.connect(people.url, autocommit=True) as connection:
        connection.execute(
            "update wedsync_realtime.settings set subscribe_burst = 1000, event_bytes = 2000"
        )
        connection.execute(
            "insert into public.form_responses (supplier_id, form_name) values (%s, 'kept')",
            (supplier,),
        )
        for name, filters in _prepared_filters(cast).items():
            with connection.transaction():
                become(connection, cast.owner_user)
                answer = call(connection, "realtime_subscribe", [name], filters)
            (lease,) = answer["subscriptions"]
            cast.leases[name], cast.cursors[name] = lease["channel"], lease["cursor"]
        _change_rows(connection, cast)
    return cast


def _prepared_filters(cast: Cast) -> dict[str, dict[str, Any]]:
    times = {"column": "created_at", "op": "gt", "value": "2020-01-01"}
    return {
        "form-responses": cast.filters(
            operations=["INSERT", "UPDATE"],
            changed=["status"],
            where=[{"column": "form_name", "op": "in", "value": ["menu"]}, times],
        ),
        "client-profiles": cast.filters(events=["client.updated"]),
        "couple-profile": cast.filters(),
        "wedding-details": cast.filters(),
    }


def _change_rows(connection: psycopg.Connection, cast: Cast) -> None:
    for statement in (
        "insert into public.form_responses (supplier_id, form_name, status)"
        " select %(supplier)s, name, 'draft' from unnest(array['menu', 'seats', 'menu']) as name",
        "update public.form_responses set status = 'submitted' where form_name = 'menu'",
        "delete from public.form_responses where form_name = 'seats'",
        "update public.clients set full_name = 'Ann' where supplier_id = %(supplier)s",
        "update public.couples set wedding_date = '2027-05-01' where id = %(couple)s",
        "insert into public.wedding_details (couple_id, venue, details)"
        " values (%(couple)s, 'Mill', jsonb_build_object('long', (select string_agg(md5(i::text),"
        " '') from generate_series(1, 200) as i)))",
    ):
        connection.execute(statement.encode(), cast.__dict__)


def users(connection: psycopg.Connection, cast: Cast) -> Iterator[Line]:
    """Play what users do; the connection is in a transaction, which the caller rolls back."""
    become(connection, cast.owner_user)

    def line(function: str, *arguments: Any) -> Line:
        return function, steady(call(connection, function, *arguments))

    yield line("realtime_status")
    for name, lease in cast.leases.items():
        page = call(connection, "realtime_poll", lease, cast.cursors[name], 1)
        yield f"first event of {name}", steady(page)
        yield line("realtime_poll", lease, page["cursor"], 100)
        yield line("realtime_poll", lease)
    yield line("realtime_ping")
    yield line("realtime_ping", "form-responses")
    names = ["form-responses", "journey-progress", "client-profiles", "supplier-profile",
             "wedding-details", "couple-profile"]  # fmt: skip
    yield line("realtime_subscribe", names, cast.filters(), OTHER_CONNECTION)
    yield line("realtime_subscribe", names[:1], cast.filters(operations=["DELETE"]))
    for statement in (
        "insert into public.form_responses (supplier_id, form_name) values (%(supplier)s, 'own')",
        "update public.form_responses set status = 'late'",
        "delete from public.form_responses",
        "insert into public.journey_progress (supplier_id) values (%(supplier)s)",
        "update public.suppliers set business_name = 'Bloom & Co'",
    ):
        done = connection.execute(statement.encode(), cast.__dict__)
        yield statement, done.rowcount
    yield line("realtime_unsubscribe", cast.leases["form-responses"])
    yield line("realtime_poll", cast.leases["form-responses"])
    yield line("realtime_poll", cast.leases["client-profiles"], "no cursor")
    yield line("realtime_unsubscribe_all", OTHER_CONNECTION)

    become(connection, cast.couple_user)
    yield line("realtime_subscribe", ["core-fields", "wedding-details"], cast.filters())
    yield line("realtime_subscribe", ["form-responses"], cast.filters())
    yield line("realtime_subscribe", ["couple-profile"], cast.filters(wedding_id="x"))
    yield line("realtime_subscribe", ["couple-profile"], {})
    yield line("realtime_subscribe", ["weather"], {})

    become(connection, cast.rival_user)
    yield line("realtime_subscribe", ["wedding-details"], cast.filters())
    yield line("realtime_poll", cast.leases["couple-profile"])
    yield line("realtime_ping", cast.leases["couple-profile"])
    yield line("realtime_unsubscribe", cast.leases["couple-profile"])

    become(connection, cast.owner_user)
    done = connection.execute("delete from public.clients")
    yield "the owner removes the client", done.rowcount
    yield line("realtime_poll", cast.leases["couple-profile"])
    become(connection, role="authenticated")
    yield line("realtime_poll", "x")
    become(connection, role="anon")
    yield line("realtime_status")


def tracked(connection: psycopg.Connection) -> list[Line]:
    """Return every lease and audit row, as a superuser sees them; ends the acting."""
    connection.execute("set local search_path = pg_catalog")
    become(connection)
    rows = connection.execute(
        "select 'lease', to_jsonb(s) - array['since', 'topic_id']"
        " from public.realtime_subscriptions as s"
        " union all select 'audit', to_jsonb(l) from public.realtime_activity_logs as l"
    ).fetchall()
    return sorted(((kind, steady(row)) for kind, row in rows), key=repr)
