"""The relay's connections to NATS, and what the server behind them must be able to do."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

from nats.aio.client import Client
from nats.errors import Error as NatsError

from wedsync_realtime import __version__
from wedsync_realtime.errors import BrokerError
from wedsync_realtime.relay.client import CallsClient, SteadyClient
from wedsync_realtime.relay.keys import Keys, Login
from wedsync_realtime.started import program

NAME = "wedsync-realtime relay"
OLDEST = (2, 10)
# Releases whose earlier patches publish a trace of a message wherever its sender likes, and the
# first patch that does not (CVE-2026-33249).
MENDED = {(2, 11): 15, (2, 12): 6}
PATIENCE = 5  # seconds
PENDING = 64 * 2**20  # bytes that may wait for the socket

SHOW = f"`{program()} relay --print-config`"


class LostBrokerError(Exception):
    """The connection to NATS broke; everything that stood on it is to be built anew."""


@dataclass(frozen=True)
class Connections:
    """app: of the account with the stream and the clients. system: of NATS's own account.

    calls: of the former, for what clients ask, so that it stands in the way of nothing else.
    """

    app: Client
    calls: Client
    system: Client
    lost: asyncio.Event

    async def watch(self) -> None:
        """Raise LostBrokerError when one of them breaks."""
        await self.lost.wait()
        raise LostBrokerError


@asynccontextmanager
async def connected(
    url: str, keys: Keys, report: Callable[[str], None]
) -> AsyncIterator[Connections]:
    """Hold the connections open for the time of the context; they do not come back by themselves.

    Raises BrokerError.
    """
    lost = asyncio.Event()
    async with AsyncExitStack() as stack:

        async def opened(client: SteadyClient, login: Login) -> Client:
            stack.push_async_callback(_close, client)  # after a refusal too
            await _connect(client, url, login, lost, report)
            return client

        app = await opened(SteadyClient(), keys.relay)
        calls = await opened(CallsClient(), keys.relay)
        system = await opened(SteadyClient(), keys.system)
        _check_version(app, url)
        yield Connections(app, calls, system, lost)


async def _connect(
    client: SteadyClient, url: str, login: Login, lost: asyncio.Event, report: Callable[[str], None]
) -> None:
    async def closed() -> None:
        lost.set()

    refusal: OSError | None = None

    async def failed(error: Exception) -> None:
        nonlocal refusal
        if isinstance(error, OSError):
            refusal = error
        if not isinstance(error, OSError | NatsError):
            report(f"{type(error).__name__}: {error}")

    servers = url.split(",")
    try:
        async with asyncio.timeout(PATIENCE):
            await client.connect(
                servers,
                name=f"{NAME} {__version__}",
                nkeys_seed_str=login.seed,
                allow_reconnect=False,
                max_reconnect_attempts=1,  # otherwise it tries a server that is away for minutes
                reconnect_time_wait=0,
                connect_timeout=max(2, PATIENCE // len(servers)),  # some may be silent
                closed_cb=closed,
                error_cb=failed,
                ping_interval=5,
                max_outstanding_pings=client.silences,
                pending_size=PENDING,
                flush_timeout=PATIENCE,
            )
    except (OSError, NatsError, TimeoutError, ValueError) as error:
        if "authorization" in str(error).lower():  # the library has no class for all of them
            _check_version(client, url)
            raise BrokerError(
                f"The NATS server at {_shown(url)} does not know this relay.",
                f"Put what {SHOW} prints into its configuration, and reload it.",
            ) from None
        raise BrokerError(
            f"No connection to NATS at {_shown(url)} (NATS_URL): {refusal or error or 'no answer'}",
            "Start the server, or correct NATS_URL; unset it for a server that is started here.",
        ) from None


def _check_version(client: Client, url: str) -> None:
    """Look at what the server has said of itself, be the login refused or not."""
    told = str(client._server_info.get("version", ""))
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", told)
    if found is None:
        return
    release, patch = (int(found[1]), int(found[2])), int(found[3])
    if release < OLDEST:
        raise BrokerError(
            f"The NATS server at {_shown(url)} is of version {told}; 2.10 or newer is needed.",
            "Upgrade it: older ones cannot ask the relay who a client is.",
        )
    if patch < MENDED.get(release, 0):
        raise BrokerError(
            f"The NATS server at {_shown(url)} is of version {told}, which lets clients publish "
            "where they may not (CVE-2026-33249).",
            "Upgrade it to 2.11.15, 2.12.6 or newer.",
        )


async def _close(client: Client) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(1):
            await client.close()


def _shown(url: str) -> str:
    servers = (server.rpartition("@")[2] for server in url.split(","))
    return ", ".join(server.removeprefix("nats://") for server in servers)
