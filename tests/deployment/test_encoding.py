"""A database in another encoding than UTF-8 is deployed to, and its own letters travel."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.types.json import Jsonb

from tests.deployment.conftest import Run, execute, values
from tests.support.callers.caller import caller
from tests.support.callers.people import People, install_helpers
from tests.support.pages.dashboard import running_dashboard
from tests.support.postgres.cluster import Cluster
from wedsync_realtime.entry.cli import main
from wedsync_realtime.packaging import bundle

NAMES = {"LATIN1": "Café Zoë", "WIN1252": "Café „Zoë“ €", "EUC_JP": "花屋"}


@contextmanager
def made(cluster: Cluster, encoding: str) -> Iterator[str]:
    """Yield the URL of an empty database in an encoding."""
    name = f"encoded_{uuid4().hex}"
    with psycopg.connect(cluster.dsn("postgres"), autocommit=True) as connection:
        connection.execute(
            f"create database {name} encoding '{encoding}' locale 'C' template template0".encode()
        )
    # as every client in Python says: psycopg takes JSON for UTF-8
    yield make_conninfo(cluster.dsn(name), client_encoding="utf8")
    cluster.drop_database(name)


@pytest.fixture(params=NAMES)
def encoded(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield the URL of an empty database in an encoding."""
    with made(cluster, request.param) as url:
        yield url


@pytest.fixture(scope="module", params=NAMES)
def deployed(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """Give the URL of a database in an encoding, with the package, and a name in its letters."""
    with made(cluster, request.param) as url:
        assert main(["migrate", "--database-url", url]) == 0
        with psycopg.connect(url) as connection:
            install_helpers(connection)
        yield url, NAMES[request.param]


def test_letters_of_the_database_travel(deployed: tuple[str, str], run: Run) -> None:
    url, name = deployed
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


def test_letters_are_read_by_those_who_look(deployed: tuple[str, str]) -> None:
    """What explain_access, find_people and the dashboard show, whose clients speak UTF-8."""
    url, name = deployed
    people = People(url)
    supplier = people.supplier(name)
    user = people.supplier_user(supplier)
    with psycopg.connect(url) as connection:
        explained = connection.execute(
            "select string_agg(e::text, ' ') from wedsync_realtime.explain_access(%s, %s, %s) as e",
            (user, "form-responses", Jsonb({"supplier_id": str(supplier), "where": [
                {"column": "form_name", "op": "eq", "value": name},
            ]})),
        ).fetchone()  # fmt: skip
        found = connection.execute(
            "select string_agg(p::text, ' ') from wedsync_realtime.find_people(%s) as p", (name,)
        ).fetchone()
    assert explained
    assert "refused" not in explained[0]
    assert found
    assert name in found[0]
    with caller(url, user) as somebody:
        somebody.rpc(
            "realtime_subscribe",
            channels=["form-responses"],
            filters={"supplier_id": str(supplier)},
        )
    with running_dashboard(url) as dashboard:
        assert name in str(dashboard.ask("tenants", search=name).data)
        assert name in str(dashboard.ask("people", term=name).data)


def test_bundle_is_applied_in_every_encoding(encoded: str, run: Run, tmp_path: Path) -> None:
    (written,) = bundle.write(tmp_path)
    execute(encoded, written.file.read_text())
    assert run("migrate", encoded).code == 0
