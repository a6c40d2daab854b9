"""A database in another encoding than UTF-8 is deployed to, and its own letters travel."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.deployment.conftest import Run, values
from tests.support.caller import caller
from tests.support.cluster import Cluster
from tests.support.people import People, install_helpers

NAMES = {"LATIN1": "Café Zoë", "WIN1252": "Café „Zoë“ €", "EUC_JP": "花屋"}


@pytest.fixture(params=NAMES)
def encoded(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """Give the URL of an empty database in an encoding, and a name in its letters."""
    name = f"encoded_{uuid4().hex}"
    with psycopg.connect(cluster.dsn("postgres"), autocommit=True) as connection:
        connection.execute(
            f"create database {name} encoding '{request.param}' locale 'C'"
            " template template0".encode()
        )
    # as every client in Python says: psycopg takes JSON for UTF-8
    yield make_conninfo(cluster.dsn(name), client_encoding="utf8"), NAMES[request.param]
    cluster.drop_database(name)


def test_letters_of_the_database_travel(encoded: tuple[str, str], run: Run) -> None:
    url, name = encoded
    ran = run("migrate", url)
    assert ran.code == 0, ran.err
    with psycopg.connect(url) as connection:
        install_helpers(connection)
    people = People(url)
    supplier = people.supplier(name)
    user = people.supplier_user(supplier)
    with caller(url, user) as somebody:
        lease = somebody.rpc(
            "realtime_subscribe",
            channels=["form-responses"],
            filters={
                "supplier_id": str(supplier),
                "where": [{"column": "form_name", "op": "eq", "value": name}],
            },
        )["subscriptions"][0]
        with psycopg.connect(url) as connection:
            connection.execute(
                "insert into public.form_responses (supplier_id, form_name, responses)"
                " values (%s, %s, jsonb_build_object(%s::text, %s::text))",
                (supplier, name, name, name),
            )
        asked = {"channel": lease["channel"], "cursor": lease["cursor"]}
        (told,) = somebody.rpc("realtime_poll", **asked)["events"]
    assert (told["new"]["form_name"], told["new"]["responses"]) == (name, {name: name})
    assert name in values(url, "select tenant_name from wedsync_realtime.tenant_load")
    assert run("verify", url).code == 0
    assert run("migrate", url).code == 0
