"""Values made to break who reads them: filters, rows that a tenant writes, and rules."""

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest

from tests.support.callers.people import People, shared_database
from tests.support.callers.script import Cast, become, call, prepare
from tests.support.postgres.cluster import Cluster


@pytest.fixture(scope="module")
def session(cluster: Cluster, template: str) -> Iterator[psycopg.Connection]:
    """Yield a superuser's connection in autocommit mode, which the tests share.

    Each subscribes anew, and hears what is written from then on.
    """
    with (
        shared_database(cluster, template) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        yield connection


@pytest.fixture(scope="module")
def cast(session: psycopg.Connection) -> Cast:
    return prepare(People(session.info.dsn))


def test_filters_that_compress_well_are_bounded_all_the_same(
    session: psycopg.Connection, cast: Cast
) -> None:
    with session.transaction(force_rollback=True):
        become(session, cast.owner_user)
        session.execute("create temporary table stored (filters jsonb)")
        session.execute(
            "insert into stored select jsonb_build_object('supplier_id', %s::text, 'where',"
            " jsonb_build_array(jsonb_build_object("
            "'column', 'status', 'op', 'eq', 'value', repeat('a', 1000000))))",
            (cast.supplier,),
        )
        row = session.execute(
            "select public.realtime_subscribe(array['form-responses'], s.filters) from stored as s"
        ).fetchone()
    assert row is not None
    assert row[0].get("code") == "invalid_request"


@pytest.mark.parametrize("day", ["5874897-12-31", "infinity", "-infinity", "4714-11-24 BC"])
def test_value_that_a_tenant_writes_breaks_no_poll(
    session: psycopg.Connection, cast: Cast, day: str
) -> None:
    where = [{"column": "wedding_date", "op": "gt", "value": "2020-01-01"}]
    with session.transaction():
        become(session, cast.owner_user)
        answer = call(session, "realtime_subscribe", ["wedding-details"], cast.filters(where=where))
    with session.transaction():
        become(session, cast.couple_user)
        session.execute(
            "insert into public.wedding_details (couple_id, wedding_date) values (%s, %s)",
            (cast.couple, day),
        )
    with session.transaction():
        become(session, cast.owner_user)
        (lease,) = answer["subscriptions"]
        polled = call(session, "realtime_poll", lease["channel"], lease["cursor"])
    assert polled["success"] is True
    assert len(polled["events"]) == (0 if day.endswith(("BC", "-infinity")) else 1)


@pytest.mark.parametrize("nested", ['{"a":[', "[["])
@pytest.mark.parametrize("levels", [230, 254, 256, 8000])
def test_depth_of_a_value_that_a_tenant_writes_breaks_no_poll(
    session: psycopg.Connection, cast: Cast, levels: int, nested: str
) -> None:
    """Deep enough, neither poll could build its answer nor a client read it."""
    session.execute("update wedsync_realtime.settings set event_bytes = default")
    closed = "]]" if nested == "[[" else "]}"
    with session.transaction():
        become(session, cast.owner_user)
        answer = call(session, "realtime_subscribe", ["wedding-details"], cast.filters())
    with session.transaction():
        become(session, cast.couple_user)
        wedding = session.execute(
            "insert into public.wedding_details (couple_id, details) values (%s, %s) returning id",
            (cast.couple, nested * (levels // 2) + closed * (levels // 2)),
        ).fetchone()
        session.execute("update public.wedding_details set venue = 'x' where id = %s", wedding)
    with session.transaction():
        become(session, cast.owner_user)
        (lease,) = answer["subscriptions"]
        polled = call(session, "realtime_poll", lease["channel"], lease["cursor"])
    assert len(polled["events"]) == 2
    for event in polled["events"]:
        assert ("details" in event["new"]) == (levels < 256)
        assert event.get("errors") == (None if levels < 256 else ["payload_too_large"])


@pytest.mark.parametrize("number", ["1e131071", "-1e131071", "0e-16383", "1e-16383"])
@pytest.mark.parametrize("count", [30, 3000])
def test_numbers_that_a_tenant_writes_make_no_page_endless(
    session: psycopg.Connection, cast: Cast, number: str, count: int
) -> None:
    """A number of ten bytes may be written in 131,072 digits."""
    session.execute("update wedsync_realtime.settings set event_bytes = default")
    with session.transaction():
        become(session, cast.owner_user)
        answer = call(session, "realtime_subscribe", ["wedding-details"], cast.filters())
    with session.transaction():
        become(session, cast.couple_user)
        session.execute(
            "insert into public.wedding_details (couple_id, details) values (%s, %s)",
            (cast.couple, f"[{', '.join([number] * count)}]"),
        )
    with session.transaction():
        become(session, cast.owner_user)
        (lease,) = answer["subscriptions"]
        polled = call(session, "realtime_poll", lease["channel"], lease["cursor"])
    (event,) = polled["events"]
    assert event["errors"] == ["payload_too_large"]
    assert event["new"].keys() == {"id"}


def test_rule_that_looks_like_a_template_is_refused(session: psycopg.Connection) -> None:
    rule = (
        "insert into wedsync_realtime.event_rules (channel_id, position, operation, becomes, event)"
        " values (1, %s, 'INSERT', jsonb_build_object('form_name', %s::text), 'a.b')"
    )
    for number, text in enumerate(("{prefix}", "{id}", "{code}", "{event}")):
        with pytest.raises(psycopg.errors.CheckViolation), session.transaction():
            session.execute(rule, (100 + number, text))
    for number, text in enumerate(("'", "\\", "$1", "%I")):
        with session.transaction():
            session.execute(rule, (100 + number, text))
            session.execute(
                "insert into public.form_responses (supplier_id, form_name) values (%s, %s)",
                (UUID(int=1), text),
            )
