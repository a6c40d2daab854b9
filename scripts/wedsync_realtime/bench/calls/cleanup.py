"""What cleanup takes, and what happens to pings and subscribes beside it."""

import time
from collections.abc import Callable, Iterator
from threading import Event, Thread

from psycopg.errors import LockNotAvailable

from wedsync_realtime.bench.ground import people
from wedsync_realtime.bench.ground.session import Session
from wedsync_realtime.bench.ground.stage import Scale, Stage
from wedsync_realtime.bench.measure.compare import Way, compare
from wedsync_realtime.bench.measure.figures import Figure, Reading, percentile, ratio

PAUSE = 0.002  # seconds between two calls of one caller beside cleanup
SECONDS = 3.0  # goal, for the cleanup of GOAL_EXPIRED
GOAL_EXPIRED = 100_000
WAIT = 50  # milliseconds that a ping may wait for a lock

_CLEAN = "select public.cleanup_inactive_subscriptions()"
_PING = "select public.realtime_ping()"
_SUBSCRIBE = (  # with a new connection each time, so that it is a new lease
    "select public.realtime_subscribe(array['form-responses'],"
    " pg_catalog.jsonb_build_object('supplier_id', $2::text), pg_catalog.gen_random_uuid())"
)
_PLAIN = """
    with ended as (
        delete from bench.leases as s
        where s.last_ping_at < now() - interval '1 day'
        returning s.user_id, s.channel_id, s.channel_name
    )
    insert into bench.activity (user_id, channel_id, event_type, payload)
    select e.user_id, e.channel_id, 'expired', jsonb_build_object('channel', e.channel_name)
    from ended as e
"""
# Every n-th lease, so that they lie between the live ones; expired two days ago.
_LAPSE = """
    create table bench.lapsed as
    select s.*
    from (select s.*, row_number() over () as place from public.realtime_subscriptions as s) as s
    where s.place % {nth} = 0
    limit {expired};
    alter table bench.lapsed drop column place;
    update bench.lapsed set last_ping_at = now() - interval '2 days';
    delete from public.realtime_subscriptions as s using bench.lapsed as l where l.id = s.id;
    truncate bench.leases;
    insert into bench.leases select * from public.realtime_subscriptions;
"""


class Beside:
    """A caller in a thread of its own, who notes how long each call took.

    Its calls give up when they wait for a lock for WAIT, where that is limited.
    """

    def __init__(self, session: Session, call: Callable[[int], object]) -> None:
        self.seconds: list[float] = []
        self.blocked = 0
        self._session, self._call = session, call
        self._stopped = Event()
        self._number = 0

    def start(self) -> None:
        """Begin to call."""
        self._stopped.clear()
        self._thread = Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        """Call no more."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(PAUSE):
            start = time.perf_counter()
            try:
                self._call(self._number)
            except LockNotAvailable:
                self.blocked += 1
            self.seconds.append(time.perf_counter() - start)
            self._number += 1


def cleanup(stage: Stage) -> Iterator[Figure]:
    """Compare cleanup with the bare delete and audit, while users ping and subscribe."""
    scale = stage.scale
    with (
        stage.session("set synchronous_commit = off") as admin,
        stage.session() as pinging,
        stage.session() as subscribing,
    ):
        crowd = _prepare(stage, admin)
        pings = Beside(pinging, _caller(pinging, crowd, _PING))
        subscribes = Beside(subscribing, _caller(subscribing, crowd, _SUBSCRIBE))
        pinging.run(f"{people.AS_CLIENT}; set lock_timeout = '{WAIT}ms'")
        subscribing.run(people.AS_CLIENT)

        lapsed = admin.value("select bench.copied('public.realtime_subscriptions', 'l', '{}')")

        def before() -> None:
            admin.run(f"insert into public.realtime_subscriptions {lapsed} from bench.lapsed as l")
            pings.start()
            subscribes.start()

        def after() -> None:
            subscribes.stop()
            pings.stop()

        costs = compare(
            {
                "ours": Way(admin, lambda _: _clean(admin, scale), before, after),
                "plain": Way(
                    admin,
                    lambda _: admin.run(_PLAIN),
                    lambda: admin.run("insert into bench.leases select * from bench.lapsed"),
                ),
            },
            scale.bulk_rounds,
            1,
        )
    scenario = f"cleanup, {scale.expired_leases:,} of {scale.live_leases:,}"
    yield ratio(scenario, "cleanup", costs["ours"], costs["plain"], "bare delete with audit")
    goal = SECONDS * scale.expired_leases / GOAL_EXPIRED
    yield Reading(scenario, "cleanup", costs["ours"].median.wall, "s", at_most=goal)
    yield Reading(
        scenario, f"of {len(pings.seconds):,} pings blocked {WAIT} ms", pings.blocked, "", at_most=0
    )
    for name, beside in (("ping", pings), ("subscribe", subscribes)):
        yield Reading(scenario, f"{name} beside it, p99", percentile(beside.seconds, 99), "ms")
        yield Reading(scenario, f"{name} beside it, longest", 1e3 * max(beside.seconds), "ms")


def _prepare(stage: Stage, admin: Session) -> people.Crowd:
    """Replace all leases by those of a crowd of suppliers, and let some of them lapse."""
    scale = stage.scale
    stage.report(f"Preparing {scale.live_leases:,} leases …")
    crowd = people.gather(admin, "crowd", scale.live_leases)
    nth = scale.live_leases // scale.expired_leases
    admin.run(_LAPSE.format(nth=nth, expired=scale.expired_leases))
    admin.run("vacuum analyze")
    return crowd


def _clean(admin: Session, scale: Scale) -> None:
    ended = admin.value(_CLEAN)
    if ended != scale.expired_leases:
        raise RuntimeError(f"cleanup ended {ended} leases")


def _caller(session: Session, crowd: people.Crowd, select: str) -> Callable[[int], object]:
    """Call as ever other users of ever other suppliers."""
    statement = people.as_caller(select)

    def call(number: int) -> None:
        name = crowd.names[number % len(crowd.names)]
        values = [people.claims(name, number % crowd.users + 1), people.supplier_id(name)]
        session.call(statement, *values[: 1 + ("$2" in statement)])

    return call
