"""The dashboard without a browser: its door, its reader, its answers, its end."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import urlsplit
from uuid import uuid4
from zipfile import ZipFile

import psycopg
import pytest

from tests.support.caller import Caller
from tests.support.cluster import Cluster
from tests.support.dashboard import PATIENCE, Dashboard, command, play_season, running_dashboard
from tests.support.people import People
from wedsync_realtime.errors import LostConnectionError, NotDeployedError, NotMonitorError
from wedsync_realtime.monitoring import panels
from wedsync_realtime.monitoring.reader import Reader
from wedsync_realtime.monitoring.shared import REST, Shared

PATHS = ["/", "/static/main.js", "/api/overview", "/api/explain", "/nothing"]


@pytest.fixture(scope="module")
def resting(cluster: Cluster, template: str) -> Iterator[Dashboard]:
    """Yield the dashboard of a database in which nothing happens, shared by the tests here."""
    with cluster.database(template) as url, running_dashboard(url) as running:
        yield running


@pytest.fixture
def dashboard(database: str) -> Iterator[Dashboard]:
    with running_dashboard(database) as running:
        yield running


@pytest.fixture
def reader(database: str) -> Iterator[Reader]:
    reader = Reader(database, "test")
    yield reader
    reader.close()


@pytest.mark.parametrize("path", PATHS)
def test_nobody_enters_without_the_token(resting: Dashboard, path: str) -> None:
    name = f"wedsync_realtime_{resting.port}"
    for headers in ({}, {"Cookie": f"{name}="}, {"Cookie": f"{name}={'x' * 43}"}):
        assert resting.send(path, headers).status == 403
    for token in ("", "x", "x" * 43, "%00", "%ff", "%C3%BC"):
        assert resting.send(f"{path}?token={token}").status == 403


def test_token_lets_in_and_leaves_a_cookie_in_its_place(resting: Dashboard) -> None:
    entered = resting.enter()
    assert entered.status == 200
    cookie, *attributes = entered.headers["set-cookie"].split("; ")
    assert set(attributes) == {"Path=/", "HttpOnly", "SameSite=Strict"}
    token = urlsplit(resting.address).query.removeprefix("token=")
    assert token not in cookie
    assert len(token) >= 43
    for path in ("/", "/static/main.js", "/api/overview"):
        assert resting.send(path, {"Cookie": cookie}).status == 200
    wrong = resting.send("/?token=wrong", {"Cookie": cookie})
    assert (wrong.status, "set-cookie" in wrong.headers) == (403, False)
    # the token opens the page alone: elsewhere it could end up in a log
    assert resting.send(f"/api/overview?token={token}").status == 403


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:{port}", 200),
        ("localhost:{port}", 200),
        ("LOCALHOST", 200),
        ("[::1]:{port}", 200),
        ("localhost:9999", 200),  # the near end of an SSH tunnel
        ("rebound.example", 403),
        ("rebound.example:{port}", 403),
        ("127.0.0.1.rebound.example", 403),
        ("localhost.rebound.example:{port}", 403),
        ("", 403),
    ],
)
def test_only_this_machine_s_names_are_answered(resting: Dashboard, host: str, status: int) -> None:
    path = f"/?{urlsplit(resting.address).query}"
    assert resting.send(path, {"Host": host.format(port=resting.port)}).status == status


def test_what_another_page_asks_for_is_refused(resting: Dashboard) -> None:
    cookie = {"Cookie": resting.enter().headers["set-cookie"].partition(";")[0]}
    for site, status in (("same-origin", 200), ("same-site", 403), ("cross-site", 403)):
        headers = cookie | {"Sec-Fetch-Site": site}
        assert resting.send("/api/overview", headers).status == status
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        assert resting.send("/api/overview", cookie, method).status == 403


def test_every_answer_is_locked_up(resting: Dashboard) -> None:
    cookie = {"Cookie": resting.enter().headers["set-cookie"].partition(";")[0]}
    for path in PATHS:
        for headers in (cookie, {}):
            found = resting.send(path, headers).headers
            assert found["cache-control"] == "no-store"
            assert found["referrer-policy"] == "no-referrer"
            assert found["x-content-type-options"] == "nosniff"
            assert found["cross-origin-resource-policy"] == "same-origin"
            assert "server" not in found
            policy = found["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy


def test_it_listens_on_loopback_alone(resting: Dashboard) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        with suppress(OSError):  # no network at all
            probe.connect(("192.0.2.1", 9))
        own = probe.getsockname()[0]
    if own.startswith(("127.", "0.")):
        pytest.skip("this machine has no address but loopback")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((own, resting.port), PATIENCE).close()


def test_port_in_use_is_named(resting: Dashboard, database: str) -> None:
    arguments = ("--port", str(resting.port), "--database-url", database)
    done = subprocess.run(command(*arguments), check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"Port {resting.port} of 127.0.0.1 cannot be listened on" in done.stderr
    assert "--port" in done.stderr


def test_ctrl_c_ends_it_cleanly_while_a_page_is_open(dashboard: Dashboard) -> None:
    with socket.create_connection(("127.0.0.1", dashboard.port)) as open_page:
        open_page.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert open_page.recv(100).startswith(b"HTTP/1.1 403")
        assert dashboard.interrupt() == 0
    assert dashboard.process.stderr is not None
    assert "Traceback" not in dashboard.process.stderr.read()


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


def end_connections(cluster: Cluster, database: str) -> None:
    with cluster.connect() as connection:
        connection.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s",
            (psycopg.conninfo.conninfo_to_dict(database)["dbname"],),
        )


def test_reader_notices_a_lost_connection_and_opens_another(
    cluster: Cluster, reader: Reader, database: str
) -> None:
    assert reader.read({"rows": "select 1 as one"})
    end_connections(cluster, database)
    with pytest.raises(LostConnectionError, match="broke"):
        reader.read({"rows": "select 1 as one"})
    assert reader.read({"rows": "select 1 as one"}) == {"rows": [{"one": 1}]}


def test_database_that_goes_away_is_told_and_comes_back(
    cluster: Cluster, dashboard: Dashboard, database: str
) -> None:
    name = str(psycopg.conninfo.conninfo_to_dict(database)["dbname"])
    assert dashboard.ask("tenants").status == 200
    cluster.freeze_database(name)
    end_connections(cluster, database)
    for _ in range(2):
        answer = dashboard.ask("tenants")
        assert answer.status == 503
        assert answer.data["fix"]
    with cluster.connect() as connection:
        connection.execute(f"alter database {name} with allow_connections true".encode())
    assert dashboard.ask("tenants").status == 200


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("leases", {"user": "nobody"}),
        ("leases", {}),
        ("explain", {"user": "", "channel": "form-responses"}),
        ("tenants", {"sort": "load; drop table"}),
        ("tenants", {"direction": "sideways"}),
        ("tenants", {"kind": "wizard"}),
        ("tenants", {"offset": "-1"}),
        ("tenants", {"limit": "1e3"}),
    ],
)
def test_malformed_request_is_refused(
    resting: Dashboard, path: str, parameters: dict[str, str]
) -> None:
    answer = resting.ask(path, **parameters)
    assert answer.status == 400
    assert answer.data["error"]


def test_no_search_fails_or_means_more_than_its_letters(reader: Reader, people: People) -> None:
    play_season(people.url, 3)
    for term in ("", "\x00", "%", "_", "\\", "'", "x" * 10_000, "𝄞"):
        found = panels.tenants(reader, {"search": term})["rows"]
        assert len(found) == (0 if term.strip("\x00") else 3)
        assert panels.people(reader, {"term": term}) == {"rows": []}


def test_search_ends_in_an_explanation_and_changes_nothing(
    dashboard: Dashboard, people: People, act_as: Callable[..., Caller], database: str
) -> None:
    bloom, lens = people.supplier("Bloom"), people.supplier("Lens")
    user = people.supplier_user(bloom)
    act_as(user).rpc(
        "realtime_subscribe", channels=["form-responses"], filters={"supplier_id": str(bloom)}
    )
    (found,) = dashboard.ask("people", term="bLOO").data["rows"]
    assert (found["kind"], found["id"], found["name"]) == ("supplier", str(bloom), "Bloom")
    tenant, person = dashboard.ask("people", term=found["id"]).data["rows"]
    assert (tenant["kind"], person["kind"]) == ("supplier", "user")
    assert person["id"] == str(user)
    assert person["tenant_name"] == "Bloom"
    (lease,) = dashboard.ask("leases", user=person["id"]).data["rows"]
    assert lease["channel"] == "form-responses"

    asked = {"user": person["id"], "channel": "form-responses", "key": "supplier_id"}
    with psycopg.connect(database) as connection:
        before = connection.execute("select full_at from wedsync_realtime.rate_limits").fetchall()
    admitted = dashboard.ask("explain", **asked, tenant=str(bloom)).data["rows"]
    assert [step["outcome"] for step in admitted] == ["passed"] * 6
    refused = dashboard.ask("explain", **asked, tenant=str(lens)).data["rows"]
    assert [step["outcome"] for step in refused] == ["passed"] * 4 + ["refused", "not reached"]
    assert "does not admit the caller" in refused[4]["explanation"]
    (_, _, missing, *_) = dashboard.ask("explain", **asked, tenant="").data["rows"]
    assert missing["outcome"] == "refused"
    with psycopg.connect(database) as connection:
        after = connection.execute("select full_at from wedsync_realtime.rate_limits").fetchall()
    assert before == after


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


def test_missing_library_is_named(database: str) -> None:
    for tool, library in (("dashboard", "starlette"), ("top", "textual")):
        without = (
            f"import sys; sys.modules['{library}'] = None;"
            f"from wedsync_realtime.{tool}.__main__ import main;"
            f"sys.exit(main(['--database-url', {database!r}]))"
        )
        done = subprocess.run(
            [sys.executable, "-c", without], check=False, capture_output=True, text=True
        )
        assert done.returncode == 1
        assert f"wedsync-realtime {tool} needs {library}" in done.stderr
        assert ".whl[tools]" in done.stderr


def test_wheel_holds_what_is_served(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "-q",
            "--no-deps",
            "--no-build-isolation",
            "-w",
            tmp_path,
            root,
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    package = Path("scripts/wedsync_realtime")
    served = [path for path in (root / package / "dashboard/static").rglob("*") if path.is_file()]
    assert len(served) > 10
    for path in (*served, root / package / "monitoring/grafana.json"):
        assert str(path.relative_to(root / "scripts")) in names
    assert "wedsync_realtime/dashboard/static/vendor/uPlot.LICENSE" in names


def test_what_was_read_is_shared_and_the_database_rests_after_slow_reading() -> None:
    taken = 0.0
    readings: list[float] = []

    def read() -> dict[str, Any]:
        readings.append(time.monotonic())
        time.sleep(taken)
        return {"reading": len(readings)}

    shared = Shared(read, fresh=0.1)
    assert [shared.get() for _ in range(5)] == [{"reading": 1}] * 5
    time.sleep(0.11)
    taken = 0.05
    assert shared.get() == {"reading": 2}
    time.sleep(0.2)  # no longer fresh, but it took long
    assert shared.get() == {"reading": 2}
    time.sleep(REST * taken)
    assert shared.get() == {"reading": 3}


def test_reading_that_fails_is_tried_again_at_once() -> None:
    answers: Iterator[Exception | dict[str, Any]] = iter([ZeroDivisionError(), {"all": "well"}])

    def read() -> dict[str, Any]:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    shared = Shared(read)
    with pytest.raises(ZeroDivisionError):
        shared.get()
    assert shared.get() == {"all": "well"}


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
