"""A client that is pushed to, as an application writes it with a plain NATS client."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID, uuid4

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import ConnectionClosedError

from tests.support.nats.relay import Relay, token
from tests.support.waiting import PATIENCE
from wedsync_realtime.connection.nats_client import TellingClient
from wedsync_realtime.relay import keys

VIOLATION, TOO_LONG = b"-ERR 'Authorization Violation'", b"-ERR 'maximum control line exceeded'"


class Push:
    """A user on one connection. got: what was pushed, in its order; lost: set when cut off."""

    def __init__(self, relay: Relay, user: UUID, connection_id: UUID | None = None) -> None:
        self.relay = relay
        self.user = user
        self.connection_id = connection_id or uuid4()
        self.token = token(user)
        self.got: asyncio.Queue[Msg] = asyncio.Queue()
        self.errors: list[str] = []
        self.lost = asyncio.Event()
        self.subjects: list[str] = []
        self.client: Client = Client()  # until it is connected

    async def log_in(self) -> None:
        """Connect, and listen on what was subscribed to before."""
        await self.close()
        self.lost = asyncio.Event()
        self.client = await self.connect(self.token)
        for subject in self.subjects:
            await self.client.subscribe(subject, cb=self.got.put)
        await self.client.flush()

    async def close(self) -> None:
        """Let go of the connection, where there is one."""
        if self.client.is_connected:
            await self.client.close()
        if transport := self.client._transport:  # the library leaves open what the server closed
            transport.close()  # type: ignore[no-untyped-call]
            with suppress(OSError):
                await transport.wait_closed()  # type: ignore[no-untyped-call]
        if reading := self.client._reading_task:  # whose error nobody else asks for
            await asyncio.gather(reading, return_exceptions=True)

    async def connect(self, with_token: str, **options: Any) -> Client:
        """Return a connection with a token; raises what nats does."""
        lost = self.lost

        async def closed() -> None:
            lost.set()
            # what was asked is never answered: the library would wait for it
            for answer in self.client._resp_map.values():
                if not answer.done():
                    answer.set_exception(ConnectionClosedError())

        async def failed(error: Exception) -> None:
            self.errors.append(str(error))

        client = TellingClient()
        connecting: dict[str, Any] = {
            "token": with_token,
            "name": str(self.connection_id),
            "inbox_prefix": f"_INBOX.{self.user}.{self.connection_id}",
            "allow_reconnect": False,
            "connect_timeout": PATIENCE,
            "closed_cb": closed,
            "error_cb": failed,
        }
        await client.connect(self.relay.nats.split(","), **connecting | options)
        return client

    async def call(self, function: str, **arguments: Any) -> Msg:
        """Call a function over the connection and return the answer as it is."""
        return await self.ask(function, json.dumps(arguments, default=str).encode())

    async def ask(self, function: str, body: bytes, user: UUID | None = None) -> Msg:
        """Call a function with a body as it is."""
        subject = f"wedsync.rpc.{user or self.user}.{function}"
        return await self.client.request(subject, body, timeout=PATIENCE)

    async def subscribe(self, channel: str, **filters: Any) -> dict[str, Any]:
        """Subscribe to a channel, log in anew for the right to hear it, and listen."""
        answer = await self.call(
            "subscribe", channels=[channel], filters=filters, connection_id=self.connection_id
        )
        told = json.loads(answer.data)
        assert told["success"], told
        lease: dict[str, Any] = told["subscriptions"][0]
        self.subjects.append(lease["subject"])
        await self.log_in()
        return lease

    async def cut_off(self) -> None:
        """Wait until the server has closed the connection."""
        async with asyncio.timeout(PATIENCE):
            await self.lost.wait()

    async def take(self, count: int = 1) -> list[Msg]:
        """Return the next messages; raises TimeoutError."""
        async with asyncio.timeout(PATIENCE):
            return [await self.got.get() for _ in range(count)]

    async def take_events(self, count: int) -> list[Msg]:
        """Return the next messages that are events, passing over what else is told."""
        found: list[Msg] = []
        while len(found) < count:
            found += [each for each in await self.take() if not control(each)]
        return found


async def is_let_in(client: Push, with_token: str, name: str | None = None) -> bool:
    """Tell whether a login succeeds, by what the server says to it."""
    host, _, port = client.relay.nats.removeprefix("nats://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        await reader.readline()
        name = str(client.connection_id) if name is None else name
        options = {"auth_token": with_token, "name": name, "verbose": False, "lang": "test"}
        writer.write(f"CONNECT {json.dumps(options)}\r\nPING\r\n".encode())
        async with asyncio.timeout(PATIENCE):
            answer = await reader.readline()
    finally:
        writer.close()
        await writer.wait_closed()
    assert answer == b"PONG\r\n" or answer.startswith((VIOLATION, TOO_LONG)), answer
    return answer.startswith(b"PONG")


def control(message: Msg) -> str | None:
    """Return what kind of a control message it is, None for an event."""
    return (message.headers or {}).get("Wedsync-Control")


@asynccontextmanager
async def pushed(
    relay: Relay, user: UUID, connection_id: UUID | None = None
) -> AsyncIterator[Push]:
    """Log a user in for the time of the context."""
    push = Push(relay, user, connection_id)
    try:
        await push.log_in()
        yield push
    finally:
        await push.close()


@asynccontextmanager
async def operator(relay: Relay) -> AsyncIterator[Client]:
    """Hold a connection that may do everything in the account of the stream."""
    seed = keys.load(relay.home).relay.seed
    client = await nats.connect(
        relay.nats.split(","),
        nkeys_seed_str=seed,
        allow_reconnect=False,
        connect_timeout=PATIENCE,
    )
    try:
        yield client
    finally:
        await client.close()
