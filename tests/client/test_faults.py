"""Random faults on every way to the client: the copy is right in the end, and changes come once."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.client.faults import Faults
from tests.client.follower import Follower, expire, following, states
from tests.client.realtime import Realtime, project_server
from tests.client.writers import Writers
from tests.supabase.tokens import token
from tests.support.cluster import Cluster
from tests.support.people import People

FAULTS = 1000 if os.environ.get("WEDSYNC_LONG") else 100
UNLINK = "update public.user_profiles set supplier_id = null where id = %s"
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
@pytest.mark.parametrize("transport", ["postgrest", "supabase 1.0.0", "supabase 2.0.0"])
def test_copy_is_right_after_random_faults(
    client: Path, node_modules: Path, database: str, authenticator: str, people: People,
    admin: psycopg.Connection, supplier: UUID, user: UUID, transport: str,
) -> None:  # fmt: skip
    seed = int(os.environ.get("WEDSYNC_SEED") or Random().randrange(10**9))
    name, _, vsn = transport.partition(" ")
    faults = Faults(seed)
    admin.execute(SETTINGS)
    with (
        project_server(authenticator, database, faults.handler()) as (address, realtime),
        Writers(database, seed, supplier, people.supplier("Petal")) as writers,
        following(
            client, node_modules, transport=name, url=address, key=token("anon"), vsn=vsn,
            tokens=[token("authenticated", user, expires_in=hours * 3600) for hours in (1, 2)],
            filter={"supplier_id": str(supplier)},
        ) as follower,
    ):  # fmt: skip
        realtime.deliver = faults.deliver
        happen = misfortunes(admin, follower, writers, realtime if vsn else None)
        while faults.counts.total() < FAULTS:
            for _ in range(writers.random.randint(1, 6)):
                writers.write()
            fault = faults.choose(dict.fromkeys(happen, 0.3 / len(happen)))
            if fault:
                happen[fault]()
            follower.figures()
        faults.over.set()
        realtime.refusals.clear()
        writers.settle()

        def is_right() -> bool:
            follower.say("wake")
            is_equal = follower.rows() == table(admin, supplier)
            return is_equal and states(follower)[-1] == ("live", "")

        follower.until(is_right)
        admin.execute(UNLINK, (user,))
        for _ in range(10):
            writers.write()
        writers.settle()
        follower.say("wake")
        assert follower.status("stopped") == "forbidden_channel"
        for _ in range(10):
            writers.write()
        writers.settle()
        figures = follower.figures()
    print(f"{transport}, seed {seed}: {faults.counts.total()} faults, {dict(faults.counts)}")
    print(f"applied {figures['applied']}, read anew {figures['readAll']} times")
