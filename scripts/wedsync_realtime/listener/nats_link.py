"""A listener's connections to NATS, where a relay pushes and answers calls."""

import asyncio
import base64
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import ConnectionClosedError
from nats.errors import Error as NatsError

from wedsync_realtime.connection.nats_client import TellingClient
from wedsync_realtime.listener.items import RefusedError, Row
from wedsync_realtime.listener.link import POLL_INTERVAL, Receiver
from wedsync_realtime.listener.merge import Pushed

PATIENCE = 10  # seconds for an answer
HEARTBEAT = 20  # seconds between pings, two of which may stay without an answer

_FUNCTION = "realtime_"  # what the relay leaves out of the names


@dataclass
class _Ear:
    """A connection under the name of a connection id, and the leases that its login let in."""

    client: Client
    leases: Mapping[str, str] = field(default_factory=dict)


class NatsLink:
    """A connection per connection id, because each may hear the leases of its own.

    token: the application's JWT, or what returns one.
    """

    def __init__(self, url: str, token: str | Callable[[], str]) -> None:
        self.connection_id = uuid4()
        self.poll_interval = POLL_INTERVAL
        self.live_interval: float | None = None  # as often as others ping
        self.has_push = True
        self._servers = url.split(",")
        self._token = token
        self._ears: dict[UUID, _Ear] = {}
        self._news = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether all connections are up."""
        return bool(self._ears) and all(ear.client.is_connected for ear in self._ears.values())

    async def open(self, receiver: Receiver) -> None:
        """Connect for calls; raises RefusedError for a token that has expired."""
        await self.close()
        self._receiver = receiver
        await self._log_in(self.connection_id, {})

    async def close(self) -> None:
        """Disconnect."""
        for connection_id in list(self._ears):
            await self._log_out(connection_id)

    async def call(self, function: str, **arguments: object) -> Row:
        """Have the relay call a function."""
        subject = f"wedsync.rpc.{self._user}.{function.removeprefix(_FUNCTION)}"
        sent = {
            name: str(value) if isinstance(value, UUID) else value
            for name, value in arguments.items()
        }
        body = json.dumps(sent, allow_nan=False).encode()
        try:
            client = self._ears[self.connection_id].client
            if not client.is_connected:  # or the library waits until it is
                raise ConnectionClosedError
            reply = await client.request(subject, body, timeout=PATIENCE)
        except (LookupError, NatsError, OSError) as error:
            raise ConnectionError(f"the relay does not answer: {error}") from None
        answer: Row = json.loads(reply.data)
        if answer.get("success") is False:
            if answer["status"] == 503:
                raise ConnectionError(answer["error"])
            raise RefusedError(answer)
        return answer

    async def follow(self, leases: Mapping[UUID, Mapping[str, str]]) -> bool:
        """Log in anew where leases came or went: a login lets in what there is at its time."""
        changed = False
        for connection_id in leases.keys() | self._ears.keys():
            wanted = leases.get(connection_id, {})
            ear = self._ears.get(connection_id)
            if ear and wanted == ear.leases:
                continue
            changed = True
            if wanted or connection_id == self.connection_id:
                await self._log_in(connection_id, wanted)
            else:
                await self._log_out(connection_id)
        return changed

    def renew(self, connection_ids: Sequence[UUID]) -> bool:
        """Leave it to the relay, which renews the leases of connections that are up."""
        return True

    async def rest(self, seconds: float, channels: Sequence[str]) -> None:
        """Wait for what has to be polled, for the program or for the time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        self._news.clear()
        if not self.is_open:
            raise ConnectionError("the connection was closed")

    def wake(self) -> None:
        """End a rest."""
        self._news.set()

    async def _log_in(self, connection_id: UUID, leases: Mapping[str, str]) -> None:
        await self._log_out(connection_id)
        token = self._token if isinstance(self._token, str) else self._token()
        claims = _claims(token)
        self._user = claims["sub"]
        client = TellingClient()
        self._ears[connection_id] = _Ear(client, dict(leases))
        try:
            await client.connect(
                self._servers,
                token=token,
                name=str(connection_id),
                inbox_prefix=f"_INBOX.{self._user}.{connection_id}",
                allow_reconnect=False,
                max_reconnect_attempts=1,  # otherwise it tries a server that is away for minutes
                reconnect_time_wait=0,
                connect_timeout=PATIENCE,
                ping_interval=HEARTBEAT,
                error_cb=partial(self._take_error, client),
                closed_cb=partial(self._take_end, client),
            )
            if not client.is_connected:
                raise ConnectionError("the server has not answered the login")
            for subject in set(leases.values()):
                await client.subscribe(subject, cb=self._take)
            await client.flush(PATIENCE)
        except (NatsError, OSError) as error:
            is_refused = "authorization violation" in str(error).lower()
            if is_refused and claims.get("exp", 0) < time.time():
                raise RefusedError(_EXPIRED) from None
            raise ConnectionError(f"no connection to NATS: {error}") from None

    async def _log_out(self, connection_id: UUID) -> None:
        if ear := self._ears.get(connection_id):  # kept until it is done: it may be cancelled
            with suppress(NatsError, OSError):
                await ear.client.close()
            await _let_go(ear.client)
            del self._ears[connection_id]

    async def _take(self, message: Msg) -> None:
        headers = message.headers or {}
        match headers.get("Wedsync-Control"):
            case None:
                pushed = Pushed(
                    int(headers["Nats-Msg-Id"]), json.loads(message.data), headers["Wedsync-Cursor"]
                )
                if self._receiver.pushed(message.subject, pushed):
                    self.wake()
            case "ready":
                self._receiver.settled(message.subject)
                self.wake()
            case _:  # resync: the poll tells whether it has to be
                self._receiver.missed(subject=message.subject)
                self.wake()

    async def _take_error(self, client: Client, error: Exception) -> None:
        """Poll: the client was too slow, or may not hear a subject any more."""
        if not client.is_connected:
            await _let_go(client)  # before the next attempt
            return
        self._receiver.missed()
        self.wake()

    async def _take_end(self, client: Client) -> None:
        """Have nobody wait for an answer that was lost; the library would until it is late."""
        for awaited in (*client._resp_map.values(), *client._pongs):
            if not awaited.done():
                awaited.set_exception(ConnectionClosedError())
        self.wake()


_EXPIRED = {
    "error": "Unauthorized",
    "code": "unauthorized",
    "status": 401,
    "details": None,
    "hint": "The token has expired; hand over a function that returns another.",
    "retryAfter": None,
}


async def _let_go(client: Client) -> None:
    """Close what the library leaves open of a connection that failed, or that the server closed."""
    if transport := client._transport:
        transport.close()  # type: ignore[no-untyped-call]
        with suppress(OSError):
            await transport.wait_closed()  # type: ignore[no-untyped-call]


def _claims(token: str) -> dict[str, Any]:
    """Return what a JWT claims, which the relay verifies; raises ValueError."""
    try:
        body = token.split(".")[1]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        UUID(claims["sub"])
    except (LookupError, TypeError, ValueError, AttributeError):
        raise ValueError("the token is no JWT of a user") from None
    return claims
