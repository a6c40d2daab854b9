"""Pages: how a poll cuts what is waiting, and how the next one goes on."""

from uuid import UUID

import psycopg
import pytest

from tests.support.callers.caller import Caller
from tests.support.callers.listener import INSERT, ActAs, Connect, Listener, names, subscribed
from tests.support.callers.people import People
from tests.support.callers.tables import listen_to

# Each of 7 MB; as text an escaped letter takes six bytes.
BIG = """
    insert into public.form_responses (supplier_id, form_name, responses)
    select
        %(supplier)s, n, jsonb_build_object(
            'answer', repeat(E'\\x01', %(escaped)s) || repeat('a', 7000000 - %(escaped)s)
        )
    from generate_series(1, %(rows)s) as n
"""

# The last row's event a number of times more: such rows take seconds to write.
AGAIN = """
    insert into wedsync_realtime.events (tenant_id, channel_id, operation, new)
    select e.tenant_id, e.channel_id, e.operation, e.new
    from
        (select * from wedsync_realtime.events order by id desc limit 1) as e,
        generate_series(1, %s)
"""

MANY = """
    insert into public.form_responses (supplier_id, form_name)
    select %s, n from generate_series(%s::integer, %s) as n
"""


def test_pages_go_on_in_the_same_window_and_then_to_what_has_come_meanwhile(
    admin: psycopg.Connection, connect: Connect, listener: Listener, supplier: UUID
) -> None:
    slow = connect()
    slow.execute(INSERT, (supplier, "slow"))
    for number in range(4):
        admin.execute(INSERT, (supplier, str(number)))
    first = listener.poll(max_events=1)
    assert first["hasMore"]
    slow.commit()
    admin.execute(INSERT, (supplier, "meanwhile"))
    pages = [first["events"]]
    while True:
        answer = listener.poll(max_events=1)
        pages.append(answer["events"])
        assert len(pages[-1]) <= 1
        if not answer["hasMore"]:
            break
    told = [event["new"]["form_name"] for page in pages for event in page]
    assert told == ["0", "1", "2", "3", "slow", "meanwhile"]


def test_page_of_exactly_the_size_has_no_more(
    admin: psycopg.Connection, listener: Listener, supplier: UUID
) -> None:
    admin.execute(INSERT, (supplier, "one"))
    admin.execute(INSERT, (supplier, "two"))
    answer = listener.poll(max_events=2)
    assert (len(answer["events"]), answer["hasMore"]) == (2, False)


def test_pages_of_late_transactions_are_cut_after_the_filter(
    admin: psycopg.Connection, connect: Connect, owner: Caller, supplier: UUID
) -> None:
    slow = connect()
    slow.execute("select pg_current_xact_id()")
    conditions = [{"column": "form_name", "op": "gte", "value": "5"}]
    listener = subscribed(
        owner, "form-responses", {"supplier_id": str(supplier), "where": conditions}
    )
    for number in range(8):
        slow.execute(INSERT, (supplier, str(number)))
    slow.commit()
    admin.execute(INSERT, (supplier, "8"))
    first = listener.poll(max_events=2)
    assert [event["new"]["form_name"] for event in first["events"]] == ["5", "6"]
    assert first["hasMore"]
    assert names(listener, max_events=2) == ["7", "8"]


def test_page_of_a_late_transaction_copies_no_more_than_it_holds(
    admin: psycopg.Connection, connect: Connect, listener: Listener, supplier: UUID
) -> None:
    slow = connect()
    slow.execute("select pg_current_xact_id()")
    admin.execute(INSERT, (supplier, "earlier"))
    assert names(listener) == ["earlier"]
    slow.execute(
        "insert into public.form_responses (supplier_id, form_name, responses)"
        " select %s, n, to_jsonb(repeat(md5(n::text), 20)) from generate_series(1, 20000) as n",
        (supplier,),
    )
    slow.commit()
    listener.caller.connection.execute("set temp_file_limit = 0")
    first = listener.poll(max_events=100)
    assert [event["new"]["form_name"] for event in first["events"]] == [
        str(number) for number in range(1, 101)
    ]
    assert first["hasMore"]


@pytest.mark.parametrize("is_late", [False, True])
def test_page_ends_after_16_megabytes(
    admin: psycopg.Connection, connect: Connect, listener: Listener, supplier: UUID, is_late: bool
) -> None:
    """As they are when unpacked: packed, these are small. Each of their texts is longer."""
    admin.execute("update wedsync_realtime.settings set event_bytes = 16777216")
    writer = connect()
    writer.execute("select pg_current_xact_id()")
    if is_late:
        admin.execute(INSERT, (supplier, "earlier"))
        assert names(listener) == ["earlier"]
    writer.execute(BIG, {"supplier": supplier, "escaped": 2000000, "rows": 5})
    writer.commit()
    first = listener.poll(max_events=1000)
    assert [event["new"]["form_name"] for event in first["events"]] == ["1", "2"]
    assert first["hasMore"]
    rest = listener.poll(max_events=1000)
    assert [event["new"]["form_name"] for event in rest["events"]] == ["3", "4"]
    assert rest["hasMore"]


def test_page_ends_after_16_megabytes_of_rows_that_are_kept_packed(
    admin: psycopg.Connection, listener: Listener, supplier: UUID
) -> None:
    """Rows of 100 kB that fit into 2 kB stay where they are, packed."""
    admin.execute(
        "insert into public.form_responses (supplier_id, form_name, responses)"
        " select %s, n, jsonb_build_object('answer', repeat('a', 100000))"
        " from generate_series(1, 200) as n",
        (supplier,),
    )
    first = listener.poll(max_events=200)
    assert (len(first["events"]), first["hasMore"]) == (166, True)
    assert names(listener) == [str(number) for number in range(167, 201)]


def test_page_of_more_than_json_can_hold_is_cut(
    admin: psycopg.Connection, listener: Listener, supplier: UUID
) -> None:
    """Six times their size is their text, which may not be longer than 1 GB."""
    admin.execute("update wedsync_realtime.settings set event_bytes = 16777216")
    admin.execute(BIG, {"supplier": supplier, "escaped": 7000000, "rows": 2})
    admin.execute(AGAIN, (24,))
    packed = "select count(*), min(pg_column_size(new)) > 10000 from wedsync_realtime.events"
    assert admin.execute(packed).fetchall() == [(26, True)]
    first = listener.poll(max_events=1000)
    assert [event["new"]["form_name"] for event in first["events"]] == ["1", "2"]
    assert first["hasMore"]


@pytest.mark.parametrize("beside", [0, 3, 150], ids=["alone", "dense", "sparse"])
def test_pages_of_a_topic_are_complete_whoever_writes_beside_it(
    admin: psycopg.Connection,
    connect: Connect,
    people: People,
    act_as: ActAs,
    listener: Listener,
    supplier: UUID,
    beside: int,
) -> None:
    """Between a topic's events lie those of others, and of transactions that are not told yet."""
    other = people.supplier("Petal")
    listen_to(act_as(people.supplier_user(other)), "form-responses", other)
    slow, later = connect(), connect()
    slow.execute(INSERT, (supplier, "slow"))
    for number in range(12):
        admin.execute(INSERT, (supplier, str(number)))
        admin.execute(MANY, (other, 1, beside))
        if number == 6:
            later.execute(INSERT, (supplier, "later"))
    first = listener.poll(max_events=2)
    slow.commit()
    later.commit()
    told = [event["new"]["form_name"] for event in first["events"]]
    told += names(listener, max_events=2)
    assert told == [*map(str, range(12)), "slow", "later"]
    assert names(listener, max_events=2) == []


@pytest.mark.parametrize("filters", [{}, {"operations": ["INSERT"]}], ids=["all", "filtered"])
def test_client_too_far_behind_reads_its_copy_anew(
    admin: psycopg.Connection, owner: Caller, supplier: UUID, filters: dict[str, list[str]]
) -> None:
    admin.execute("update wedsync_realtime.settings set replay_events = 1000")
    listener = subscribed(owner, "form-responses", {"supplier_id": str(supplier), **filters})
    assert listener.poll()["events"] == []
    admin.execute(MANY, (supplier, 1, 1000))
    assert len(listener.events(max_events=300)) == 1000
    admin.execute(MANY, (supplier, 1, 1001))
    answer = listener.poll()
    assert (answer["resyncRequired"], answer["reason"]) == (True, "too_far_behind")
    assert answer["events"] == []
    admin.execute(INSERT, (supplier, "afterwards"))
    assert names(listener) == ["afterwards"]


@pytest.mark.parametrize("filters", [{}, {"operations": ["INSERT"]}], ids=["all", "filtered"])
def test_feed_that_one_tenant_wrote_is_read_by_key(
    admin: psycopg.Connection, owner: Caller, supplier: UUID, filters: dict[str, list[str]]
) -> None:
    listener = subscribed(owner, "form-responses", {"supplier_id": str(supplier), **filters})
    admin.execute(MANY, (supplier, 1, 5000))
    assert len(listener.events(max_events=1000)) == 5000
    admin.execute("vacuum analyze wedsync_realtime.events")
    before = scans(owner.connection)
    assert listener.poll()["events"] == []
    admin.execute(INSERT, (supplier, "new"))
    assert names(listener) == ["new"]
    assert owner.rpc("realtime_status")["messageCount"] == 5001
    assert scans(owner.connection) == before


def scans(connection: psycopg.Connection) -> int:
    """Return how often the feed was read page by page so far."""
    connection.execute("select pg_stat_force_next_flush()")
    connection.execute("select")
    row = connection.execute(
        "select sum(seq_scan) from pg_stat_all_tables"
        " where schemaname = 'wedsync_realtime' and relname like 'events%'"
    ).fetchone()
    assert row is not None
    return int(row[0])
