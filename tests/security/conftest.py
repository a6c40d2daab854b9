"""An attacker's scene: people with leases, and a superuser's connection beside them."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.support.callers.people import People
from tests.support.callers.script import Cast, prepare


@pytest.fixture
def cast(people: People) -> Cast:
    return prepare(people)


@pytest.fixture
def session(database: str) -> Iterator[psycopg.Connection]:
    """Yield a superuser's connection in autocommit mode."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection
