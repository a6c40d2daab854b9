"""The cluster of three that the documentation shows."""

import asyncio
import socket
from contextlib import suppress
from pathlib import Path

from nats.errors import Error as NatsError

from tests.relay.documented import block, certificate
from tests.support.nats.brokers import Broker, bare_configuration
from tests.support.nats.push import operator
from tests.support.nats.relay import Relay
from tests.support.waiting import PATIENCE

SERVERS = 3


class Cluster:
    """Three servers, each to be killed by itself. They keep their ports."""

    def __init__(self, folder: Path) -> None:
        certificate(folder)
        (folder / "wedsync.conf").write_text(bare_configuration(folder))
        self._ports = [free_port() for _ in range(2 * SERVERS)]
        self.servers: dict[str, Broker] = {}
        for number in range(SERVERS):
            place = folder / str(number)
            place.mkdir()
            self.servers[f"nats-{number + 1}"] = Broker(place, self._configuration(number, folder))

    @property
    def url(self) -> str:
        """Where clients and relays reach them."""
        return ",".join(map(self.url_of, self.servers))

    def url_of(self, name: str) -> str:
        """Where clients and relays reach one of them."""
        return self.servers[name].url.replace("nats:", "tls:")

    def cut_off(self, name: str) -> None:
        """Start a server anew where no other reaches it, nor it any other."""
        server = self.servers[name]
        server.kill()
        for port in self._ports[SERVERS:]:
            server.text = server.text.replace(f":{port}", f":{free_port()}")
        server.start()

    def _configuration(self, number: int, folder: Path) -> str:
        """Return what is documented for the first as it is for each, all on one machine."""
        text = block("conf").replace("server_name: nats-1", f"server_name: nats-{number + 1}")
        for shown, here in {
            'listen: "0.0.0.0:4222"\n': "",
            "include wedsync.conf": "include ../wedsync.conf",
            "0.0.0.0:443": f"127.0.0.1:{self._ports[number]}",
            "0.0.0.0:6222": f"127.0.0.1:{self._ports[SERVERS + number]}",
            "/etc/nats": str(folder),
            "/var/lib/nats": str(folder / str(number)),
            **{
                f"//nats-{other + 1}:6222": f"//127.0.0.1:{self._ports[SERVERS + other]}"
                for other in range(SERVERS)
            },
        }.items():
            assert shown in text
            text = text.replace(shown, here)
        return text


async def leader_of_all(relay: Relay) -> str:
    """Wait until all servers have all of the stream, and return the one that takes messages.

    Its first message too, the position: without one the relay has clients read anew what was
    written while servers were away.
    """
    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(NatsError, OSError, TimeoutError):
                async with operator(relay) as client:
                    info = await client.jetstream().stream_info("WEDSYNC")
                cluster = info.state.last_seq and info.cluster
                others = (cluster and cluster.replicas) or []
                current = [each for each in others if each.current and not each.offline]
                if cluster and cluster.leader and len(current) == SERVERS - 1:
                    return cluster.leader
            await asyncio.sleep(0.1)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
