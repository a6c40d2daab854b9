"""Supabase broadcasts: how they come with a deployment, who may send them, the switch."""

from uuid import UUID

import psycopg

from tests.delivery.failures import failures
from tests.support.callers.caller import caller
from tests.support.callers.listener import INSERT, Listener, subscribed
from tests.support.callers.people import People, install_helpers
from tests.support.postgres.cluster import Cluster, running_cluster
from tests.support.postgres.deploy import deploy
from tests.support.postgres.supabase import OBJECTS, sent
from wedsync_realtime.deployment.deploy import migrate

SWITCH = "update wedsync_realtime.settings set broadcast_enabled = %s"


def test_switched_off_sends_nothing_and_stays_off(
    database: str, admin: psycopg.Connection, listener: Listener, supplier: UUID
) -> None:
    admin.execute(SWITCH, (False,))
    migrate(database)
    compiled = admin.execute(
        "select count(*) from pg_proc where proname ~ '^dispatch_' and prosrc ~ 'broadcast_events'"
    ).fetchone()
    assert compiled == (0,)
    admin.execute(INSERT, (supplier, "quiet"))
    admin.execute("truncate public.form_responses")
    assert sent(admin) == []
    admin.execute(SWITCH, (True,))
    admin.execute(INSERT, (supplier, "loud"))
    assert [message["payload"]["new"]["form_name"] for message in sent(admin)] == ["loud"]


def test_deployment_finds_realtime_when_it_comes_later(
    cluster: Cluster, empty_database: str
) -> None:
    deploy(empty_database)
    with psycopg.connect(empty_database, autocommit=True) as admin:
        setting = "select broadcast_enabled from wedsync_realtime.settings"
        assert admin.execute(setting).fetchone() == (None,)
        admin.execute(OBJECTS)
        assert migrate(empty_database).refreshed
        assert admin.execute(setting).fetchone() == (True,)
        policies = admin.execute(
            "select polname, polcmd::text from pg_policy"
            " where polrelid = 'realtime.messages'::regclass"
        ).fetchall()
        assert policies == [("realtime_messages_select_wedsync", "r")]
    assert migrate(empty_database).is_nothing


def test_deploying_role_that_is_no_superuser_sends() -> None:
    """On Supabase it only bypasses row level security; here it may make no policy either."""
    with running_cluster() as own:
        with own.connect() as superuser:
            superuser.execute("create role deployer login createrole bypassrls")
            superuser.execute("create database app owner deployer")
        with own.connect("app") as superuser:
            superuser.execute(OBJECTS)
            superuser.execute("grant create on schema public to deployer")
        url = own.dsn("app").replace("postgres@", "deployer@", 1)
        (warning,) = migrate(url).warnings
        told, _, statement = warning.partition(': as a superuser run "')
        assert told == "nobody can join a broadcast topic"
        with own.connect("app") as superuser, superuser.transaction(force_rollback=True):
            superuser.execute(statement.removesuffix('"').encode())
        assert migrate(url).is_nothing
        with psycopg.connect(url) as connection:
            install_helpers(connection)
        people = People(url)
        supplier = people.supplier()
        with caller(own.dsn("app"), people.supplier_user(supplier)) as user:
            subscribed(user, "form-responses", {"supplier_id": str(supplier)})
        with psycopg.connect(url, autocommit=True) as deployer:
            deployer.execute(INSERT, (supplier, "row"))
            assert [message["event"] for message in sent(deployer)] == ["form_response.submitted"]
            assert failures(deployer) == []


def test_only_dispatch_may_send_past_the_policies(admin: psycopg.Connection) -> None:
    grantees = admin.execute(
        "select a.grantee::regrole::text from pg_proc p cross join lateral aclexplode(p.proacl) a"
        " where p.proname = 'broadcast_events' and a.grantee <> p.proowner"
    ).fetchall()
    assert grantees == [("wedsync_realtime_owner",)]
