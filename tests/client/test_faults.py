"""Random faults on every way to the client: the copy is right in the end, and changes come once."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.client.faults import Faults
from tests.client.follower import Follower, Followers, expire
from tests.client.realtime import Realtime, project_server
from tests.client.writers import Writers
from tests.supabase.tokens import SECRET, token
from tests.support.callers.people import People
from tests.support.nats.relay import running_relay
from tests.support.postgres.cluster import Cluster

FAULTS = 1000 if os.environ.get("WEDSYNC_LONG") else 60
CALMS = 10 if FAULTS == 1000 else 2  # when the copy is compared
UNLINK = "update public.user_profiles set supplier_id = null where id = %s"
LINK = "update public.user_profiles set supplier_id = %s where id = %s"
TABLE = (
    "select coalesce(jsonb_agg(f order by f.id), '[]') from public.form_responses as f"
    " where f.supplier_id = %s"
)
SETTINGS = (
    "update wedsync_realtime.settings set subscribe_per_minute = 6000, subscribe_burst = 6000,"
    " ping_interval = '20 s'"
)


def table(admin: psycopg.Connection, supplier: UUID) -> Any:
    """Return the supplier's rows as they are."""
    (rows,) = admin.execute(TABLE, (supplier,)).fetchone() or ([],)
    return rows


def revoke(
    admin: psycopg.Connection, follower: Follower, writers: Writers, user: UUID, is_sudden: bool
) -> None:
    """Take the user's right away, and see it end. is_sudden: before what is written later."""
    secret = f"{uuid4()} "
    writers.settle()
    admin.execute(UNLINK, (user,))
    for _ in range(10):
        writers.write(secret)
    writers.settle()
    follower.say("wake")
    assert follower.status("stopped") == "forbidden_channel"
    for _ in range(10):
        writers.write(secret)
    writers.settle()
    if is_sudden:
        assert not [name for name in follower.names() if name.startswith(secret)]


def misfortunes(
    admin: psycopg.Connection, follower: Follower, writers: Writers, realtime: Realtime | None
) -> dict[str, Callable[[], object]]:
    """Return what may happen beside lost messages and requests, by name."""

    def each(act: Callable[[Any], object]) -> Callable[[], object]:
        return lambda: [act(session) for session in (realtime.sessions() if realtime else [])]

    def truncate() -> None:
        writers.settle()
        admin.execute("truncate public.form_responses")

    def say(*words: str) -> Callable[[], object]:
        return lambda: follower.say("\n".join(words))

    happen: dict[str, Callable[[], object]] = {
        "expired": lambda: expire(admin),
        "truncated": truncate,
        "token renewed": say("renew"),
        "page left": say("pagehide", "pageshow"),
        "tab slept": say("hide", "show"),
    }
    if realtime:
        happen |= {
            "disconnected": each(lambda session: session.socket.break_off()),
            "gone mute": each(lambda session: setattr(session, "is_mute", True)),
            "closed": each(
                lambda session: [session.close(each, "no") for each in [*session.joined]]
            ),
            "crashed": each(
                lambda session: [session.push(each, "phx_error", {}) for each in [*session.joined]]
            ),
            "refused": lambda: realtime.refusals.append("DatabaseLackOfConnections"),
        }
    return happen


@pytest.fixture
def database(cluster: Cluster, supabase: str) -> Iterator[str]:
    with cluster.database(supabase) as url:
        yield url


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("transport", ["postgrest", "supabase 1.0.0", "supabase 2.0.0", "nats"])
def test_copy_is_right_after_random_faults(
    followers: Followers, database: str, authenticator: str, people: People,
    admin: psycopg.Connection, supplier: UUID, user: UUID, transport: str, tmp_path: Path,
) -> None:  # fmt: skip
    seed = int(os.environ.get("WEDSYNC_SEED") or Random().randrange(10**9))
    print(f"{transport}, seed {seed}")  # for who has to find out why it failed
    name, _, vsn = transport.partition(" ")
    faults = Faults(seed)
    admin.execute(SETTINGS)
    task: dict[str, Any] = {"transport": name, "key": token("anon"), "vsn": vsn}
    with ExitStack() as stack:
        if name == "nats":
            signed = {"JWT_SECRET": SECRET, "JWT_AUDIENCE": "authenticated"}
            relay = stack.enter_context(running_relay(database, tmp_path / "home", **signed))
            task |= {
                "websocket": relay.websocket, "user": str(user), "connectionId": str(uuid4()),
                "seed": seed,
            }  # fmt: skip
        address, realtime = stack.enter_context(
            project_server(authenticator, database, faults.handler())
        )
        rival = people.supplier("Petal")
        writers = stack.enter_context(Writers(database, seed, supplier, rival))
        task |= {
            "url": address, "filter": {"supplier_id": str(supplier)},
            "tokens": [token("authenticated", user, expires_in=hours * 3600) for hours in (1, 2)],
        }  # fmt: skip
        follower = stack.enter_context(followers.following(**task))
        realtime.deliver = faults.deliver
        happen = misfortunes(admin, follower, writers, realtime if vsn else None)
        if name == "nats":
            happen["disconnected"] = lambda: follower.say("cut")

        def revoke_for_a_while() -> None:
            revoke(admin, follower, writers, user, is_sudden=name != "supabase")
            admin.execute(LINK, (supplier, user))
            follower.say("again")

        happen["revoked"] = revoke_for_a_while

        def counts(word: str = "count") -> Counter[str]:
            follower.say(word)
            told = follower.wait(lambda it: "faults" in it)["faults"]
            return faults.counts + Counter(told)

        def is_right() -> bool:
            follower.say("wake")
            return bool(follower.rows() == table(admin, supplier))

        for part in range(1, CALMS + 1):
            while counts().total() < FAULTS * part / CALMS:
                for _ in range(writers.random.randint(1, 6)):
                    writers.write()
                fault = faults.choose(dict.fromkeys(happen, 0.3 / len(happen)))
                if fault:
                    happen[fault]()
            faults.over.set()
            befallen = counts("calm")
            realtime.refusals.clear()
            writers.settle()
            follower.until_live()
            follower.until(is_right)
            follower.until_live()
            faults.over.clear()
            follower.say("storm")
        faults.over.set()
        counts("calm")
        revoke(admin, follower, writers, user, is_sudden=name != "supabase")
        figures = follower.figures()
    print(f"{befallen.total()} faults, {dict(befallen)}")
    print(f"applied {figures['applied']}, none twice, none after the end; {CALMS} equal copies")
    print(f"read anew {figures['readAll']} times")
