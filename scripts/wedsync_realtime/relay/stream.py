"""The stream, which is the relay's whole memory: each message says how far the feed has been read.

Clients listen on wedsync.event.>, where the server repeats what the stream has accepted of
wedsync.in.>: a message that comes too late, from a relay that has been overtaken, reaches nobody.
"""

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, TypeVar

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import RePublish, StorageType, StreamConfig
from nats.js.errors import APIError, NotFoundError, ServiceUnavailableError

from wedsync_realtime.connection.tasks import cancel
from wedsync_realtime.errors import BrokerError
from wedsync_realtime.relay.connections import SHOW

T = TypeVar("T")

NAME = "WEDSYNC"
EVENTS, INGEST = "wedsync.event.", "wedsync.in."
POSITION_SUBJECT = "wedsync.position"  # for what has no message of its own; repeated to nobody
FRAME = 1024  # bytes of headers besides cursor and positions
AHEAD = 2000  # messages that may be on their way
ASKED = 100  # messages after which the server is asked for an answer
PATIENCE = 5.0  # seconds
ELECTION = 10.0  # seconds in which NATS servers agree on who leads them
AGAIN = 0.5  # seconds without an answer after which it is asked for again
LEADERLESS = 10008  # what a server answers that knows of nobody who leads the cluster
UNSTORED = (
    "the NATS server stores nothing: its log says why. Where its disk is full, make room there "
    "and start it again"
)

_CONFIG = StreamConfig(
    name=NAME,
    subjects=[f"{INGEST}>", POSITION_SUBJECT],
    republish=RePublish(src=f"{INGEST}>", dest=f"{EVENTS}>"),
    storage=StorageType.FILE,
    max_age=24 * 3600,  # seconds
    max_bytes=2**30,
    duplicate_window=0.1,  # seconds, the least there is: what is sent twice is fenced off
)

_BLANKS = str.maketrans("01", " \t")


class StreamError(Exception):
    """The stream refused a message or did not answer: its end is to be read again."""


class NoLeaderError(BrokerError):
    """Nobody leads the NATS cluster, or none that this server knows of, as far as it tells."""


class _Verbatim(str):
    """A header's value that the client library sends with its blanks."""

    __slots__ = ()

    def strip(self, chars: str | None = None, /) -> "_Verbatim":
        return self


@dataclass(frozen=True)
class End:
    """Where the stream ends.

    position: that of its last message, None where there is none.
    done: subjects on which the event after it stands in the stream already.
    """

    position: str | None
    done: frozenset[str] = frozenset()


@dataclass
class Message:
    """What is published: one body on all its subjects. before, after: positions around it."""

    subjects: Sequence[str]
    body: bytes
    headers: Mapping[str, str]
    before: str
    after: str
    id: str | None = None


@dataclass
class _Sending:
    """One time of writing to the stream, from its end on."""

    sequence: int  # of the latest message sent
    confirmed: int
    since: float = 0.0  # when the server answered last, or the first message went that it owes
    error: str | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Stream:
    """Publish with fences: each message names the one that it expects to follow."""

    def __init__(self, client: Client, replicas: int) -> None:
        self._client = client
        self._context = client.jetstream(timeout=ELECTION)
        self._replicas = replicas
        self._sending = _Sending(0, 0)
        self._acks = client.new_inbox()
        self._number = 0

    @property
    def unconfirmed(self) -> int:
        """How many messages are on their way."""
        return self._sending.sequence - self._sending.confirmed

    async def open(self) -> End:
        """Go on from the stream's end, wherever it is now; create the stream where it is missing.

        Raises StreamError, BrokerError, NoLeaderError; the last where another server may do
        better, as where this one is cut off from the others.
        """
        self._number += 1
        if self._number == 1:
            await self._client.subscribe(f"{self._acks}.*.*", cb=self._take_ack)
        try:
            info = await _asked(self._context.stream_info, NAME)
            sequence = info.state.last_seq
            self._sending = _Sending(sequence, sequence)
            return await self._read_end(sequence)
        except NotFoundError:
            await self._create()
        except (NatsTimeoutError, ServiceUnavailableError) as error:
            is_leaderless = isinstance(error, NatsTimeoutError) or error.err_code == LEADERLESS
            raise (NoLeaderError if is_leaderless else BrokerError)(
                "NATS has no JetStream for the relay: "
                + (getattr(error, "description", None) or "no answer"),
                f"Enable it (jetstream {{ store_dir: … }}), for account APP as {SHOW} says; of a "
                "cluster more than half of the servers have to be up.",
            ) from None
        except NatsError as error:
            raise StreamError(str(error)) from None
        self._sending = _Sending(0, 0)
        return End(None)

    async def publish(self, message: Message, *, is_last: bool) -> None:
        """Send a message; whether it was accepted is told by a later call.

        is_last: nothing follows at once, so that the server is asked now; otherwise now and then,
        because of a message that was refused none that follows is accepted.

        Of its copies the last alone moves the position on, so that none is left out after a crash.
        Raises StreamError.
        """
        last = len(message.subjects) - 1
        for number, subject in enumerate(message.subjects):
            sending = self._sending
            await self._wait(sending, AHEAD)
            headers = {
                **message.headers,
                "Nats-Expected-Last-Sequence": str(sending.sequence),
                "Wedsync-Position": message.after if number == last else message.before,
            }
            if message.id is not None:
                # the server drops an id that it has just had; clients do not see trailing blanks
                blanks = f"{number:b}".translate(_BLANKS) if number else ""
                headers["Nats-Msg-Id"] = _Verbatim(message.id + blanks)
            if number < last:
                headers["Wedsync-Partial"] = "1"
            is_first = sending.sequence == sending.confirmed
            if is_first:
                sending.since = monotonic()
            sending.sequence += 1
            is_asked = is_first or (is_last and number == last) or sending.sequence % ASKED == 0
            await self._client.publish(
                subject.replace(EVENTS, INGEST, 1),
                message.body,
                f"{self._acks}.{self._number}.{sending.sequence}" if is_asked else "",
                headers,
            )

    def takes(self, message: Message) -> bool:
        """Tell whether NATS takes a message of this size."""
        texts = (message.before, message.after, *message.headers.values())
        size = len(message.body) + FRAME + sum(map(len, texts))
        return size <= self._client.max_payload

    def check(self) -> None:
        """Raise StreamError where something sent was refused, or is not answered."""
        sending = self._sending
        if sending.error is not None:
            raise StreamError(sending.error)
        if self.unconfirmed and monotonic() - sending.since > PATIENCE:
            raise StreamError(f"the stream does not answer, or {UNSTORED}")

    async def _wait(self, sending: _Sending, most: int) -> None:
        """Wait until fewer than so many messages are on their way."""
        while sending.error is None and sending.sequence - sending.confirmed >= most:
            sending.changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await sending.changed.wait()
            self.check()
        self.check()

    async def _take_ack(self, ack: Msg) -> None:
        sending = self._sending
        _, number, sequence = ack.subject.rsplit(".", 2)
        if int(number) != self._number:
            return  # of what was sent before the end was read again
        told = json.loads(ack.data) if ack.data else {"error": {"description": "no stream"}}
        if "error" in told:
            problem = str(told["error"]["description"])
            if problem == f"wrong last sequence: {sending.confirmed}":
                problem = UNSTORED  # nobody else has written; it does not tell of what it lost
            sending.error = sending.error or problem
        elif told["seq"] != int(sequence):
            sending.error = sending.error or f"the stream is at {told['seq']}, not at {sequence}"
        else:
            sending.confirmed, sending.since = int(sequence), monotonic()
        sending.changed.set()

    async def _read_end(self, sequence: int) -> End:
        """Read back from the last message as far as its event's copies go."""
        position: str | None = None
        done: dict[str, None] = {}
        identity: str | None = None
        while sequence:
            try:
                message = await _asked(self._context.get_msg, NAME, sequence)
            except NotFoundError:
                break
            headers = message.headers or {}
            if position is None:
                position = headers.get("Wedsync-Position")
                identity = headers.get("Nats-Msg-Id")
            if "Wedsync-Partial" not in headers or headers.get("Nats-Msg-Id") != identity:
                break
            done[str(message.subject).replace(INGEST, EVENTS, 1)] = None
            sequence -= 1
        return End(position, frozenset(done))

    async def _create(self) -> None:
        try:
            await self._context.add_stream(_CONFIG.evolve(num_replicas=self._replicas))
        except APIError as error:
            if error.err_code == LEADERLESS:
                raise StreamError(str(error)) from None
            raise BrokerError(
                f"NATS refuses the stream {NAME}: {error.description}",
                f"Give JetStream the room, and for --replicas {self._replicas} the servers.",
            ) from None
        except (NatsError, NoRespondersError) as error:
            raise StreamError(str(error)) from None


async def _asked(question: Callable[..., Coroutine[Any, Any, T]], *arguments: Any) -> T:
    """Ask until there is an answer: nobody gives one to what came before a leader was elected."""
    asked: set[asyncio.Task[T]] = set()
    try:
        while True:
            asked.add(asyncio.create_task(question(*arguments)))
            first = asyncio.FIRST_COMPLETED
            answered, _ = await asyncio.wait(asked, timeout=AGAIN, return_when=first)
            if answered:
                return await answered.pop()
    finally:
        await cancel(*asked)
        await asyncio.gather(*asked, return_exceptions=True)  # the first answer is told
