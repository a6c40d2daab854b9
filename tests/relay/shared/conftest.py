"""Fixtures: a relay and a database for all the tests here, and people for each of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.cluster import Cluster
from tests.support.people import People, install_helpers
from tests.support.relay import Relay, running_relay


@dataclass(frozen=True, kw_only=True)
class OwnPeople(People):
    """People whom no other test knows. mark: what sets their names apart."""

    mark: str

    def supplier(self, name: str = "Bloom") -> UUID:
        """Return a supplier's id."""
        return super().supplier(f"{name} {self.mark}")

    def supplier_user(self, supplier: UUID, name: str = "owner") -> UUID:
        """Return a user's id in the team of a supplier."""
        return super().supplier_user(supplier, f"{name} {self.mark}")


@pytest.fixture(scope="package")
def database(cluster: Cluster, template: str) -> Iterator[str]:
    with cluster.database(template) as url:
        with psycopg.connect(url) as connection:
            install_helpers(connection)
        yield url


@pytest.fixture
def people(database: str) -> Iterator[People]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield OwnPeople(database, connection, mark=str(uuid4()))


@pytest.fixture(scope="package")
def relay(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    with running_relay(database, tmp_path_factory.mktemp("home")) as relay:
        yield relay
