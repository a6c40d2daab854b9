"""What the stories of faults play on: a database under load, NATS, relays, clients that follow."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError

from tests.relay.follower import Follower
from tests.relay.scene import FORMS
from tests.support.callers.caller import caller
from tests.support.callers.people import People
from tests.support.nats import relay as relays
from tests.support.nats.push import operator
from tests.support.nats.relay import Relay
from tests.support.postgres.servers import Server
from tests.support.waiting import PATIENCE
from wedsync_realtime.connection.tasks import cancel

FOLLOWERS = 3
WRITE = "insert into public.form_responses (supplier_id, form_name) values (%s, %s) returning id"
CHANGE = "update public.form_responses set form_name = %s where id = %s"
FOREIGN = "foreign"
PAUSE, LONG_PAUSE = 0.003, 0.05  # seconds between what is written
# However long nothing could be published, each event is, and none makes room for a resync.
REPLAY_ALL = "update wedsync_realtime.settings set replay_events = 10000000"


class Writer(threading.Thread):
    """Somebody who writes forms and changes them, and writes on when the database is back.

    A form is named by a number and how often it was changed, the rival's by what nobody may hear.
    """

    def __init__(self, stage: "Stage") -> None:
        super().__init__()
        self._stage = stage
        self.end = threading.Event()
        self.written = 0

    def run(self) -> None:
        """Write until told to end."""
        while not self.end.is_set():
            try:
                with psycopg.connect(self._stage.url, autocommit=True) as connection:
                    self._write(connection)
            except psycopg.OperationalError:
                self.end.wait(0.05)

    def _write(self, connection: psycopg.Connection) -> None:
        while not self.end.wait(self._stage.pause):
            self.written += 1
            row = connection.execute(WRITE, (self._stage.supplier, f"{self.written}.0")).fetchone()
            connection.execute(WRITE, (self._stage.rival, FOREIGN))
            for change in range(1, self.written % 3):
                connection.execute(CHANGE, (f"{self.written}.{change}", *(row or ())))


class Stage:
    """A database, a NATS server and relays, each to be killed by itself."""

    def __init__(self, server: Server, nats: str, home: Path, *, replicas: int = 1) -> None:
        self.server = server
        self.nats = nats
        self.replicas = replicas
        self.home = home
        self.url = server.url("app")
        people = People(self.url)
        self.supplier = people.supplier()
        self.rival = people.supplier("Rival")
        self.users = [people.supplier_user(self.supplier, f"user {n}") for n in range(FOLLOWERS)]
        self.keeper = people.supplier_user(self.supplier, "keeper")
        self.rival_keeper = people.supplier_user(self.rival, "rival")
        self.relays: list[Relay] = []
        self.pause = PAUSE
        with psycopg.connect(self.url) as connection:
            connection.execute(REPLAY_ALL)
        self.keep_hot()

    def start_relay(self) -> Relay:
        """Start one more."""
        options = ("--replicas", str(self.replicas))
        relay = relays.start(self.url, self.home, *options, NATS_URL=self.nats)
        self.relays.append(relay)
        return relay

    def end_relay(self) -> None:
        """Kill the first relay."""
        relay = self.relays.pop(0)
        relay.process.kill()
        relay.process.wait()
        assert relay.process.stdout
        relay.process.stdout.close()

    def keep_hot(self) -> None:
        """Hold a lease of somebody who polls, so that the topic outlives a follower's absence."""
        for keeper, supplier in ((self.keeper, self.supplier), (self.rival_keeper, self.rival)):
            with caller(self.url, keeper) as user:
                filters = {"supplier_id": str(supplier)}
                user.rpc("realtime_subscribe", channels=[FORMS], filters=filters)
                user.rpc("realtime_ping")

    @contextmanager
    def written_slowly(self) -> Iterator[None]:
        """Have little written for the time of the context, in which something has to come back."""
        self.pause = LONG_PAUSE
        try:
            yield
        finally:
            self.pause = PAUSE

    def names(self) -> list[str]:
        """Return what has been committed: each form with all that it was before, the rival's."""
        with psycopg.connect(self.url) as connection:
            rows = connection.execute("select form_name from public.form_responses").fetchall()
        found: list[str] = []
        for (name,) in rows:
            number, _, changes = name.partition(".")
            found += [f"{number}.{n}" for n in range(int(changes) + 1)] if changes else [name]
        return found


async def follow_while(stage: Stage, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Follow while something is done under load, and until everything committed has come."""
    writer = Writer(stage)
    followers = [Follower(stage.relays[0], user, stage.supplier) for user in stage.users]
    following = [asyncio.create_task(each.follow()) for each in followers]
    try:
        async with asyncio.timeout(PATIENCE):
            for follower in followers:
                await follower.is_following.wait()
        writer.start()
        await work()
        writer.end.set()
        await asyncio.to_thread(writer.join)
        committed = Counter(await asyncio.to_thread(stage.names))
        own = Counter({name: 1 for name in committed if name != FOREIGN})
        async with asyncio.timeout(PATIENCE):
            while not all(own.keys() <= set(each.told) for each in followers):
                await asyncio.sleep(0.05)
        for follower in followers:
            assert Counter(follower.told) == own
            assert in_order(follower.told)
        # who polls may be ahead of the relay
        published = await await_published(stage.relays[0], committed.total())
        print(f"{own.total()} changes committed, {committed[FOREIGN]} of the rival")
        assert Counter(published) == committed
        assert in_order(published)
    finally:
        writer.end.set()
        await cancel(*following)
        for follower in followers:
            await follower.close()


def in_order(names: list[str]) -> bool:
    """Tell whether the changes of each form come one after the other."""
    forms: dict[str, list[str]] = {}
    for name in names:
        if name != FOREIGN:
            forms.setdefault(name.partition(".")[0], []).append(name)
    return all(changes == sorted(changes) for changes in forms.values())


async def someone_leads(relay: Relay) -> None:
    """Wait until a relay answers that it reads the feed."""
    async with operator(relay) as client, asyncio.timeout(PATIENCE):
        while True:
            with suppress(NoRespondersError, TimeoutError):
                await client.request("wedsync.relay.leader", timeout=1)
                return


async def await_published(relay: Relay, count: int) -> list[str]:
    """Wait until so many stand in the stream, and return them."""
    published: list[str] = []
    async with asyncio.timeout(PATIENCE):
        while len(published) < count:
            with suppress(NatsError, OSError, TimeoutError):  # nor are all servers up at once
                published = await published_names(relay)
            await asyncio.sleep(0.1)
    return published


async def published_names(relay: Relay) -> list[str]:
    """Return what stands in the stream."""
    found: list[str] = []
    async with operator(relay) as client:
        context = client.jetstream()
        last = (await context.stream_info("WEDSYNC")).state.last_seq
        reading = await context.subscribe(">", stream="WEDSYNC", ordered_consumer=True)
        sequence = 0
        while sequence < last:
            message = await reading.next_msg(timeout=5)
            sequence = message.metadata.sequence.stream
            if "Nats-Msg-Id" in (message.headers or {}):
                found.append(json.loads(message.data or b"{}")["new"]["form_name"])
    return found
