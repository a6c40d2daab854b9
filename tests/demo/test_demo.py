"""The demo: it shows that all is well, notices when it is not, and leaves nothing behind."""

import subprocess
import sys
from collections.abc import Callable
from time import monotonic
from typing import LiteralString

import psycopg
import pytest
from psycopg import Connection, sql

from tests.support.postgres.cluster import Cluster
from tests.support.waiting import PATIENCE
from wedsync_realtime.demo import cast, play
from wedsync_realtime.entry.cli import main


def demo_databases(cluster: Cluster) -> list[str]:
    with psycopg.connect(cluster.dsn("postgres")) as connection:
        rows = connection.execute("select datname from pg_database where datname like '%demo%'")
        return [name for (name,) in rows]


def test_everything_expected_happens_and_the_database_is_removed(cluster: Cluster) -> None:
    command = [sys.executable, "-m", "wedsync_realtime", "demo"]
    done = subprocess.run(
        [*command, "--database-url", cluster.dsn("postgres")],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "✓ 200 of 200 leases on Bloom Flowers" in done.stdout
    assert "ms  wedding.date_changed → Ann & Bob" in done.stdout
    assert "✗" not in done.stdout
    assert "\x1b" not in done.stdout
    assert demo_databases(cluster) == []


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have two people of Bloom open a tab each."""
    monkeypatch.setattr(cast, "BLOOM_TEAM", cast.BLOOM_TEAM[:2])
    monkeypatch.setattr(play, "TABS", 1)


@pytest.mark.usefixtures("small")
def test_database_that_is_kept_can_be_looked_at_and_removed_as_is_said(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["__main__.py"])  # what it names as the program
    assert main(["demo", "--keep", "--database-url", cluster.dsn("postgres")]) == 0
    (name,) = demo_databases(cluster)
    told = [line.removeprefix("Look at it:").removeprefix("Remove it:").strip()
            for line in capsys.readouterr().out.splitlines()[-3:]]  # fmt: skip
    assert " dashboard --database-url " in told[0]
    looked, removed = (
        subprocess.run(each, shell=True, check=False, capture_output=True, text=True)
        for each in (f"{told[1]} -- -Atc 'select count(*) from public.suppliers'", told[2])
    )
    assert (looked.returncode, looked.stdout) == (0, "2\n"), looked.stderr
    assert removed.returncode == 0, removed.stderr
    assert name not in demo_databases(cluster)


@pytest.fixture
def break_by(small: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[LiteralString], None]:
    """Return a function that has a statement run when the cast is there.

    It may name Lens as {lens} and Bloom as {bloom}.
    """
    write, until = cast.write, play._Play._until
    took: list[float] = []

    async def until_sure(playing: play._Play, is_done: Callable[[], bool]) -> None:
        """Wait for what never comes many times as long as anything has taken that came."""
        monkeypatch.setattr(play, "PATIENCE", max(5.0, 20 * max(took)) if took else PATIENCE)
        begun = monotonic()
        await until(playing, is_done)
        if is_done():
            took.append(monotonic() - begun)

    def break_by(statement: LiteralString) -> None:
        def write_and_break(connection: Connection, players: cast.Cast) -> None:
            write(connection, players)
            ids = {"lens": sql.Literal(players.lens.id), "bloom": sql.Literal(players.bloom.id)}
            connection.execute(sql.SQL(statement).format(**ids))

        monkeypatch.setattr(cast, "write", write_and_break)
        monkeypatch.setattr(play._Play, "_until", until_sure)

    return break_by


@pytest.mark.parametrize(
    ("statement", "noticed"),
    [
        (
            "alter table public.journey_progress disable trigger user",
            [
                "✗ Bloom Flowers: nothing instead of 2 × milestone.completed",
                "✗ Bloom Flowers: 4 of 6 deliveries altogether",
                "✗ 2 of 28 expectations were not met",
            ],
        ),
        (
            "create rule leak as on update to public.core_fields do also"
            " insert into public.form_responses (supplier_id) values ({lens})",
            # one or two, as many as have arrived when the play ends
            ["✗ Lens & Light: ", " × form_response.submitted instead of 0"],
        ),
        (
            "update public.user_profiles set supplier_id = {bloom} where supplier_id = {lens}",
            ["✗ the play goes on, but: Unauthorized channel access (forbidden_channel, 403)"],
        ),
    ],
    ids=["silence", "leak", "refusal"],
)
def test_what_goes_wrong_is_noticed(
    cluster: Cluster,
    break_by: Callable[[LiteralString], None],
    capsys: pytest.CaptureFixture[str],
    statement: LiteralString,
    noticed: list[str],
) -> None:
    break_by(statement)
    assert main(["demo", "--database-url", cluster.dsn("postgres")]) == 1
    output = capsys.readouterr().out
    assert [line for line in noticed if line not in output] == []
    assert demo_databases(cluster) == []


def test_server_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--database-url", "postgresql://nobody@127.0.0.1:1/nothing"]) == 1
    assert "No connection to nobody@127.0.0.1:1/nothing" in capsys.readouterr().err
