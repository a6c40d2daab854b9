"""A client that writes what no client library would is in nobody's way but its own."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from uuid import UUID, uuid4

import psycopg
from nats.errors import NoRespondersError
from psycopg.types.json import Jsonb

from tests.relay.scene import FORMS, Scene, asynchronous, body, names, until
from tests.support.nats.push import VIOLATION, pushed
from tests.support.nats.relay import Relay, token
from tests.support.waiting import PATIENCE
from wedsync_realtime.relay.calls import AT_ONCE, FLOOD, HEAVY
from wedsync_realtime.relay.presence import MOST

WAITING = """
    select count(*) > 0 from pg_stat_activity
    where datname = current_database() and usename is not null and wait_event_type = 'Lock'
"""


class Raw:
    """A connection that writes bytes as they are."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def log_in(self, with_token: str, name: UUID) -> bytes:
        """Log in, or once more, and return what the server says to it."""
        options = {"auth_token": with_token, "name": str(name), "headers": True, "verbose": False}
        return await self.ask(b"CONNECT %s\r\nPING\r\n" % json.dumps(options).encode())

    async def ask(self, lines: bytes) -> bytes:
        """Write lines, and return the first line that is an answer."""
        self.writer.write(lines)
        async with asyncio.timeout(PATIENCE):
            while (line := await self.reader.readline()).startswith((b"PING", b"INFO")):
                pass
        return line


@asynccontextmanager
async def raw_connection(url: str) -> AsyncIterator[Raw]:
    """Hold a connection to NATS, not logged in, for the time of the context."""
    host, _, port = url.removeprefix("nats://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield Raw(reader, writer)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@asynchronous
async def test_bytes_that_are_no_text_stop_nobody(relay: Relay, scene: Scene) -> None:
    rival = scene.people.supplier_user(scene.people.supplier("Rival"), "rival")
    call, inbox = (f"{place}.{rival}.".encode() for place in ("wedsync.rpc", "_INBOX"))
    status = b"NATS/1.0 \xff\xff\xff \xff\r\n\r\n"
    hostile = {
        "subject": b"PUB %s\xff\xfe 2\r\n{}\r\n" % call,
        "subject with a sid": b"PUB %sx\x0c1 2\r\n{}\r\n" % call,
        "reply": b"PUB %sstatus %s\xff 2\r\n{}\r\n" % (call, inbox),
        "reply of two words": b"PUB %sstatus %sx\x0cy 2\r\n{}\r\n" % (call, inbox),
        "long reply of two words": b"PUB %sstatus %sx\x0c%s 2\r\n{}\r\n"
        % (call, inbox, b"y" * 8000),
        "header's status": b"HPUB %sstatus %sx %d %d\r\n%s{}\r\n"
        % (call, inbox, len(status), len(status) + 2, status),
        "no header": b"HPUB %sstatus %sx 12 14\r\nNATS/1.0\r\n\r\n{}\r\n" % (call, inbox),
    }
    log = relay.home / "relay.log"
    before = log.read_text()
    async with pushed(relay, scene.user) as client, raw_connection(relay.nats) as raw:
        await client.subscribe(FORMS, **scene.own)
        assert await raw.log_in(token(rival), uuid4()) == b"PONG\r\n"
        for what, lines in hostile.items():
            assert await raw.ask(lines + b"PING\r\n") == b"PONG\r\n", what
            assert body(await client.call("status"))["success"], what
            scene.submit(what)
            assert names(await client.take_events(1)) == [what]
    assert log.read_text() == before  # nor did it lose its connection meanwhile


@asynchronous
async def test_connection_stays_its_user_s(relay: Relay, scene: Scene) -> None:
    rival = scene.people.supplier_user(scene.people.supplier("Rival"), "rival")
    for second in (token(rival), token(scene.user), "nonsense"):
        async with raw_connection(relay.nats) as raw:
            assert await raw.log_in(token(scene.user), uuid4()) == b"PONG\r\n"
            assert (await raw.log_in(second, uuid4())).startswith(VIOLATION)


@asynchronous
async def test_connections_of_one_name_are_bounded(relay: Relay, scene: Scene) -> None:
    """Each has to be closed when a subscription of it ends."""
    name = uuid4()
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(pushed(relay, scene.user, name))
            for _ in range(MOST + 2)
        ]
        for oldest in clients[:2]:
            await oldest.cut_off()
        for each in clients[2:]:
            await each.client.flush()


@asynchronous
async def test_subscriptions_of_a_connection_are_bounded(relay: Relay, scene: Scene) -> None:
    own = f"SUB _INBOX.{scene.user}.".encode()
    many = b"".join(b"%s%d %d\r\n" % (own, number, number) for number in range(100))
    async with raw_connection(relay.nats) as raw:
        assert await raw.log_in(token(scene.user), uuid4()) == b"PONG\r\n"
        assert await raw.ask(many + b"PING\r\n") == b"PONG\r\n"
        assert b"maximum subscriptions exceeded" in await raw.ask(own + b"x x\r\n")


@asynchronous
async def test_flood_of_calls_is_cut_off(relay: Relay, scene: Scene) -> None:
    rival = scene.people.supplier_user(scene.people.supplier("Rival"), "rival")
    call = f"PUB wedsync.rpc.{rival}.status _INBOX.{rival}.x 2\r\n{{}}\r\n".encode()
    async with pushed(relay, scene.user) as client, raw_connection(relay.nats) as raw:
        await client.subscribe(FORMS, **scene.own)
        assert await raw.log_in(token(rival), uuid4()) == b"PONG\r\n"
        while await flood(relay, raw, call * 2 * FLOOD):
            assert body(await client.call("status"))["success"]
        assert body(await client.call("status"))["success"]
        scene.submit("still pushed")
        assert names(await client.take_events(1)) == ["still pushed"]


async def flood(relay: Relay, raw: Raw, calls: bytes) -> bool:
    """Have the relay find calls all at once; return whether the connection was open for them."""
    os.kill(relay.process.pid, signal.SIGSTOP)
    try:
        with suppress(OSError):
            raw.writer.write(calls + b"PING\r\n")
            while line := await raw.reader.readline():
                if line == b"PONG\r\n":
                    return True
        return False
    finally:
        os.kill(relay.process.pid, signal.SIGCONT)


@asynchronous
async def test_long_bodies_are_cut_off_sooner(relay: Relay, scene: Scene) -> None:
    long = 50 * HEAVY
    call = b"PUB wedsync.rpc.%s.status x %d\r\n%s\r\n" % (
        str(scene.user).encode(), long, b" " * long,
    )  # fmt: skip
    other = scene.people.supplier_user(scene.supplier, "other")
    async with pushed(relay, other) as client, raw_connection(relay.nats) as raw:
        assert await raw.log_in(token(scene.user), uuid4()) == b"PONG\r\n"
        while await flood(relay, raw, call * (2 * FLOOD * HEAVY // long)):
            assert body(await client.call("status"))["success"]


@asynchronous
async def test_headers_are_left_unread(relay: Relay, scene: Scene) -> None:
    inbox = f"_INBOX.{scene.user}.x".encode()
    lines = b"a:b\r\n" * 100_000
    async with raw_connection(relay.nats) as raw:
        assert await raw.log_in(token(scene.user), uuid4()) == b"PONG\r\n"
        raw.writer.write(b"SUB %s 1\r\n" % inbox)
        for headers, told in ((b"a:b\r\n", b"200"), (lines, b"413")):
            length = len(b"NATS/1.0\r\n" + headers + b"\r\n")
            call = b"HPUB wedsync.rpc.%s.status %s %d %d\r\nNATS/1.0\r\n%s\r\n{}\r\n" % (
                str(scene.user).encode(), inbox, length, length + 2, headers,
            )  # fmt: skip
            assert (await raw.ask(call)).startswith(b"HMSG %s " % inbox)
            async with asyncio.timeout(PATIENCE):
                assert (await raw.reader.readuntil(b"}\r\n")).count(b"Status: %s\r\n" % told)


@asynchronous
async def test_calls_that_wait_for_their_caller_hold_nobody_up(relay: Relay, scene: Scene) -> None:
    """Each of the users holds in a transaction of theirs what their calls wait for."""
    suppliers = [scene.people.supplier(f"Rival {number}") for number in range(2)]
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(pushed(relay, scene.user))
        calls = []
        for supplier in suppliers:
            user = scene.people.supplier_user(supplier, f"user of {supplier}")
            arguments = {"channels": [FORMS], "filters": {"supplier_id": str(supplier)}}
            own = stack.enter_context(psycopg.connect(scene.url))
            own.execute(
                "select set_config('role', 'authenticated', true),"
                " set_config('request.jwt.claims', %s, true)",
                (json.dumps({"sub": str(user), "role": "authenticated"}),),
            )
            own.execute(
                "select public.realtime_subscribe(%s, %s)", ([FORMS], Jsonb(arguments["filters"]))
            )
            other = await stack.enter_async_context(pushed(relay, user))
            calls += [other.call("subscribe", **arguments) for _ in range(AT_ONCE)]
        blocked = [asyncio.create_task(call) for call in calls]
        await until(lambda: scene.value(WAITING))
        assert body(await client.call("status"))["success"]
        told = await asyncio.gather(*blocked, return_exceptions=True)
        assert {type(each) for each in told} == {NoRespondersError}  # as the library reads 503
