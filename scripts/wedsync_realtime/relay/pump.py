"""Read what is new in the feed, and publish it: one relay does, the others stand by."""

import asyncio
import json
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any
from uuid import UUID

import psycopg
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from psycopg import AsyncConnection

from wedsync_realtime.connection.tasks import cancel
from wedsync_realtime.relay import database, stream
from wedsync_realtime.relay.figures import Figures
from wedsync_realtime.relay.presence import Presence
from wedsync_realtime.relay.servers import Place
from wedsync_realtime.relay.stream import Message, Stream, StreamError

LEADER = "wedsync.relay.leader"  # who reads the feed answers here
PAGE = 1000  # rows
# Seconds until the next look: the least, while somebody is at work who may not ring, and the most;
# looks in vain come less and less often. Writers ring meanwhile, unless there are so many that each
# look finds something.
BUSY, IDLE = 0.005, 0.05
NOTE = 60.0  # seconds after which a position is noted that no message has carried
ASK, SILENT = 0.5, 3  # seconds for an answer, and how many are missed before a leader is overtaken
PAUSE = 0.5  # seconds after an error

TOO_LARGE = b'{"reason": "payload_too_large"}'
OWN_WISH = ("unsubscribed", "moved")  # as the audit says it; no right was taken away
COURTESY = 0.5  # seconds at most in which the answer to such a wish reaches its connection


class Pump:
    """What leads from the feed to the stream."""

    def __init__(
        self,
        url: str,
        app: Client,
        target: Stream,
        presence: Presence,
        figures: Figures,
        serves: Callable[[], None],
    ) -> None:
        self._url = url
        self._app = app
        self._stream = target
        self._presence = presence
        self._figures = figures
        self._serves = serves
        self._position: str | None = None
        self._noted: str | None = None  # the position that the stream's last message carries
        self._noted_at = float("-inf")
        self._ahead: asyncio.Task[list[Any]] | None = None
        self._parting: dict[Place, float] = {}  # whose lease was given back, since when

    async def run(self) -> None:
        """Stand by or lead, for ever; raises nats.errors.Error, BrokerError."""
        while True:
            try:
                connection = await database.connect(self._url)
                async with connection:
                    await self._await_lead(connection)
                    await self._lead(connection)
            except StreamError as error:
                self._figures.failed(f"The stream: {error}")
            except psycopg.Error as error:
                self._figures.failed(f"The database: {str(error).strip()}")
            await asyncio.sleep(PAUSE)

    async def _await_lead(self, connection: AsyncConnection[Any]) -> None:
        """Return when nobody else leads, or a leader does not answer, be it stopped or cut off.

        Two that lead at once do no harm: the stream takes messages of one of them only.
        """
        missed = 0
        while True:
            try:
                await self._app.request(LEADER, timeout=ASK)
                missed = 0
                self._figures.caught_up_at = monotonic()
                self._serves()
                await asyncio.sleep(ASK)
            except (NoRespondersError, TimeoutError) as silence:
                if await database.try_lead(connection):
                    return
                missed += 1
                if missed > SILENT:
                    return
                if isinstance(silence, NoRespondersError):
                    await asyncio.sleep(ASK)

    async def _lead(self, connection: AsyncConnection[Any]) -> None:
        answering = await self._app.subscribe(LEADER, cb=_answer)
        self._figures.leads = True
        try:
            await database.prepare(connection)
            end = await self._stream.open()
            self._parting.clear()  # the feed tells it again
            # without a position every client is told to read its copy anew
            self._position = end.position or ""
            self._noted = end.position
            self._serves()
            await self._pump(connection, end.done)
        finally:
            self._figures.leads = False
            if self._ahead:
                await cancel(self._ahead)
                self._ahead = None
            if not self._app.is_closed:
                await answering.unsubscribe()

    async def _pump(self, connection: AsyncConnection[Any], done: frozenset[str]) -> None:
        found = 0  # looks in a row that found something
        rest = IDLE
        while True:
            is_hung = found < 2 and not self._ahead
            rings, rows = await self._look(connection, hangs=is_hung)
            is_page = len(rows) > PAGE
            if is_page:  # the next is read while this one is published
                self._ahead = asyncio.create_task(database.drain(connection, rows[-1].next, PAGE))
            await self._publish(rows, done)
            if len(rows) > 1:
                done = frozenset()
            found = found + 1 if len(rows) > 1 else 0
            if any(since + COURTESY <= monotonic() for since in self._parting.values()):
                await self._close()
            self._stream.check()
            self._figures.unconfirmed = self._stream.unconfirmed
            await self._note(rows[-1].next)
            if not is_page and (found or is_hung):
                now = monotonic()
                is_all = rings and rows[-1].body == "true"
                rest = IDLE if is_all else BUSY if found else min(2 * rest, IDLE)
                await _rest(connection, rest)
                if is_all and monotonic() - now > BUSY:
                    found = 0
                if not self._stream.unconfirmed:  # all of it has arrived meanwhile
                    self._figures.caught_up_at = now
                    self._figures.last_error = None

    async def _look(
        self, connection: AsyncConnection[Any], *, hangs: bool
    ) -> tuple[bool, list[Any]]:
        """Return whether the bell hangs that writers will ring, and what is new."""
        if ahead := self._ahead:
            self._ahead = None
            return False, await ahead
        try:
            if hangs:  # first, so that nobody comes between it and the look
                return await database.hang_and_drain(connection, self._position, PAGE)
            return False, await database.drain(connection, self._position, PAGE)
        except psycopg.errors.InvalidParameterValue:
            if not self._position:
                raise
            self._figures.tell("The position is not of this database: every client reads anew.")
            self._position = ""
            return await self._look(connection, hangs=hangs)

    async def _publish(self, rows: list[Any], done: frozenset[str]) -> None:
        told_of = [row for row in rows if row.kind not in ("ended", "position") and row.subjects]
        ended: set[Place] = set()
        for row in rows:
            if row.kind == "ended":
                told = json.loads(row.body)
                pair = UUID(told["userId"]), UUID(told["connectionId"])
                places = self._presence.places(pair)
                if told["reason"].startswith(OWN_WISH):
                    self._parting = dict.fromkeys(places, monotonic()) | self._parting
                else:
                    ended |= places
                continue
            is_message = row.kind != "position" and row.subjects
            if ended or (is_message and self._parting):
                # what comes after was committed later than the end of their leases
                await self._close(ended)
                ended = set()
            if is_message:
                await self._send(row, done, is_last=row is told_of[-1])
                done = frozenset()
            self._position = row.next

    async def _close(self, ended: Iterable[Place] = ()) -> None:
        """Have connections closed whose lease ended, and those whose lease was given back."""
        await self._presence.kick({*ended, *self._parting})
        self._parting.clear()

    async def _send(self, row: Any, done: frozenset[str], *, is_last: bool) -> None:
        is_event = row.kind == "event"
        headers = {"Wedsync-Cursor": row.cursor} if row.cursor else {}
        if not is_event:
            headers["Wedsync-Control"] = row.kind
        message = Message(
            subjects=[subject for subject in row.subjects if subject not in done],
            body=row.body.encode(),
            headers=headers,
            before=self._position or "",
            after=row.next,
            id=str(row.id) if is_event else None,
        )
        if not self._stream.takes(message):  # polls answer it, or tell the same
            message.body, message.id = TOO_LARGE, None
            message.headers = {**headers, "Wedsync-Control": "resync"}
        await self._stream.publish(message, is_last=is_last)
        self._figures.published += len(message.subjects)
        self._noted, self._noted_at = row.next, monotonic()

    async def _note(self, position: str) -> None:
        """Have the stream say how far the feed has been read, where no message has for long."""
        is_due = self._noted is None or monotonic() - self._noted_at > NOTE
        if position != self._noted and is_due:
            await self._close()
            note = Message([stream.POSITION_SUBJECT], b"", {}, position, position)
            await self._stream.publish(note, is_last=True)
            self._noted, self._noted_at = position, monotonic()


async def _answer(request: Msg) -> None:
    await request.respond(b"")


async def _rest(connection: AsyncConnection[Any], seconds: float) -> None:
    """Wait for a notification; those of a statement come together."""
    async for _ in connection.notifies(timeout=seconds, stop_after=1):
        pass
