"""The dashboard without a browser: its door, its answers, its end."""

import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit
from zipfile import ZipFile

import psycopg
import pytest

from tests.support.callers.caller import Caller
from tests.support.callers.people import People
from tests.support.pages.dashboard import Dashboard, command
from tests.support.postgres.cluster import Cluster
from tests.support.waiting import PATIENCE

PATHS = ["/", "/static/main.js", "/api/overview", "/api/explain", "/nothing"]


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


def test_database_that_goes_away_is_told_and_comes_back(
    cluster: Cluster, dashboard: Dashboard, database: str
) -> None:
    name = str(psycopg.conninfo.conninfo_to_dict(database)["dbname"])
    assert dashboard.ask("tenants").status == 200
    cluster.freeze_database(name)
    cluster.end_connections(name)
    for _ in range(2):
        answer = dashboard.ask("tenants")
        assert answer.status == 503
        assert answer.data["fix"]
    cluster.thaw_database(name)
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


def test_missing_library_is_named(database: str) -> None:
    for tool, library in (("dashboard", "starlette"), ("top", "textual")):
        without = (
            f"import sys; sys.modules['{library}'] = None;"
            "from wedsync_realtime.entry.cli import main;"
            f"sys.exit(main(['{tool}', '--database-url', {database!r}]))"
        )
        done = subprocess.run(
            [sys.executable, "-c", without], check=False, capture_output=True, text=True
        )
        assert done.returncode == 1
        assert f"wedsync-realtime {tool} needs {library}" in done.stderr
        assert f"fix: Run `make {tool}`." in done.stderr


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
