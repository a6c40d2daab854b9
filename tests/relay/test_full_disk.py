"""A NATS server whose disk is full: the relay says what to do, and then nothing is missing."""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from nats.errors import Error as NatsError

from tests.relay.scene import FORMS, Scene, asynchronous, names, until
from tests.relay.stage import published_names
from tests.support.nats.brokers import Broker, relay_configuration, running_broker
from tests.support.nats.push import pushed
from tests.support.nats.relay import Relay, running_relay
from tests.support.waiting import PATIENCE

LONG = "x" * 20_000
ERROR = "select last_error from wedsync_realtime.relays where last_error like '%stores nothing%'"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 3 MB where the server has its files."""
    folder = tmp_path / "js"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("may not mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def broker(disk: Path, tmp_path: Path) -> Iterator[Broker]:
    """Run a server on the disk, which takes it for one of 5 GB."""
    text = relay_configuration(tmp_path).replace("store_dir", "max_file: 5GB, store_dir")
    with running_broker(tmp_path, text) as broker:
        yield broker


@pytest.fixture
def relay(database: str, broker: Broker, tmp_path: Path) -> Iterator[Relay]:
    """Run a relay on it."""
    with running_relay(database, tmp_path, NATS_URL=broker.url) as relay:
        yield relay


@asynchronous
async def test_full_disk_holds_up_and_loses_nothing(
    relay: Relay, broker: Broker, disk: Path, scene: Scene
) -> None:
    async with pushed(relay, scene.user) as client:
        await client.subscribe(FORMS, **scene.own)
        scene.submit("first")
        assert names(await client.take_events(1)) == ["first"]
        written = [f"{number}{LONG}" for number in range(30)]
        fill(disk / "filler")
        scene.submit(*written)
        await until(lambda: scene.value(ERROR))
        assert "make room there and start it again" in scene.value(ERROR)
        assert client.got.empty()
    (disk / "filler").unlink()
    broker.kill()
    broker.start()
    scene.submit("last")
    async with asyncio.timeout(PATIENCE):
        stored: list[str] = []
        while "last" not in stored:
            with suppress(OSError, NatsError, TimeoutError):
                stored = await published_names(relay)
            await asyncio.sleep(0.1)
    assert stored == ["first", *written, "last"]


def fill(file: Path) -> None:
    """Write until the disk is full."""
    with file.open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            return
