"""Fixtures: databases with the package deployed beside Supabase Realtime."""

from collections.abc import Iterator

import pytest

from tests.support.postgres.cluster import Cluster
from tests.support.postgres.supabase import supabase_template


@pytest.fixture(scope="package")
def template(cluster: Cluster) -> Iterator[str]:
    with supabase_template(cluster) as name:
        yield name
