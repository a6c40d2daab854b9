"""Suppliers, couples, their users and links in a test database, by name."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString
from uuid import UUID, uuid4

import psycopg

from tests.support.postgres.cluster import Cluster

HELPERS = Path(__file__).parents[2] / "db" / "support"


def install_helpers(connection: psycopg.Connection) -> None:
    """Create schema tests with the helpers of the stories, callable by every role."""
    connection.execute("create schema tests")
    for file in sorted(HELPERS.glob("*.sql")):
        connection.execute(file.read_bytes())
    connection.execute("grant usage on schema tests to public")
    # The package takes PUBLIC's default privilege to execute away.
    connection.execute("grant execute on all functions in schema tests to public")


@dataclass(frozen=True)
class People:
    """Creators that give the same row for the same name, in the database with this URL.

    connection: what they work through, in autocommit mode; by default a new one each time.
    """

    url: str
    connection: psycopg.Connection | None = None

    def supplier(self, name: str = "Bloom") -> UUID:
        """Return a supplier's id."""
        return self._id("select tests.supplier(%s)", name)

    def couple(self, name: str = "Ann and Bob") -> UUID:
        """Return a couple's id."""
        return self._id("select tests.couple(%s)", name)

    def supplier_user(self, supplier: UUID, name: str = "owner") -> UUID:
        """Return a user's id in the team of a supplier."""
        return self._id("select tests.supplier_user(%s, %s)", supplier, name)

    def couple_user(self, couple: UUID, name: str = "partner") -> UUID:
        """Return a user's id that belongs to a couple."""
        return self._id("select tests.couple_user(%s, %s)", couple, name)

    def stranger(self, name: str = "stranger") -> UUID:
        """Return the id of a user who signed up and has no profile."""
        return self._id("select tests.signed_up(%s)", name)

    def link(self, supplier: UUID, couple: UUID) -> UUID:
        """Return the id of the client row between a supplier and a couple."""
        return self._id("select tests.link(%s, %s)", supplier, couple)

    def _id(self, statement: LiteralString, *values: UUID | str) -> UUID:
        with ExitStack() as stack:
            connection = self.connection or stack.enter_context(psycopg.connect(self.url))
            row = connection.execute(statement, values).fetchone()
        assert row is not None
        assert isinstance(row[0], UUID)
        return row[0]


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


@contextmanager
def shared_database(cluster: Cluster, template: str) -> Iterator[str]:
    """Make a database with our helpers for tests that share it, and yield its URL."""
    with cluster.database(template) as url:
        with psycopg.connect(url) as connection:
            install_helpers(connection)
        yield url


@contextmanager
def own_people(url: str) -> Iterator[People]:
    """Yield people whom no other test of a shared database knows; none of its leases is left."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("delete from public.realtime_subscriptions")
        yield OwnPeople(url, connection, mark=str(uuid4()))
