"""An attacker with role authenticated and SQL: ids of others, forged identities, direct access."""

import json
from collections.abc import Callable, Iterator
from uuid import UUID

import psycopg
import pytest

from tests.support.callers.caller import Caller
from tests.support.callers.people import People, install_helpers
from tests.support.callers.script import Cast, become, call, prepare, tracked
from tests.support.postgres.cluster import Cluster

CHANNELS = [
    "form-responses", "journey-progress", "core-fields", "client-profiles", "supplier-profile",
    "wedding-details", "couple-profile",
]  # fmt: skip
ROLES = ["anon", "authenticated", "service_role", "wedsync_realtime_monitor"]
MAY_SELECT = {
    (role, table)
    for role in ("authenticated", "service_role")
    for table in ("public.realtime_subscriptions", "public.realtime_activity_logs")
} | {("wedsync_realtime_monitor", "wedsync_realtime.metrics_history")}


def test_ids_of_another_tenant_open_nothing(
    act_as: Callable[..., Caller], cast: Cast, session: psycopg.Connection
) -> None:
    with session.transaction():
        before = [line for line in tracked(session) if line[0] == "lease"]
    rival = act_as(cast.rival_user)
    (own,) = rival.rpc(
        "realtime_subscribe", channels=["form-responses"], filters={"supplier_id": str(cast.rival)}
    )["subscriptions"]
    ids = [cast.supplier, cast.couple, cast.wedding, cast.owner_user, cast.couple_user]
    for victim in ids:
        filters = dict.fromkeys(("supplier_id", "couple_id", "wedding_id"), str(victim))
        for name in CHANNELS:
            refused = rival.rpc("realtime_subscribe", channels=[name], filters=filters)
            assert refused["code"] == "forbidden_channel", (name, victim)
            refused = rival.rpc("realtime_subscribe", channels=[name, own["name"]], filters=filters)
            assert refused["success"] is False, (name, victim)
        where = [{"column": "supplier_id", "op": "eq", "value": str(victim)}]
        rival.rpc(
            "realtime_subscribe", channels=["form-responses"], connection_id=victim,
            filters={"supplier_id": str(cast.rival), "where": where},
        )  # fmt: skip
        assert rival.rpc("realtime_ping", connection_id=victim).body.get("pinged", 0) < 2
        assert rival.rpc("realtime_unsubscribe_all", connection_id=victim)["closed"] < 2
        for function in ("realtime_poll", "realtime_unsubscribe"):
            assert rival.rpc(function, channel=str(victim))["code"] == "subscription_not_found"
    for name, lease in cast.leases.items():
        assert rival.rpc("realtime_poll", channel=lease)["code"] == "subscription_not_found"
        assert rival.rpc("realtime_unsubscribe", channel=lease)["code"] == "subscription_not_found"
        assert rival.rpc("realtime_ping", channel_name=lease)["code"] == "subscription_expired"
        answer = rival.rpc("realtime_poll", channel=own["channel"], cursor=cast.cursors[name])
        assert (answer["resyncRequired"], answer["events"]) == (True, []), name
    assert [line["channel"] for line in rival.rpc("realtime_status")["subscriptions"]] == [
        own["channel"]
    ]
    with session.transaction():
        after = [line for line in tracked(session) if line[0] == "lease"]
    assert [line for line in after if line[1]["user_id"] != str(cast.rival_user)] == before


def test_id_of_a_couple_as_wedding_id_is_not_taken_over(
    act_as: Callable[..., Caller], people: People, cast: Cast
) -> None:
    victim = people.couple("Cy and Di")
    attacker = people.couple("Mal and Ory")
    act_as(people.couple_user(attacker)).query(
        "insert into public.wedding_details (id, couple_id) values (%s, %s)", victim, attacker
    )
    answer = act_as(people.couple_user(victim)).rpc(
        "realtime_subscribe", channels=["wedding-details"], filters={"wedding_id": str(victim)}
    )
    assert answer.body["success"], answer.body


@pytest.mark.parametrize(
    "claims",
    [
        "", "x", "{", "null", "1", '"x"', "[]", "[1]", "{}", '{"sub": null}', '{"sub": ""}',
        '{"sub": 7}', '{"sub": "admin"}', '{"sub": {"sub": "%s"}}', '{"sub": ["%s"]}',
        '{"user": {"sub": "%s"}}', '{"SUB": "%s"}', '{"sub": "%s "', '{"sub": "%s\\u0000"}',
        '{"sub": "%s", "sub": "nobody"}', '{"sub": "\\ud800"}', '{"sub": 1e999999}',
        '"%s"', '["%s"]', "[" * 100_000, '{"a":' * 20_000, '{"sub": "' + "x" * 3_000_000 + '"}',
        '{"role": "service_role"}', '{"role": "postgres", "sub": "postgres"}',
    ],
    ids=lambda claims: str(claims)[:30],
)  # fmt: skip
@pytest.mark.parametrize("setting", ["request.jwt.claims", "request.jwt.claim.sub"])
def test_malformed_claims_are_nobody(
    shared_session: tuple[psycopg.Connection, Cast], setting: str, claims: str
) -> None:
    session, cast = shared_session
    # Replaced, not formatted: the other characters stay as they are.
    claims = claims.replace("%s", str(cast.owner_user))
    lease = cast.leases["couple-profile"]
    with session.transaction(force_rollback=True):
        become(session, role="authenticated")
        session.execute("select set_config(%s, %s, true)", (setting, claims))
        for function, *arguments in (
            ("realtime_subscribe", ["couple-profile"], cast.filters()),
            ("realtime_ping",), ("realtime_poll", lease), ("realtime_status",),
            ("realtime_unsubscribe", lease), ("realtime_unsubscribe_all",),
        ):  # fmt: skip
            answer = call(session, str(function), *arguments)
            assert (answer["code"], answer["status"]) == ("unauthorized", 401), function


@pytest.fixture(scope="module")
def shared_session(cluster: Cluster, template: str) -> Iterator[tuple[psycopg.Connection, Cast]]:
    """Yield a connection to one prepared database for tests that undo what they do."""
    with cluster.database(template) as url, psycopg.connect(url, autocommit=True) as connection:
        install_helpers(connection)
        yield connection, prepare(People(url))


def test_claim_of_a_role_gives_no_role(
    shared_session: tuple[psycopg.Connection, Cast],
) -> None:
    session, cast = shared_session
    claims = {"sub": str(cast.rival_user), "role": "service_role", "app_metadata": {"admin": True}}
    with session.transaction(force_rollback=True):
        become(session, role="authenticated")
        session.execute("select set_config('request.jwt.claims', %s, true)", (json.dumps(claims),))
        answer = call(session, "realtime_subscribe", ["couple-profile"], cast.filters())
        assert answer["code"] == "forbidden_channel"
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            call(session, "cleanup_inactive_subscriptions")


RELATIONS = """
    select format('%I.%I', n.nspname, c.relname), c.relkind::text
    from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'S')
    and (n.nspname = 'wedsync_realtime' or (n.nspname = 'public' and c.relname like 'realtime%'))
    order by 1
"""


@pytest.mark.parametrize("role", ROLES)
def test_no_role_touches_a_table_a_partition_or_a_sequence(
    shared_session: tuple[psycopg.Connection, Cast], role: str
) -> None:
    session, _ = shared_session
    relations = session.execute(RELATIONS.encode()).fetchall()
    assert len(relations) > 15
    opened = []
    for name, kind in relations:
        commands = {
            "select": f"select count(*) from {name}",
            "insert": f"insert into {name} default values",
            "update": f"update {name} set {_column(session, name)} = default",
            "delete": f"delete from {name}",
            "truncate": f"truncate {name}",
            "lock": f"lock table {name} in access exclusive mode",
            "trigger": f"create trigger t after insert on {name} execute function boom()",
        }
        if kind == "S":
            commands = {"next": f"select nextval('{name}')", "read": f"select * from {name}"}
        if kind == "v":
            del commands["truncate"], commands["trigger"]
            if role == "wedsync_realtime_monitor":
                del commands["select"]
        for word, command in commands.items():
            try:
                with session.transaction(force_rollback=True):
                    become(session, role=role)
                    session.execute(command.encode())
            except psycopg.errors.InsufficientPrivilege:
                continue
            except psycopg.errors.ObjectNotInPrerequisiteState:
                continue  # a view that nobody can write through
            except psycopg.Error as error:
                opened.append(f"{role}: {word} {name}: {error}")
                continue
            if not (word == "select" and (role, name) in MAY_SELECT):
                opened.append(f"{role}: {word} {name}")
    assert not opened


def _column(session: psycopg.Connection, name: str) -> str:
    row = session.execute(
        "select quote_ident(a.attname) from pg_attribute as a"
        " where a.attrelid = %s::regclass and a.attnum > 0 and not a.attisdropped limit 1",
        (name,),
    ).fetchone()
    return str(row[0]) if row else "x"


def test_reading_shows_own_rows_alone(
    shared_session: tuple[psycopg.Connection, Cast],
) -> None:
    session, cast = shared_session
    for table in ("realtime_subscriptions", "realtime_activity_logs"):
        for user, expected in (
            (cast.owner_user, {cast.owner_user}),
            (cast.rival_user, set[UUID]()),
        ):
            with session.transaction(force_rollback=True):
                become(session, user)
                rows = session.execute(f"select distinct user_id from public.{table}".encode())
                assert {owner for (owner,) in rows} == expected, (table, user)
