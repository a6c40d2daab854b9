"""What subscribe and ping cost while 100,000 leases are there.

Goals hold for commits as PostgreSQL makes them by default.
"""

from collections.abc import Callable, Iterator
from itertools import count

from wedsync_realtime.bench.ground import people
from wedsync_realtime.bench.ground.session import Session
from wedsync_realtime.bench.ground.stage import Stage
from wedsync_realtime.bench.measure.compare import Way, compare
from wedsync_realtime.bench.measure.figures import Figure, Reading, ratio

SIZES = (10, 1_000)  # leases of the suppliers that users subscribe to
FEW, MANY = (f"leases {size}" for size in SIZES)
NEW_USERS = 10  # of a slice: with more, the small tenant would be none any more
SUBSCRIBE, SAME, PING, HOT = 3.0, 1.2, 1.3, 100.0  # goals: ratios, and per cent

_SUBSCRIBE = (
    "select public.realtime_subscribe("
    "array['form-responses'], pg_catalog.jsonb_build_object('supplier_id', $1::text))"
)
_SUBSCRIBE_AS = people.as_caller(_SUBSCRIBE.replace("$1", "$2"))
_LEAST = "select bench.subscribe_least($1)"
_LEAST_AS = people.as_caller("select bench.subscribe_least($2)")
_UPSERT = """
    {caller}
    insert into bench.leases ({columns})
    select {values} from caller where caller.claims is not null
    on conflict (user_id, channel_name, table_name, connection_id) do update
    set last_ping_at = excluded.last_ping_at, filter_params = excluded.filter_params
"""
# A lease's columns, and its values as literals, but for the user.
_LITERALS = """
    select
        string_agg(quote_ident(a.attname), ', ' order by a.attnum),
        string_agg(
            case a.attname
                when 'id' then 'pg_catalog.gen_random_uuid()'
                when 'user_id' then '$2::uuid'
                when 'last_ping_at' then 'pg_catalog.clock_timestamp()'
                else quote_nullable(to_jsonb(s) ->> a.attname)
            end,
            ', ' order by a.attnum
        )
    from public.realtime_subscriptions as s
    inner join pg_attribute as a on a.attrelid = s.tableoid
    where s.user_id = %s and a.attnum > 0 and not a.attisdropped
"""
_TOUCH = "update bench.leases set last_ping_at = pg_catalog.clock_timestamp() where id = $1"
_HOT = """
    select pg_stat_get_tuples_updated(c.oid), pg_stat_get_tuples_hot_updated(c.oid)
    from pg_class as c where c.oid = 'public.realtime_subscriptions'::regclass
"""


def subscribe(stage: Stage) -> Iterator[Figure]:
    """Compare subscribe with the upsert it contains, and a big tenant with a small one."""
    for commit in ("off", "on"):
        yield from _subscribe(stage, commit)


def _subscribe(stage: Stage, commit: str) -> Iterator[Figure]:
    rounds, calls = stage.scale.rounds, stage.scale.calls
    goal, same = (SUBSCRIBE, SAME) if commit == "on" else (None, None)
    with stage.session() as admin, stage.session(people.AS_CLIENT) as client:
        _copy_leases(admin)
        for session in (admin, client):
            session.run(f"set synchronous_commit = {commit}")
        new = compare(
            {
                "many": _new_leases(admin, client, MANY),
                "few": _new_leases(admin, client, FEW),
                "upsert": _new_rows(admin, MANY, _upsert(admin, MANY), people.user_id),
                "least": _new_rows(
                    admin, MANY, _LEAST_AS, lambda name, _: people.supplier_id(name)
                ),
            },
            rounds,
            NEW_USERS,
        )
        upsert = _upsert(admin, MANY)
        renewed = compare(
            {
                "ours": _signed_in(
                    client, MANY, lambda _: client.call(_SUBSCRIBE, people.supplier_id(MANY))
                ),
                "upsert": Way(admin, lambda n: admin.call(upsert, "", people.user_id(MANY, 2))),
                "least": _signed_in(
                    admin, MANY, lambda _: admin.call(_LEAST, people.supplier_id(MANY)), ""
                ),
            },
            rounds,
            calls,
        )
    scenario = f"subscribe, commit {commit}"
    for what, ours, costs in (
        ("new lease", new["many"], new),
        ("renewal", renewed["ours"], renewed),
    ):
        plain = costs["upsert"]
        yield ratio(scenario, what, ours, plain, "bare upsert", goal, by_cpu=True)
        yield ratio(scenario, f"{what}, the least", costs["least"], plain, "bare upsert")
    yield ratio(scenario, f"with {MANY}", new["many"], new["few"], f"with {FEW}", same)


def ping(stage: Stage) -> Iterator[Figure]:
    """Compare ping with a bare update by key, and read how many of its updates were HOT."""
    for commit in ("off", "on"):
        yield from _ping(stage, commit)


def _ping(stage: Stage, commit: str) -> Iterator[Figure]:
    supplier = f"leases {stage.scale.leases[-1]}"
    with stage.session() as admin, stage.session(people.AS_CLIENT) as client:
        _copy_leases(admin)
        for session in (admin, client):
            session.run(f"set synchronous_commit = {commit}")
        updated, hot = admin.rows(_HOT)[0]
        costs = compare(
            {
                "ours": _signed_in(
                    client, supplier, lambda _: client.call("select public.realtime_ping()")
                ),
                "plain": _touch(admin, supplier),
                "least": _signed_in(
                    admin, supplier, lambda _: admin.call("select bench.ping_least()"), ""
                ),
            },
            stage.scale.rounds,
            stage.scale.calls,
        )
        client.run("reset role; select pg_stat_force_next_flush()")
        updated_then, hot_then = admin.rows(_HOT)[0]
    scenario, goal = f"ping, commit {commit}", PING if commit == "on" else None
    yield ratio(
        scenario, "ping", costs["ours"], costs["plain"], "bare update by key", goal, by_cpu=True
    )
    yield ratio(scenario, "ping, the least", costs["least"], costs["plain"], "bare update by key")
    share = 100 * (hot_then - hot) / max(1, updated_then - updated)
    yield Reading(scenario, "HOT updates", share, "%", at_least=HOT)


def _copy_leases(session: Session) -> None:
    session.run("truncate bench.leases")
    session.run("insert into bench.leases select * from public.realtime_subscriptions")
    session.run("vacuum analyze bench.leases, public.realtime_subscriptions")


def _new_leases(admin: Session, client: Session, supplier: str) -> Way:
    """Subscribe with a new user each time; after a slice their leases go."""
    tenant, first = people.supplier_id(supplier), _first_new_user(supplier)

    def call(number: int) -> None:
        client.call(_SUBSCRIBE_AS, people.claims(supplier, first + number), tenant)

    return Way(
        client, call, after=lambda: _delete(admin, "public.realtime_subscriptions", supplier)
    )


def _new_rows(
    admin: Session, supplier: str, statement: str, value: Callable[[str, int], str]
) -> Way:
    """Insert what such a subscribe inserts, by a statement for the caller $1 and a value $2."""
    first = _first_new_user(supplier)

    def call(number: int) -> None:
        user = first + number
        admin.call(statement, people.claims(supplier, user), value(supplier, user))

    return Way(admin, call, after=lambda: _delete(admin, "bench.leases", supplier))


def _signed_in(
    session: Session, supplier: str, call: Callable[[int], object], role: str = people.AS_CLIENT
) -> Way:
    """Call as one user of the supplier, another one each slice."""
    users = count(2)

    def before() -> None:
        session.run(people.sign_in(supplier, next(users), role))

    return Way(session, call, before)


def _touch(admin: Session, supplier: str) -> Way:
    """Update one lease of the supplier, another one each slice."""
    users = count(2)
    lease = ""

    def before() -> None:
        nonlocal lease
        user = people.user_id(supplier, next(users))
        lease = str(admin.value("select id from bench.leases where user_id = %s", user))

    return Way(admin, lambda _: admin.call(_TOUCH, lease), before)


def _upsert(admin: Session, supplier: str) -> str:
    columns, values = admin.rows(_LITERALS, people.user_id(supplier, 1))[0]
    return _UPSERT.format(caller=people.CALLER, columns=columns, values=values)


def _delete(admin: Session, table: str, supplier: str) -> None:
    """Delete the leases of users who had none in the beginning."""
    first = _first_new_user(supplier)
    admin.call(
        f"delete from {table} as s using generate_series($2::integer, $3::integer) as n"
        " where s.user_id = bench.user_id($1, n)",
        supplier, first, first + 1_000,
    )  # fmt: skip


def _first_new_user(supplier: str) -> int:
    return int(supplier.split()[-1]) + 1
