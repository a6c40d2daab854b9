"""Fixtures: a scene to listen in."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.listener.scene import Scene
from tests.support.callers.people import People


@pytest.fixture
def scene(database: str, people: People) -> Iterator[Scene]:
    supplier = people.supplier()
    user = people.supplier_user(supplier)
    with psycopg.connect(database, autocommit=True) as connection:
        yield Scene(database, connection, supplier, user)
