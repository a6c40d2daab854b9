"""How long a change takes from its commit to the last of many clients, pushed by the relay."""

import asyncio
import base64
import hmac
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wedsync_realtime.bench.delivering.readers import LONGEST, Address, Audience, Client, audience
from wedsync_realtime.bench.ground import people
from wedsync_realtime.bench.ground.session import Session
from wedsync_realtime.bench.ground.stage import Stage
from wedsync_realtime.bench.measure.figures import Figure, Reading, percentile

SECRET = "the tokens of the benchmark are signed with this secret"
PACE = 0.02  # seconds between changes
BULK = 10_000  # changes of a statement
SIZE = 800  # bytes of an event, about
LAST = {200: {50: 5.0, 99: 20.0}, 10_000: {50: 100.0, 99: 250.0}}  # ms: goals by clients
CLOSED = {99: 100.0}  # ms
EVENTS = 5_000  # a second
INSERT = (
    "insert into public.form_responses (supplier_id, form_name) select $1::uuid, n::text"
    " from generate_series($2::integer, $3::integer) as n"
)
_LEASES = """
    select s.user_id::text, s.connection_id::text
    from public.realtime_subscriptions as s
    inner join public.user_profiles as p on p.id = s.user_id
    where p.supplier_id = %s
"""


def push(stage: Stage) -> Iterator[Figure]:
    """Push changes to the audiences of suppliers, and end subscriptions while it listens."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with relay(stage) as running, stage.session() as session:
        if running is None:
            return
        home, address = running
        for size in stage.scale.subscribers:
            name = f"audience {size}"
            people.add(session, name, leases=size)
            yield from _deliver(session, home, address, name, stage.scale.deliveries)
        yield from _revoke(session, address, stage.scale.deliveries)


def _deliver(
    session: Session, home: Path, address: Address, name: str, changes: int
) -> Iterator[Figure]:
    hearing = clients(session, name)
    what = "1 client" if len(hearing) == 1 else f"{len(hearing):,} clients"
    supplier = people.supplier_id(name)
    with audience(address, hearing) as listening:
        yield Reading("push", f"{what} logging in at once", listening.entered(), "s", 30)
        seconds = []
        for number in range(changes):
            session.call(INSERT, supplier, number, number)
            committed = time.perf_counter()
            seconds.append(listening.arrived(number) - committed)
            time.sleep(PACE)
        for per_cent in (50, 99):
            reached = percentile(seconds, per_cent)
            goal = LAST.get(len(hearing), {}).get(per_cent)
            yield Reading("push", f"commit to the last of {what}, p{per_cent}", reached, "ms", goal)
        seconds = asyncio.run(_alone(home, address, hearing[0].subject, listening, changes))
        for per_cent in (50, 99):
            reached = percentile(seconds, per_cent)
            yield Reading("push", f"the same of NATS alone, {what}, p{per_cent}", reached, "ms")
        if len(hearing) == 1:
            start = time.perf_counter()
            first = 2 * changes
            session.call(INSERT, supplier, first, first + BULK - 1)
            took = listening.arrived(first + BULK - 1) - start
            yield Reading(
                "push", "events a second through the relay", BULK / took, "/s", at_least=EVENTS
            )


async def _alone(
    home: Path, address: Address, subject: str, listening: Audience, changes: int
) -> list[float]:
    """Return the seconds to the last client of messages that the server has from us at once."""
    # only here: they are an extra's
    import nats

    from wedsync_realtime.relay import keys

    seed = keys.load(home).relay.seed
    client = await nats.connect("nats://{}:{}".format(*address), nkeys_seed_str=seed)
    seconds = []
    for number in range(changes, 2 * changes):
        start = time.perf_counter()
        await client.publish(subject, f'{{"form_name": "{number}"}}'.ljust(SIZE).encode())
        await client.flush()
        seconds.append(listening.arrived(number) - start)
        await asyncio.sleep(PACE)
    await client.close()
    return seconds


def _revoke(session: Session, address: Address, times: int) -> Iterator[Figure]:
    name = "revoked"
    people.add(session, name, leases=times)
    seconds = [_closing(session, address, client) for client in clients(session, name)]
    for per_cent in (50, 99):
        reached = percentile(seconds, per_cent)
        told = f"revocation to the closed connection, p{per_cent}"
        yield Reading("push", told, reached, "ms", CLOSED.get(per_cent))


def _closing(session: Session, address: Address, client: Client) -> float:
    """Return the seconds from the end of a subscription to that of its connection."""
    with client.enter(address) as connection:
        while b"PONG" not in connection.recv(LONGEST):
            pass
        session.call("select wedsync_realtime.disconnect(user_id => $1::uuid)", client.user)
        committed = time.perf_counter()
        while connection.recv(LONGEST):
            pass
        return time.perf_counter() - committed


def clients(session: Session, name: str) -> list[Client]:
    """Return the holders of a supplier's leases, who may listen to its changes."""
    subject = f"wedsync.event.{people.CHANNEL}.{people.supplier_id(name)}"
    leases = session.rows(_LEASES, people.supplier_id(name))
    return [Client(user, _token(user), connection, subject) for user, connection in leases]


def _token(user: str) -> str:
    claims = {"sub": user, "role": "authenticated", "exp": int(time.time()) + 3600}
    parts = [_encode(json.dumps(part).encode()) for part in ({"alg": "HS256"}, claims)]
    text = ".".join(parts)
    return f"{text}.{_encode(hmac.digest(SECRET.encode(), text.encode(), 'sha256'))}"


def _encode(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


@contextmanager
def relay(stage: Stage) -> Iterator[tuple[Path, Address] | None]:
    """Run a relay with a NATS server of its own for the time of the context; None without."""
    places = ("--listen", "127.0.0.1:0", "--websocket", "127.0.0.1:0")
    with tempfile.TemporaryDirectory(prefix="wedsync-bench-") as home:
        own = {"WEDSYNC_REALTIME_HOME": home, "DATABASE_URL": stage.url, "JWT_SECRET": SECRET}
        given = {name: value for name, value in os.environ.items() if name != "NATS_URL"}
        with subprocess.Popen(
            [sys.executable, "-m", "wedsync_realtime", "relay", "--json", *places],
            env=given | own,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            assert process.stdout
            told: dict[str, Any] = json.loads(process.stdout.readline() or "{}")
            try:
                if "nats" in told:
                    host, _, port = told["nats"].removeprefix("nats://").partition(":")
                    yield Path(home), (host, int(port))
                else:
                    stage.report(f"push: {told.get('message')} {told.get('fix')}")
                    yield None
            finally:
                process.terminate()
