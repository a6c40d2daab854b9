"""Of a cluster of three any server may be killed, at any moment."""

import asyncio
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.relay.cluster import SERVERS, Cluster, leader_of_all
from tests.relay.scene import asynchronous
from tests.relay.stage import Stage, follow_while
from tests.support.postgres.servers import durable_server

TIMES = 20 if os.environ.get("WEDSYNC_LONG") else 1
BETWEEN = 1.0  # seconds at most of work with a server missing
pytestmark = pytest.mark.timeout(1800)


@pytest.fixture
def stage(cluster_of_three: Cluster, tmp_path: Path) -> Iterator[Stage]:
    """Run a durable server beside the cluster."""
    with durable_server("app") as server:
        stage = Stage(server, cluster_of_three.url, tmp_path, replicas=SERVERS)
        try:
            yield stage
        finally:
            while stage.relays:
                stage.end_relay()


@asynchronous
async def test_every_committed_change_comes_once_whichever_server_is_killed(
    stage: Stage, cluster_of_three: Cluster
) -> None:
    await asyncio.to_thread(stage.start_relay)
    await asyncio.to_thread(stage.start_relay)
    relay, servers = stage.relays[0], cluster_of_three.servers

    async def kill() -> None:
        for what in random.sample(["any", "leader", "two"] * TIMES, 3 * TIMES):
            with stage.written_slowly():
                leader = await leader_of_all(relay)
            others = random.sample(sorted(servers.keys() - {leader}), 2)
            killed = {"any": others[:1], "leader": [leader], "two": [leader, others[0]]}[what]
            for name in killed:
                await asyncio.sleep(random.uniform(0, BETWEEN))
                servers[name].kill()
            await asyncio.sleep(random.uniform(0, BETWEEN))
            with stage.written_slowly():
                for name in killed:
                    await asyncio.to_thread(servers[name].start)
                await asyncio.to_thread(stage.keep_hot)

    await follow_while(stage, kill)
