"""Fixtures: a database with people, a relay on it with a NATS server of its own, a cluster."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.relay.cluster import Cluster
from tests.relay.scene import Scene
from tests.support.callers.people import People
from tests.support.nats.relay import Relay, running_relay


@pytest.fixture
def relay(database: str, tmp_path: Path) -> Iterator[Relay]:
    """Run a relay on `database`."""
    with running_relay(database, tmp_path / "home") as relay:
        yield relay


@pytest.fixture
def scene(database: str, people: People) -> Iterator[Scene]:
    """Return a supplier with a user, and a connection to write with."""
    supplier = people.supplier()
    user = people.supplier_user(supplier)
    with psycopg.connect(database, autocommit=True) as connection:
        yield Scene(database, people, supplier, user, connection)


@pytest.fixture
def cluster_of_three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """Run the cluster, whose certificate the relays and clients of the test trust."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    cluster = Cluster(tmp_path)
    try:
        for server in cluster.servers.values():
            server.start()
        yield cluster
    finally:
        for server in cluster.servers.values():
            server.kill()
