"""What a call gives away or leaves behind: refusals that look alike, and a bounded audit."""

import json
from collections import Counter
from statistics import median
from time import perf_counter
from typing import Any

import psycopg
import pytest

from tests.support.callers.people import People
from tests.support.callers.script import Cast, become, call

# Counters of this session that statistics have not collected yet, so only differences tell.
WORK = """
    select t.relname || ' ' || c.key, c.value::bigint
    from pg_stat_xact_user_tables as t
    cross join jsonb_each_text(to_jsonb(t) - array['relid', 'schemaname', 'relname']) as c
    where c.value <> '0'
    union all select f.funcname, f.calls from pg_stat_xact_user_functions as f
"""


def work(session: psycopg.Connection) -> Counter[str]:
    """Return rows read and written, index scans and function calls so far."""
    return Counter(dict(session.execute(WORK.encode()).fetchall()))


def ask(
    session: psycopg.Connection, cast: Cast, function: str, *arguments: Any
) -> tuple[str, str, str, float]:
    """Call as the rival; return the answer's bytes, status, the work it took, and seconds."""
    with session.transaction(force_rollback=True):
        before = work(session)
        become(session, cast.rival_user)
        start = perf_counter()
        answer = call(session, function, *arguments)
        seconds = perf_counter() - start
        status = session.execute("select current_setting('response.status')").fetchone()
        become(session)
        done = work(session) - before
    return json.dumps(answer), str(status), repr(sorted(done.items())), seconds


@pytest.mark.parametrize("function", ["realtime_poll", "realtime_unsubscribe", "realtime_ping"])
def test_id_of_another_user_looks_like_none(
    session: psycopg.Connection, cast: Cast, function: str
) -> None:
    theirs = cast.leases["couple-profile"]
    # The same id a millisecond earlier: of the same form and length, and nobody's.
    nobodys = theirs[:-13] + str(int(theirs[-13:]) - 1)
    session.execute("set track_functions = 'all'")
    # Past the fifth call, after which PostgreSQL may choose another plan.
    calls = [
        (ask(session, cast, function, theirs), ask(session, cast, function, nobodys))
        for _ in range(60)
    ][10:]
    for one, other in calls:
        assert one[:2] == other[:2]
    assert json.loads(calls[0][0][0])["status"] in (404, 410)
    # one pair may differ: what autovacuum has looked at meanwhile is planned anew
    (work_of_theirs, _), *_ = Counter(one[2] for one, _ in calls).most_common()
    (work_of_nobodys, _), *_ = Counter(other[2] for _, other in calls).most_common()
    assert work_of_theirs == work_of_nobodys
    assert "realtime_subscriptions" in work_of_theirs
    # Far apart only if the one did other work; the work above is what is compared closely.
    ratio = median(one[3] for one, _ in calls) / median(other[3] for _, other in calls)
    assert 0.5 < ratio < 2


def test_tenant_of_another_looks_like_none(session: psycopg.Connection, cast: Cast) -> None:
    nobody = "99999999-9999-4999-8999-999999999999"
    for name, key, there in (
        ("form-responses", "supplier_id", cast.supplier),
        ("couple-profile", "couple_id", cast.couple),
        ("wedding-details", "wedding_id", cast.couple),
    ):
        one = ask(session, cast, "realtime_subscribe", [name], {key: str(there)})
        other = ask(session, cast, "realtime_subscribe", [name], {key: nobody})
        assert one[:2] == other[:2]
        assert json.loads(one[0])["code"] == "forbidden_channel"


def test_wedding_of_another_looks_like_none(session: psycopg.Connection, cast: Cast) -> None:
    row = session.execute("select w.id from public.wedding_details as w").fetchone()
    assert row is not None
    there = ask(
        session, cast, "realtime_subscribe", ["wedding-details"], {"wedding_id": str(row[0])}
    )
    none = "99999999-9999-4999-8999-999999999999"
    nowhere = ask(session, cast, "realtime_subscribe", ["wedding-details"], {"wedding_id": none})
    assert there[:2] == nowhere[:2]


def test_flood_of_refusals_is_one_row_a_minute_whatever_the_session_says(
    session: psycopg.Connection, cast: Cast
) -> None:
    with session.transaction(force_rollback=True):
        become(session, cast.rival_user)
        for place in range(60):
            zone = "<" + "ab"[place % 2] * (3 + place // 2) + f">{place % 12}:{place}"
            session.execute("select set_config('timezone', %s, true)", (zone,))
            session.execute(
                "select set_config('datestyle', %s, true)", (["ISO", "German", "SQL"][place % 3],)
            )
            call(session, "realtime_poll", "no such channel")
        become(session)
        rows = session.execute(
            "select (l.payload ->> 'count')::integer from public.realtime_activity_logs as l"
            " where l.event_type = 'refused' and l.user_id = %s",
            (cast.rival_user,),
        ).fetchall()
    # Two, when a minute ends meanwhile.
    assert len(rows) <= 2
    assert sum(count for (count,) in rows) == 60


def test_audit_of_a_refused_call_is_bounded(session: psycopg.Connection, cast: Cast) -> None:
    long = "x" * 1_000_000
    with session.transaction(force_rollback=True):
        become(session, cast.rival_user)
        for arguments in (
            ("realtime_subscribe", [long]),
            ("realtime_subscribe", [long] * 5, {"where": long}),
            ("realtime_subscribe", ["form-responses"], {long: 1}),
            ("realtime_subscribe", ["form-responses"], {"supplier_id": long}),
            ("realtime_subscribe", ["form-responses"], cast.filters(operations=[long])),
            ("realtime_poll", long), ("realtime_poll", "x", long), ("realtime_unsubscribe", long),
            ("realtime_ping", long),
        ):  # fmt: skip
            answer = call(session, *arguments)
            assert answer["success"] is False
            assert len(json.dumps(answer)) < 2000
        become(session)
        rows = session.execute(
            "select max(length(l.payload::text)) from public.realtime_activity_logs as l"
        ).fetchone()
    assert rows is not None
    assert rows[0] < 1000


def test_first_poll_of_a_session_may_ask_to_resync(session: psycopg.Connection, cast: Cast) -> None:
    cursor = cast.cursors["form-responses"].split(".")
    other = ".".join(["1", "00000000", *cursor[2:-1], ""])
    row = session.execute(
        "select wedsync_realtime.sign_cursor(%s, s.cursor_secret)"
        " from wedsync_realtime.settings as s",
        (other,),
    ).fetchone()
    assert row is not None
    with session.transaction():
        become(session, cast.owner_user)
        lease = cast.leases["couple-profile"]
        answer = call(session, "realtime_poll", lease, other + row[0])
    assert (answer["resyncRequired"], answer["reason"]) == (True, "epoch_changed")


def test_cursor_made_up_shows_nothing_from_before_the_lease(
    session: psycopg.Connection, people: People, cast: Cast
) -> None:
    newcomer = people.supplier("Fern")
    user = people.supplier_user(newcomer)
    people.link(newcomer, cast.couple)
    with session.transaction():
        become(session, user)
        (lease,) = call(session, "realtime_subscribe", ["couple-profile"], cast.filters())[
            "subscriptions"
        ]
    version, epoch, topic, _, signature = lease["cursor"].split(".")
    for forged in (
        f"{version}.{epoch}.{topic}.3:3:",
        f"{version}.{epoch}.{topic}.3:3:.{signature}",
    ):
        with session.transaction():
            become(session, user)
            answer = call(session, "realtime_poll", lease["channel"], forged)
        assert (answer["code"], answer["status"]) == ("invalid_request", 400)
