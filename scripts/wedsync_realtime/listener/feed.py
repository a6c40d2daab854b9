"""Read what is new in the feed once, for all that hear of it."""

import asyncio
import random
from collections.abc import Iterable, Sequence
from time import monotonic
from typing import Any, Protocol
from uuid import UUID

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import namedtuple_row

from wedsync_realtime.listener import rpc
from wedsync_realtime.listener.bell import Bell
from wedsync_realtime.listener.link import Receiver
from wedsync_realtime.listener.merge import Pushed
from wedsync_realtime.listener.sql_link import NOTIFY_CHANNEL

ROLE = "wedsync_realtime_relay"
PAGE = 1000  # rows
UNRUNG = 0.25  # seconds between looks where nobody rings
GATHER = 5.0  # seconds for which renewals wait for others
SHORTEST_DELAY, LONGEST_DELAY = 0.1, 30.0  # seconds, between which reconnecting backs off

Pair = tuple[UUID, UUID]  # user and connection

_DRAIN = (
    "select d.kind, d.id, d.subjects, d.body, d.cursor, d.next"
    " from wedsync_realtime.drain(%s, %s) as d"
)
_SET_ROLE = "select pg_catalog.set_config('role', %s, false)"
_KEEP_ALIVE = "select wedsync_realtime.keep_alive(%s, %s)"


class Member(Protocol):
    """Who is woken when there is something for a receiver to do.

    channels: names of those that it awaits something on.
    """

    channels: Sequence[str]

    def wake(self) -> None:
        """Go to work."""


class Feed:
    """Reads by drain, as a role that may; otherwise it only passes notifications on.

    drains: whether it reads.
    members: all receivers.
    hearing: receivers by subject.
    """

    def __init__(self, conninfo: str) -> None:
        self.drains = False
        self.members: dict[Member, Receiver] = {}
        self.hearing: dict[str, dict[Member, Receiver]] = {}
        self._conninfo = conninfo
        self._connection: AsyncConnection[Any] | None = None
        self._position: str | None = None
        self._to_renew: set[Pair] = set()
        self._renew_at = 0.0
        self._bell = Bell()

    def stir(self) -> None:
        """Learn that something happens: look again soon."""
        self._bell.stir()

    def forget(self, member: Member, subjects: Iterable[str]) -> None:
        """Hand a member no more of these subjects."""
        for subject in subjects:
            members = self.hearing[subject]
            members.pop(member, None)
            if not members:
                del self.hearing[subject]

    def renew(self, pairs: Iterable[Pair]) -> bool:
        """Renew the leases of these soon, with those of others; tell whether that is done here."""
        if self.drains:
            self._to_renew.update(pairs)
        return self.drains

    async def open(self) -> None:
        """Connect, and read as far as now; raises psycopg.Error."""
        self._connection = await rpc.connect(self._conninfo)
        await self._connection.execute(f"listen {NOTIFY_CHANNEL}".encode())
        self._bell.stir()
        goes_on = self._position is not None
        try:
            await self._connection.execute(_SET_ROLE, (ROLE,))
            if not goes_on:
                await self._drain()
        except (psycopg.ProgrammingError, psycopg.DataError):  # no such role, or not for this user
            await self._leave_to_polls()
            return
        self.drains = True
        if not goes_on:
            self._miss()

    async def close(self) -> None:
        """Disconnect."""
        if self._connection:
            await self._connection.close()

    async def run(self) -> None:
        """Read for ever; what is lost with a connection is read on the next."""
        failed_attempts = 0
        while True:
            try:
                if self._connection is None or self._connection.closed:
                    await self.open()
                while True:
                    await self._read()
                    failed_attempts = 0
            except psycopg.OperationalError:
                await self.close()
                longest = min(LONGEST_DELAY, SHORTEST_DELAY * 2**failed_attempts)
                failed_attempts = min(failed_attempts + 1, 16)
                await asyncio.sleep(random.uniform(0, longest))
            except psycopg.Error:  # a right that was taken away, a package that is gone
                await self._leave_to_polls()

    async def _read(self) -> None:
        rows = await self._drain() if self.drains else []
        for row in rows:
            self._hand_over(row)
        if len(rows) > 1:
            self._bell.stir()
        if self._to_renew and monotonic() >= self._renew_at:
            await self._renew()
        if len(rows) <= PAGE:
            await self._rest()

    async def _drain(self) -> list[Any]:
        assert self._connection
        async with self._connection.cursor(row_factory=namedtuple_row) as cursor:
            try:
                await cursor.execute(_DRAIN, (self._position, PAGE))
            except psycopg.errors.InvalidParameterValue:  # of another database, by now
                if self._position is None:
                    raise
                await cursor.execute(_DRAIN, (None, PAGE))
                self._miss()
            rows: list[Any] = await cursor.fetchall()
        self._position = rows[-1].next
        return rows

    def _hand_over(self, row: Any) -> None:
        for subject in row.subjects or ():
            for member, receiver in list(self.hearing.get(subject, {}).items()):
                match row.kind:
                    case "event":
                        pushed = Pushed(row.id, row.body, row.cursor)
                        if not receiver.pushed(subject, pushed):
                            continue
                    case "ready":
                        receiver.settled(subject)
                    case "resync":  # from its own cursor on, which may be further
                        receiver.missed(subject=subject)
                    case "ended":
                        receiver.missed(channel=row.body["channel"])
                member.wake()

    async def _renew(self) -> None:
        assert self._connection
        pairs, self._to_renew = list(self._to_renew), set()
        self._renew_at = monotonic() + GATHER
        users, connections = zip(*pairs, strict=True)
        await self._connection.execute(_KEEP_ALIVE, (list(users), list(connections)))

    async def _rest(self) -> None:
        """Wait until something may be new, and where nothing is read here have it polled."""
        assert self._connection
        channels = {name for member in self.members for name in member.channels}
        look, limit = await self._bell.plan(self._connection, sorted(channels))
        if look is not None and not self.drains:
            self._poll_within(look)
        seconds = min(
            each for each in (UNRUNG if limit is None else limit, look) if each is not None
        )
        for timeout, most in ((seconds, 1), (0, None)):
            async for _ in self._connection.notifies(timeout=timeout, stop_after=most):
                self._bell.stir()
                if not self.drains:
                    self._poll_within(0)

    def _poll_within(self, seconds: float) -> None:
        for member, receiver in self.members.items():
            receiver.due_within(seconds)
            member.wake()

    async def _leave_to_polls(self) -> None:
        """Leave the reading to polls."""
        assert self._connection
        self.drains, self._position = False, None
        await self._connection.execute("reset role")
        self._miss()

    def _miss(self) -> None:
        for member, receiver in self.members.items():
            receiver.missed()
            member.wake()
