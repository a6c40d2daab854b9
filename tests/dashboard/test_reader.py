"""What the dashboard reads: with whose rights, cut, sorted, shared."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
import pytest

from tests.support.callers.people import People
from tests.support.pages.dashboard import play_season
from tests.support.postgres.cluster import Cluster
from wedsync_realtime.errors import LostConnectionError, NotDeployedError, NotMonitorError
from wedsync_realtime.monitoring import panels, shared
from wedsync_realtime.monitoring.reader import Reader


def test_database_without_the_package_is_named(cluster: Cluster, empty_database: str) -> None:
    with (
        closing(Reader(empty_database, "test")) as reader,
        pytest.raises(NotDeployedError, match="The package is not in"),
    ):
        panels.overview(reader)


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("delete from wedsync_realtime.metrics_history", psycopg.errors.ReadOnlySqlTransaction),
        ("select * from wedsync_realtime.settings", psycopg.errors.InsufficientPrivilege),
        ("select * from public.realtime_subscriptions", psycopg.errors.InsufficientPrivilege),
        ("select * from public.suppliers", psycopg.errors.InsufficientPrivilege),
        ("create temporary table t ()", psycopg.errors.ReadOnlySqlTransaction),
    ],
)
def test_reader_has_the_monitor_s_rights_and_writes_nothing(
    reader: Reader, statement: LiteralString, error: type[psycopg.Error]
) -> None:
    with pytest.raises(error):
        reader.read({"rows": statement})
    assert reader.read({"rows": "select 1 as one"}) == {"rows": [{"one": 1}]}


def test_what_is_tried_out_is_undone(reader: Reader) -> None:
    assert reader.read_undone("select lo_create(0) as id", {})[0]["id"] > 0
    left = reader.read({"rows": "select count(*) as objects from pg_largeobject_metadata"})
    assert left["rows"] == [{"objects": 0}]


def test_user_who_may_not_become_the_monitor_is_told(cluster: Cluster, database: str) -> None:
    name = f"stranger_{uuid4().hex[:8]}"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"create role {name} login".encode())
        reader = Reader(database.replace("postgres@", f"{name}@"), "test")
        try:
            with pytest.raises(NotMonitorError) as caught:
                panels.overview(reader)
            assert "grant wedsync_realtime_monitor" in caught.value.fix
            connection.execute(f"grant wedsync_realtime_monitor to {name}".encode())
            assert panels.overview(reader)["totals"]["connections"] == 0
        finally:
            reader.close()
            connection.execute(f"drop role {name}".encode())


def test_reader_notices_a_lost_connection_and_opens_another(
    cluster: Cluster, reader: Reader, database: str
) -> None:
    assert reader.read({"rows": "select 1 as one"})
    cluster.end_connections(str(psycopg.conninfo.conninfo_to_dict(database)["dbname"]))
    with pytest.raises(LostConnectionError, match="broke"):
        reader.read({"rows": "select 1 as one"})
    assert reader.read({"rows": "select 1 as one"}) == {"rows": [{"one": 1}]}


def test_no_search_fails_or_means_more_than_its_letters(reader: Reader, people: People) -> None:
    play_season(people.url, 3)
    for term in ("", "\x00", "%", "_", "\\", "'", "x" * 10_000, "𝄞"):
        found = panels.tenants(reader, {"search": term})["rows"]
        assert len(found) == (0 if term.strip("\x00") else 3)
        assert panels.people(reader, {"term": term}) == {"rows": []}


def test_page_of_tenants_is_cut_sorted_and_counted(reader: Reader, people: People) -> None:
    play_season(people.url, 30)
    asked = {"kind": "supplier", "sort": "subscriptions", "direction": "desc", "limit": "10"}
    pages = [panels.tenants(reader, asked | {"offset": str(n)}) for n in (0, 10, 20, 30)]
    assert [page["total"] for page in pages] == [30] * 4
    assert [len(page["rows"]) for page in pages] == [10, 10, 10, 0]
    found = [row["subscriptions"] for page in pages for row in page["rows"]]
    assert found == sorted(found, reverse=True)
    assert found[0] == 1000
    assert len({row["tenant_id"] for page in pages for row in page["rows"]}) == 30
    for sort in ("name", "connections", "limit", "share"):
        for direction in ("asc", "desc"):
            page = panels.tenants(reader, asked | {"sort": sort, "direction": direction})
            assert len(page["rows"]) == 10
    couples = panels.tenants(reader, {"kind": "couple"})
    assert couples == {"rows": [], "total": 0}


def test_what_was_read_is_shared_and_the_database_rests_after_slow_reading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, takes, readings = 0.0, 0.0, 0

    def read() -> dict[str, Any]:
        nonlocal now, readings
        now += takes
        readings += 1
        return {"reading": readings}

    monkeypatch.setattr(shared, "time", SimpleNamespace(monotonic=lambda: now))
    content = shared.Shared(read, fresh=1)
    assert [content.get() for _ in range(5)] == [{"reading": 1}] * 5
    now, takes = 1.0, 5.0
    assert content.get() == {"reading": 2}
    now = 6 + shared.REST * takes - 0.1  # no longer fresh, but it took long
    assert content.get() == {"reading": 2}
    now = 6 + shared.REST * takes
    assert content.get() == {"reading": 3}


def test_reading_that_fails_is_tried_again_at_once() -> None:
    answers: Iterator[Exception | dict[str, Any]] = iter([ZeroDivisionError(), {"all": "well"}])

    def read() -> dict[str, Any]:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    content = shared.Shared(read)
    with pytest.raises(ZeroDivisionError):
        content.get()
    assert content.get() == {"all": "well"}


def test_lines_have_a_value_for_each_minute_that_is_complete() -> None:
    start = datetime(2026, 5, 30, 12, 0, tzinfo=UTC)
    at = [start + timedelta(minutes=n) for n in range(6)]
    rows = [
        {"minute": at[0], "channel": "a", "events_per_second": Decimal("1.5")},
        {"minute": at[2], "channel": "b", "events_per_second": Decimal(2)},
        {"minute": at[4], "channel": "b", "events_per_second": Decimal(9)},  # not complete
    ]
    # the job ran a little after the full minute, and not at all in the third one
    samples = [{"sampled_at": at[n] + timedelta(seconds=1)} for n in (1, 2, 4)]
    assert panels.lines(rows, ["a", "b"], samples) == {
        "times": at[:4],
        "lines": [{"name": "a", "values": [1.5, 0, 0, 0]}, {"name": "b", "values": [0, 0, 2, 0]}],
    }
    assert panels.lines([], ["a"], []) == {"times": [], "lines": [{"name": "a", "values": []}]}
