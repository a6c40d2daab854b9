"""Fixtures: a relay and a database for all the tests here, and people for each of them."""

from collections.abc import Iterator

import pytest

from tests.support.callers.people import People, own_people, shared_database
from tests.support.nats.relay import Relay, running_relay
from tests.support.postgres.cluster import Cluster


@pytest.fixture(scope="package")
def database(cluster: Cluster, template: str) -> Iterator[str]:
    with shared_database(cluster, template) as url:
        yield url


@pytest.fixture
def people(database: str) -> Iterator[People]:
    with own_people(database) as people:
        yield people


@pytest.fixture(scope="package")
def relay(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    with running_relay(database, tmp_path_factory.mktemp("home")) as relay:
        yield relay
