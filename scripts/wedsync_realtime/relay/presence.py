"""Which clients are connected: their leases are renewed, those of the others are ended."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from time import monotonic
from uuid import UUID, uuid4

import psycopg
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError

from wedsync_realtime.errors import BrokerError, RunnerError
from wedsync_realtime.relay import servers
from wedsync_realtime.relay.database import Pair, Pool
from wedsync_realtime.relay.figures import Figures
from wedsync_realtime.relay.servers import Place

ROUND = 30.0  # seconds between renewals, until the database says how many
TICK = 0.5  # seconds between looks at who is gone
TOLD = 2.0  # seconds for the relay that leads to take note of a connection
MOST = 8  # connections of one user and name; of more the oldest is closed
AT_ONCE = 100  # connections that are being closed, so that each server answers in time
LOOKS = 5  # without an answer, until a relay that starts gives up
LONGEST = 60.0  # seconds for which a server waits for the answer to a login

ENTERING = "wedsync.relay.entering"


class Presence:
    """The connections of all servers, as these tell of them: when they come and go, and in rounds.

    The relay that leads renews and ends leases.
    grace: seconds in which a client may come back before its leases end.
    """

    def __init__(self, system: Client, pool: Pool, figures: Figures, grace: float) -> None:
        self._system = system
        self._pool = pool
        self._figures = figures
        self._grace = grace
        self._id = uuid4().hex  # among the relays
        self._places: dict[Place, Pair] = {}
        self._of: dict[Pair, dict[Place, None]] = {}  # the oldest first
        self._waiting: dict[Place, float] = {}  # of these who are about to be, since when
        self._absent: set[Place] = set()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._has_looked = False
        self._interval = ROUND
        self._left: dict[Pair, float] = {}
        self._gone: dict[Pair, float] = {}
        self.tasks: set[asyncio.Task[None]] = set()

    async def begin(self) -> None:
        """Listen to who comes and goes, and see who is there, before anybody is let in.

        Otherwise who is there already could become another connection. Raises nats.errors.Error,
        BrokerError.
        """
        await self._system.subscribe("$SYS.ACCOUNT.APP.CONNECT", cb=self._take_connect)
        await self._system.subscribe("$SYS.ACCOUNT.APP.DISCONNECT", cb=self._take_disconnect)
        await self._system.subscribe(ENTERING, cb=self._take_entering)
        for _ in range(LOOKS):
            await self.look()
            if self._has_looked:
                return
        raise BrokerError(
            "No NATS server tells who is connected to it.",
            "Read its log; its system_account must be the one of the relay's configuration.",
        )

    async def run(self) -> None:
        """Renew and end leases; raises nats.errors.Error."""
        round_at = monotonic()
        while True:
            if monotonic() >= round_at:
                begun = monotonic()
                await self.look()
                up = {self._places[place] for place in self._up()}
                await self._tell(self._pool.keep_alive, list(up))
                with suppress(psycopg.Error, RunnerError):  # which is told where it matters
                    self._interval = await self._pool.renewal_interval()
                round_at = begun + self._interval
            await self._tell(self._pool.doubt_connections, self._take_gone(self._left, 0))
            await self._tell(self._pool.close_connections, self._take_gone(self._gone, self._grace))
            await asyncio.sleep(TICK)

    async def look(self) -> None:
        """Ask all servers for their connections; what they leave out twice is gone.

        What turns up later was on a server that did not answer: what ended meanwhile could not have
        it closed. So it is closed now, by the relay that leads. Raises nats.errors.Error.
        """
        known = self._up()
        seen: set[Place] = set()
        unknown: set[Place] = set()
        has_answer = False
        expected = {server for server, _ in known}
        async for place, client in servers.connections(self._system, "APP", expected):
            has_answer = True  # the relay's own are among them
            pair = _pair(client.get("authorized_user"), client.get("name"))
            if pair is None:
                continue
            seen.add(place)
            if self._has_looked and place not in self._places:
                unknown.add(place)
            else:
                self._add(place, pair, is_up=True)
        if not has_answer:
            return
        absent = known - seen
        late = {place for place, at in self._waiting.items() if monotonic() - at > LONGEST}
        for place in absent & self._absent | late:
            self.leave(place)
        self._absent = absent
        self._has_looked = True
        if self._figures.leads:  # whose server does not answer again is closed the next time
            await asyncio.gather(*map(self._kick, unknown), return_exceptions=True)

    async def enter(self, place: Place, pair: Pair) -> None:
        """Take note of a connection before it becomes a user's, here and where the feed is read.

        Whoever takes a right away after this has the connection closed.
        """
        self._add(place, pair)
        self._kick_beside(
            [each for each in self._of[pair] if each not in self._waiting][: 1 - MOST]
        )
        entering = {"relay": self._id, "place": place, "pair": [str(each) for each in pair]}
        told = json.dumps(entering).encode()
        if self._figures.leads:  # another may before the login is answered
            await self._system.publish(ENTERING, told)
            return
        with suppress(NoRespondersError, TimeoutError):  # nobody reads the feed just now
            await self._system.request(ENTERING, told, timeout=TOLD)

    def leave(self, place: Place) -> None:
        """Forget a connection that is closed."""
        pair = self._places.pop(place, None)
        if pair is None:
            return
        was_up = self._waiting.pop(place, None) is None
        places = self._of[pair]
        del places[place]
        if not places:
            del self._of[pair]
            if was_up:
                self._left[pair] = self._gone[pair] = monotonic()
        self._count()

    def knows(self, place: Place) -> bool:
        """Tell whether a connection is a user's, or about to be."""
        return place in self._places

    def places(self, pair: Pair) -> set[Place]:
        """Return where a user's connection is, or is about to be."""
        return set(self._of.get(pair, ()))

    async def kick(self, places: Iterable[Place]) -> None:
        """Have connections closed; return when their servers say that they are, or are gone.

        Raises nats.errors.Error.
        """
        await asyncio.gather(*(self._kick(place) for place in places))

    def kick_user(self, user: UUID) -> None:
        """Have all connections of a user closed, while something else goes on."""
        self._kick_beside([place for place, pair in self._places.items() if pair[0] == user])

    def _kick_beside(self, places: list[Place]) -> None:
        async def kick() -> None:
            with suppress(NatsError):
                for place in places:
                    await self._kick(place)

        if places:
            task = asyncio.create_task(kick())
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    def _add(self, place: Place, pair: Pair, *, is_up: bool = False) -> None:
        if self._places.get(place, pair) != pair:
            self.leave(place)
        self._places[place] = pair
        self._of.setdefault(pair, {})[place] = None
        if is_up:
            self._waiting.pop(place, None)
            self._left.pop(pair, None)
            self._gone.pop(pair, None)
        else:
            self._waiting[place] = monotonic()
        self._count()

    def _up(self) -> set[Place]:
        return self._places.keys() - self._waiting.keys()

    def _count(self) -> None:
        self._figures.connections = len(self._places) - len(self._waiting)

    def _take_gone(self, gone: dict[Pair, float], grace: float) -> list[Pair]:
        """Return the pairs whose grace is over, and forget them."""
        over = [pair for pair, since in gone.items() if since + grace <= monotonic()]
        for pair in over:
            del gone[pair]
        return over

    async def _tell(
        self, what: Callable[[Sequence[Pair]], Awaitable[int]], pairs: Sequence[Pair]
    ) -> None:
        """Tell the database, where this is the relay that does."""
        if pairs and self._figures.leads:
            try:
                await what(pairs)
            except (psycopg.Error, RunnerError) as error:
                self._figures.failed(f"The database: {str(error).strip()}")

    async def _kick(self, place: Place) -> None:
        async with self._turns:
            try:
                was_open = await servers.kick(self._system, place)
            except NoRespondersError:  # its server is gone, or cut off: look() closes who is back
                was_open = False
        self._figures.kicks += was_open
        self.leave(place)

    async def _take_connect(self, message: Msg) -> None:
        told = json.loads(message.data)
        client = told["client"]
        if pair := _pair(client.get("user"), client.get("name")):
            self._add((told["server"]["id"], client["id"]), pair, is_up=True)

    async def _take_entering(self, message: Msg) -> None:
        told = json.loads(message.data)
        if told["relay"] == self._id:
            return
        server, number = told["place"]
        user, connection = map(UUID, told["pair"])
        if not self.knows((server, number)):
            self._add((server, number), (user, connection))
        if self._figures.leads and message.reply:
            await message.respond(b"")

    async def _take_disconnect(self, message: Msg) -> None:
        told = json.loads(message.data)
        self._figures.closed(told["reason"])
        self.leave((told["server"]["id"], told["client"]["id"]))


def _pair(user: str | None, name: str | None) -> Pair | None:
    """Return user and connection id; None for the relays' own connections."""
    try:
        return UUID(user), UUID(name)
    except (TypeError, ValueError, AttributeError):
        return None
