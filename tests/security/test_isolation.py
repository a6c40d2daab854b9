"""Isolation by property: against a model, nobody ever hears or reads what is not theirs."""

import os
from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test as run_machine

from tests.security.administration import USERS
from tests.security.machine import Isolation
from tests.support.postgres.cluster import Cluster

LONG = bool(os.environ.get("WEDSYNC_LONG"))
EXAMPLES, STEPS = (1500, 80) if LONG else (60, 50)


@pytest.fixture
def connection(cluster: Cluster, template: str) -> Iterator[psycopg.Connection]:
    """Yield a superuser's connection to a database of its own, with limits out of the way."""
    with (
        cluster.database(template) as url,
        psycopg.connect(url, autocommit=True) as opened,
    ):
        opened.execute(
            "update wedsync_realtime.settings set subscribe_burst = 6000,"
            " subscribe_per_minute = 6000, subscriptions_per_user = 1000"
        )
        for who in USERS:
            opened.execute("insert into auth.users (id) values (%s)", (who,))
        yield opened


@pytest.mark.timeout(7200)
def test_nobody_hears_or_reads_what_the_model_forbids(connection: psycopg.Connection) -> None:
    Isolation.connection = connection
    # Shrinking takes minutes: only where there is time.
    phases = [Phase.generate, Phase.shrink] if LONG else [Phase.generate]
    run_machine(
        Isolation,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            phases=phases,
            derandomize=not LONG,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
