"""The figures for Prometheus: promtool takes them, and Debian's Prometheus collects them."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from json import loads
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import urlopen

import psycopg
import pytest

from tests.support.callers.caller import Caller
from tests.support.callers.people import People
from tests.support.postgres.cluster import Cluster
from tests.support.tools import program
from tests.support.waiting import PATIENCE, until
from wedsync_realtime.entry.cli import main
from wedsync_realtime.metrics import exposition
from wedsync_realtime.metrics.exposition import Figure

FOLDER = Path(exposition.__file__).parent
COMMAND = [sys.executable, "-m", "wedsync_realtime", "metrics"]

Act = Callable[..., Caller]


@pytest.fixture
def busy(people: People, act_as: Act) -> str:
    """Return the URL of a database with leases, events, refusals, a relay and a metrics row."""
    supplier = people.supplier('Bloom "& Sons"\\')
    caller = act_as(people.supplier_user(supplier))
    caller.rpc(
        "realtime_subscribe", channels=["form-responses"], filters={"supplier_id": str(supplier)}
    )
    caller.rpc("realtime_subscribe", channels=["weather"])
    with psycopg.connect(people.url, autocommit=True) as connection:
        connection.execute(
            "insert into public.form_responses (supplier_id)"
            " select %s from generate_series(1, 3)", (supplier,)
        )  # fmt: skip
        connection.execute(
            "update wedsync_realtime.metrics_horizon set activity_until = '2020-01-01'"
        )
        connection.execute(
            "update public.realtime_activity_logs"
            ' set "timestamp" = "timestamp" - interval \'5 minutes\''
        )
        connection.execute(
            "select wedsync_realtime.report_relay(jsonb_build_object("
            " 'id', gen_random_uuid(), 'is_leader', true, 'lag_events', 0, 'lag_seconds', 0,"
            " 'connections', 3, 'logins', 5, 'refused', jsonb_build_object('expired', 2),"
            " 'kicks', 0, 'slow_consumers', 0, 'published', 9))"
        )
        connection.execute("call wedsync_realtime.run_job('metrics')")
        connection.execute(
            "insert into public.form_responses (supplier_id) values (%s)", (supplier,)
        )
    return people.url


def printed(url: str) -> str:
    """Return what `make metrics` prints."""
    done = subprocess.run(
        [*COMMAND, f"--database-url={url}"], check=True, capture_output=True, text=True
    )
    return done.stdout


@contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program until the context ends."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


@contextmanager
def serving(url: str) -> Iterator[str]:
    """Yield host and port at which `make metrics LISTEN=…` answers."""
    with running(*COMMAND, f"--database-url={url}", "--listen=127.0.0.1:0") as process:
        assert process.stdout
        address = process.stdout.readline().split("http://")[1].split("/")[0]
        yield address


def fetched(url: str) -> str:
    """Return what a URL answers, waiting for its server to start."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with urlopen(url, timeout=PATIENCE) as answer:
                return str(answer.read().decode())
        except (URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def names(text: str) -> dict[str, str]:
    """Return the types of the package's figures by name."""
    words = [line.split() for line in text.splitlines() if line.startswith("# TYPE wedsync_")]
    return {name: kind for _, _, name, kind in words}


def test_promtool_accepts_what_make_metrics_prints(busy: str) -> None:
    text = printed(busy)
    for line in (
        'wedsync_realtime_events_total{channel="form-responses"} 4',
        'wedsync_realtime_refusals_total{action="subscribe",code="unknown_channel"} 1',
        'wedsync_realtime_activity_total{event="subscribed"} 1',
        "wedsync_realtime_connections 1",
        'wedsync_realtime_job_runs_total{job="metrics"} 1',
        'wedsync_realtime_health_status{check="publication"} 0',
    ):
        assert line in text.splitlines()
    promtool = program("promtool")
    done = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_no_figure_tells_of_a_user_or_a_tenant(busy: str) -> None:
    text = printed(busy)
    assert "Bloom" not in text
    with psycopg.connect(busy) as connection:
        ids = connection.execute(
            "select id from auth.users union all select id from public.suppliers"
        ).fetchall()
    assert len(ids) == 2
    assert not [each for (each,) in ids if str(each) in text]


def test_labels_and_helps_are_escaped() -> None:
    text = exposition.render([Figure("a_b", "gauge", "one\\\ntwo", {"l": 'x"\\\ny'}, 0.5)])
    assert text == '# HELP a_b one\\\\\\ntwo\n# TYPE a_b gauge\na_b{l="x\\"\\\\\\ny"} 0.5\n'


@pytest.mark.parametrize(
    "arguments",
    [["test", "rules", "alerts_test.yaml"], ["check", "config", "prometheus.yaml"]],
    ids=["rules", "config"],
)
def test_promtool_accepts_rules_and_configuration(arguments: list[str]) -> None:
    done = subprocess.run(
        [program("promtool"), *arguments], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_request_is_answered_and_another_path_is_not(busy: str) -> None:
    with serving(busy) as address:
        assert "wedsync_realtime_connections 1" in fetched(f"http://{address}/metrics")
        with pytest.raises(HTTPError, match="404"):
            urlopen(f"http://{address}/else")


def test_a_database_that_is_gone_is_503(cluster: Cluster, template: str) -> None:
    with cluster.database(template) as url, serving(url) as address:
        with psycopg.connect(url) as connection:
            name = connection.info.dbname
        cluster.drop_database(name)
        with pytest.raises(HTTPError, match="503"):
            urlopen(f"http://{address}/metrics")


def test_a_database_without_the_package_gets_the_fix(
    empty_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["metrics", "--database-url", empty_database]) == 1
    told = capsys.readouterr().err
    assert "The package is not in " in told
    assert "fix: Run `make migrate`." in told


@pytest.mark.parametrize("address", ["here", "127.0.0.1:70000", ":1"])
def test_an_address_that_is_none_is_refused(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["metrics", "--database-url=postgresql:///x", f"--listen={address}"]) == 1
    assert "is no address" in capsys.readouterr().err


def test_an_address_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        done = subprocess.run(
            [*COMMAND, "--database-url=postgresql:///x", f"--listen={address}"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert f"{address} cannot be listened on" in done.stderr
    assert "another address" in done.stderr


def test_a_reader_that_does_not_wait_for_the_answer_is_no_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        database = f"postgresql://127.0.0.1:{silent.getsockname()[1]}/x?connect_timeout=2"
        command = [*COMMAND, f"--database-url={database}", "--listen=127.0.0.1:0"]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
            assert process.stdout
            assert process.stderr
            port = process.stdout.readline().split(":")[2].split("/")[0]
            with socket.create_connection(("127.0.0.1", int(port))) as reader:
                reader.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
            told = process.stderr.readline()
            threads = Path(f"/proc/{process.pid}/task")
            until(lambda: len(list(threads.iterdir())) == 1)  # the one that answered has ended
            process.terminate()
            told += process.stderr.read()
    assert "not answered" in told
    assert "Traceback" not in told


def test_prometheus_collects_every_figure(busy: str, tmp_path: Path) -> None:
    prometheus = program("prometheus")
    with serving(busy) as target:
        found = collected(prometheus, target, tmp_path)
        assert found == names(fetched(f"http://{target}/metrics")).keys()


def test_the_exporter_tells_the_same_figures(busy: str, tmp_path: Path) -> None:
    exporter = program("prometheus-postgres-exporter")
    with psycopg.connect(busy, autocommit=True) as connection:
        connection.execute("set client_min_messages = error")
        connection.execute("drop role if exists watcher")
        connection.execute("create role watcher login in role wedsync_realtime_monitor inherit")
        info = connection.info
        url = f"user=watcher dbname={info.dbname} host={info.host} port={info.port} sslmode=disable"
        try:
            with exporting(exporter, url) as address:
                own = names(fetched(f"http://{address}/metrics"))
            assert own == names(printed(busy))
        finally:
            connection.execute("drop role watcher")


@contextmanager
def exporting(exporter: str, url: str) -> Iterator[str]:
    """Yield host and port at which postgres_exporter answers with our queries."""
    address = f"127.0.0.1:{free_port()}"
    command = [
        exporter, f"--web.listen-address={address}", "--disable-default-metrics",
        "--disable-settings-metrics", f"--extend.query-path={FOLDER / 'postgres_exporter.yaml'}",
    ]  # fmt: skip
    process = subprocess.Popen(
        command, env={"DATA_SOURCE_NAME": url}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield address
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def collected(prometheus: str, target: str, folder: Path) -> set[str]:
    """Return the names of the package's figures that Prometheus has after its first scrape."""
    address = f"127.0.0.1:{free_port()}"
    configuration = (FOLDER / "prometheus.yaml").read_text()
    (folder / "alerts.yaml").write_text((FOLDER / "alerts.yaml").read_text())
    (folder / "prometheus.yaml").write_text(
        configuration.replace("127.0.0.1:9187", target).replace("30s", "5s")
    )
    with running(
        prometheus, f"--config.file={folder / 'prometheus.yaml'}",
        f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address={address}",
    ):  # fmt: skip
        query = f"http://{address}/api/v1/query?query=" + quote('{job="wedsync_realtime"}')
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            result: list[dict[str, Any]] = loads(fetched(query))["data"]["result"]
            found = {each["metric"]["__name__"] for each in result}
            if "wedsync_realtime_connections" in found:
                rules = loads(fetched(f"http://{address}/api/v1/rules"))["data"]["groups"]
                assert len(rules[0]["rules"]) == 10
                return {name for name in found if name.startswith("wedsync_")}
            time.sleep(0.2)
    raise AssertionError("Prometheus has collected nothing")


def free_port() -> int:
    """Return a port that nobody listens on."""
    from socket import socket

    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
