"""A relay that cannot work says so at its start, and what to do."""

import asyncio
import json
import os
import signal
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

import psycopg
import pytest

from tests.relay.scene import asynchronous
from tests.support.nats.brokers import (
    bare_configuration,
    printed_configuration,
    relay_configuration,
    running_broker,
    with_store,
)
from tests.support.nats.relay import environment, failing, running_relay
from tests.support.postgres.cluster import Cluster
from tests.support.waiting import until
from wedsync_realtime.relay import keys, servers
from wedsync_realtime.relay.connections import connected


@pytest.mark.parametrize(
    ("variables", "error", "words"),
    [
        ({"JWT_SECRET": ""}, "BadSecretError", "JWT_SECRET to the secret"),
        ({"JWT_JWKS": "/nowhere.json"}, "BadSecretError", "JSON Web Key Set"),
        ({"NATS_SEED": "SUAnonsense"}, "BadSecretError", "--print-config"),
        ({"NATS_URL": "nats://127.0.0.1:1"}, "BrokerError", "NATS_URL"),
    ],
)
def test_bad_environment_is_told(
    database: str, tmp_path: Path, variables: dict[str, str], error: str, words: str
) -> None:
    told = failing(database, tmp_path, **variables)
    assert told["error"] == error
    assert words in told["fix"]


def test_database_without_the_package(empty_database: str, tmp_path: Path) -> None:
    told = failing(empty_database, tmp_path)
    assert (told["error"], told["fix"]) == ("NotDeployedError", "Run `make migrate`.")


def test_database_with_an_older_package(database: str, tmp_path: Path) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("drop function wedsync_realtime.drain")
    told = failing(database, tmp_path)
    assert (told["error"], told["fix"]) == ("NotDeployedError", "Run `make migrate`.")
    assert "older" in told["message"]


def test_user_without_the_role(database: str, cluster: Cluster, tmp_path: Path) -> None:
    with login(cluster, "nobody_in_particular"):
        told = failing(database.replace("postgres@", "nobody_in_particular@"), tmp_path)
    assert told["error"] == "NotRelayError"
    assert "grant wedsync_realtime_relay to" in told["fix"]


def test_member_of_the_role_is_enough(database: str, cluster: Cluster, tmp_path: Path) -> None:
    with login(cluster, "some_relay", member=True):
        url = database.replace("postgres@", "some_relay@")
        with running_relay(url, tmp_path) as relay:
            assert relay.stop()[0] == 0


def test_relay_ends_within_a_second_of_being_told_to(database: str, tmp_path: Path) -> None:
    begun = monotonic()
    with running_relay(database, tmp_path) as relay:
        started = monotonic() - begun
        code, seconds = relay.stop()
    assert code == 0
    assert seconds < max(5, 2 * started)  # a second on a machine of its own


def test_taken_port(database: str, tmp_path: Path) -> None:
    with running_relay(database, tmp_path / "one") as relay:
        listen = ("--listen", relay.nats.removeprefix("nats://"))
        told = failing(database, tmp_path / "two", *listen, "--websocket", "127.0.0.1:0")
    assert told["error"] == "BrokerError"
    assert "address already in use" in told["message"]


def test_second_relay_of_a_checkout_is_told_to_share_the_server(
    database: str, tmp_path: Path
) -> None:
    with running_relay(database, tmp_path):
        told = failing(database, tmp_path)
    assert "Set NATS_URL" in told["fix"]


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ("", "does not know this relay"),
        ("{own}", "has no JetStream"),
    ],
)
def test_server_that_is_not_configured(
    database: str, tmp_path: Path, configuration: str, words: str
) -> None:
    own = bare_configuration(tmp_path)
    text = own.replace("jetstream: enabled", "") if configuration else "authorization: {token: x}"
    with running_broker(tmp_path, text) as broker:
        told = failing(database, tmp_path, NATS_URL=broker.url)
    assert told["error"] == "BrokerError"
    assert words in told["message"]
    assert "--print-config" in told["fix"]


@pytest.mark.parametrize("answer", ["PONG", "-ERR 'Authorization Violation'"])
@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("2.9.25", "; 2.10 or newer is needed"),
        ("2.11.14", ", which lets clients publish where they may not"),
        ("2.12.5-RC.1", ", which lets clients publish where they may not"),
    ],
)
def test_server_that_is_too_old(
    database: str, tmp_path: Path, version: str, words: str, answer: str
) -> None:
    with old_server(version, answer) as url:
        told = failing(database, tmp_path, NATS_URL=url)
    assert told["error"] == "BrokerError"
    assert f"is of version {version}{words}" in told["message"]
    assert "Upgrade" in told["fix"]


def test_server_without_room_for_the_stream(database: str, tmp_path: Path) -> None:
    text = bare_configuration(tmp_path)
    text += f'jetstream {{ store_dir: "{tmp_path / "js"}", max_file: 10MB }}'
    with running_broker(tmp_path, text) as broker:
        told = failing(database, tmp_path, NATS_URL=broker.url)
    assert told["error"] == "BrokerError"
    assert "insufficient storage" in told["message"]
    assert "room" in told["fix"]


def test_printed_configuration_is_all_that_a_server_needs(database: str, tmp_path: Path) -> None:
    text = with_store(printed_configuration(tmp_path), tmp_path / "js")
    with (
        running_broker(tmp_path, text) as broker,
        running_relay(database, tmp_path, NATS_URL=broker.url) as relay,
    ):
        assert (relay.nats, relay.websocket) == (broker.url, None)


@asynchronous
async def test_login_from_before_the_start_is_made_again(database: str, tmp_path: Path) -> None:
    with running_broker(tmp_path, relay_configuration(tmp_path)) as broker:
        host, _, port = broker.url.removeprefix("nats://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b'CONNECT {"auth_token": "early", "verbose": false}\r\nPING\r\n')
        async with connected(broker.url, keys.load(tmp_path), print) as connections:

            async def is_waiting() -> bool:
                found = servers.connections(connections.system, "$G")
                return any(["authorized_user" in client async for _, client in found])

            while not await is_waiting():
                pass
        with running_relay(database, tmp_path, NATS_URL=broker.url):
            told = await reader.readline()  # INFO
            with suppress(ConnectionResetError):  # a PONG that the server has not read
                while line := await reader.readline():
                    told += line
                    writer.write(b"PONG\r\n")
        writer.close()
    assert b"-ERR" not in told


def test_missing_extra_says_which_command_to_run(database: str, tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['nats'] = None\n"
        "from wedsync_realtime.entry.cli import main\n"
        "sys.exit(main(['relay', '--json']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(database, tmp_path),
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "make relay" in done.stdout


@contextmanager
def old_server(version: str, answer: str) -> Iterator[str]:
    """Run what a client takes for an old server, which answers every login so."""

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            told = {"version": version, "max_payload": 1048576, "headers": True, "nonce": "x"}
            self.wfile.write(f"INFO {json.dumps(told)}\r\n".encode())
            for line in self.rfile:
                if line.startswith(b"PING"):
                    self.wfile.write(f"{answer}\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"nats://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


@contextmanager
def login(cluster: Cluster, name: str, *, member: bool = False) -> Iterator[None]:
    """Have a user who may log in for the time of the context."""
    with cluster.connect() as connection:
        connection.execute(f"create role {name} login".encode())
        try:
            if member:
                connection.execute(f"grant wedsync_realtime_relay to {name}".encode())
            yield
        finally:
            connection.execute(f"drop role {name}".encode())


def test_server_that_hangs_is_ended_with_the_relay(database: str, tmp_path: Path) -> None:
    with running_relay(database, tmp_path) as relay:
        pid = relay.server_pid
        os.kill(pid, signal.SIGSTOP)
        code, _ = relay.stop()
        assert code == 0
        until(lambda: not Path(f"/proc/{pid}").exists())
