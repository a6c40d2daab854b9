"""Whatever is killed, stopped or started twice: every committed change comes once."""

import asyncio
import itertools
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.relay.scene import asynchronous
from tests.relay.stage import Stage, follow_while, someone_leads
from tests.support.nats.brokers import Broker, relay_configuration, running_broker
from tests.support.postgres.servers import durable_server

TIMES = 20 if os.environ.get("WEDSYNC_LONG") else 1
BETWEEN = 0.5  # seconds at most of work between two kills
pytestmark = pytest.mark.timeout(1800)
WHAT = ("relay", "broker", "database")
KILLS = [set(each) for size in (1, 2, 3) for each in itertools.combinations(WHAT, size)]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """Run a NATS server."""
    text = relay_configuration(tmp_path)
    with running_broker(tmp_path, text) as broker:
        yield broker


@pytest.fixture
def stage(broker: Broker, tmp_path: Path) -> Iterator[Stage]:
    """Run a durable server beside it."""
    with durable_server("app") as server:
        stage = Stage(server, broker.url, tmp_path)
        try:
            yield stage
        finally:
            while stage.relays:
                stage.end_relay()


def kill(stage: Stage, broker: Broker, what: set[str]) -> None:
    """Kill some of it, in any order, and start it again, as whoever watches over it would."""
    for each in random.sample(sorted(what), len(what)):
        if each == "relay":
            stage.end_relay()
        elif each == "broker":
            broker.kill()
        else:
            stage.server.kill()
    with stage.written_slowly():
        if "database" in what:
            stage.server.start()
        if "broker" in what:
            broker.start()
        if "relay" in what:
            stage.start_relay()
        stage.keep_hot()


@asynchronous
async def test_every_committed_change_comes_once_whatever_is_killed(
    stage: Stage, broker: Broker
) -> None:
    await asyncio.to_thread(stage.start_relay)

    async def kill_at_random() -> None:
        for what in random.sample(KILLS * TIMES, len(KILLS) * TIMES):
            await asyncio.sleep(random.uniform(0, BETWEEN))
            await asyncio.to_thread(kill, stage, broker, what)

    await follow_while(stage, kill_at_random)


@asynchronous
async def test_stopped_leader_is_overtaken_and_does_no_harm_when_it_wakes(stage: Stage) -> None:
    first = await asyncio.to_thread(stage.start_relay)
    second = await asyncio.to_thread(stage.start_relay)

    async def stop_and_wake() -> None:
        for stopped in (first, second, first):
            os.kill(stopped.process.pid, signal.SIGSTOP)
            with stage.written_slowly():
                await someone_leads(first)
            await asyncio.sleep(BETWEEN)
            os.kill(stopped.process.pid, signal.SIGCONT)
            await asyncio.sleep(BETWEEN)

    await follow_while(stage, stop_and_wake)
