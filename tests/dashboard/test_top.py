"""The terminal's view: its figures are the views', and names are no markup."""

import asyncio
import os
import pty
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from textual.pilot import Pilot
from textual.widgets import DataTable, Static, TabbedContent

from tests.support.caller import Caller
from tests.support.cluster import Cluster
from tests.support.dashboard import play_season, report_relays
from tests.support.people import People
from tests.support.waiting import PATIENCE
from wedsync_realtime.entry.cli import main
from wedsync_realtime.monitoring import panels
from wedsync_realtime.monitoring.reader import Reader
from wedsync_realtime.top import words
from wedsync_realtime.top.app import Top
from wedsync_realtime.top.tables import OPTIONAL, TABLES

ATTACK = "[bold red]Bloom[/] \x1b]0;pwned\x07"
COMMAND = [sys.executable, "-m", "wedsync_realtime", "top"]

Scene = Callable[[Top, Pilot[None]], Awaitable[None]]


@pytest.fixture
def play(database: str) -> Iterator[Callable[[Scene], None]]:
    """Return a function that plays a scene in front of a screen, of 100 by 30 unless told."""
    with closing(Reader(database, "test")) as reader:

        async def perform(scene: Scene, size: tuple[int, int]) -> None:
            top = Top(reader, "a database", every=0.2)
            async with top.run_test(size=size) as pilot:
                await until(lambda: "connections" in text(top, "#figures"))
                await scene(top, pilot)

        def run(scene: Scene, size: tuple[int, int] = (100, 30)) -> None:
            asyncio.run(perform(scene, size))

        yield run


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE):
        while not is_so():
            await asyncio.sleep(0.05)


def text(top: Top, selector: str) -> str:
    return str(top.query_one(selector, Static).render())


def rows(top: Top, name: str) -> list[list[str]]:
    table: DataTable[Any] = top.query_one(f"#{name}-table", DataTable)
    return [[str(cell) for cell in table.get_row_at(n)] for n in range(table.row_count)]


def test_figures_are_the_views(
    play: Callable[[Scene], None], people: People, database: str
) -> None:
    play_season(database, 30)

    async def scene(top: Top, pilot: Pilot[None]) -> None:
        with closing(Reader(database, "test")) as reader:
            overview = panels.overview(reader) | panels.health(reader)
        totals = overview["totals"]
        assert f"connections {totals['connections']:,}" in text(top, "#figures")
        assert f"subscriptions {totals['subscriptions']:,}" in text(top, "#figures")
        assert len(rows(top, "tenants")) == 30
        assert rows(top, "tenants")[0][1:] == ["250", "1,000", "1,000", words.bar(1), "supplier"]
        for name in ("channels", "health", "jobs"):
            assert len(rows(top, name)) == len(overview[name])

    play(scene)


def test_tenants_without_a_row_and_activity_are_shown(
    play: Callable[[Scene], None],
    people: People,
    act_as: Callable[..., Caller],
    database: str,
) -> None:
    supplier = uuid4()  # as in the README's session: nobody wrote a row of suppliers
    user = people.supplier_user(people.supplier("Bloom"))
    with psycopg.connect(database) as connection:
        connection.execute(
            "update public.user_profiles set supplier_id = %s where id = %s", (supplier, user)
        )
    subscribed = act_as(user).rpc(
        "realtime_subscribe", channels=["form-responses"], filters={"supplier_id": str(supplier)}
    )
    assert subscribed["success"]
    assert act_as(user).rpc("realtime_subscribe", channels=["nothing"])["code"] == "unknown_channel"

    async def scene(top: Top, pilot: Pilot[None]) -> None:
        await until(lambda: bool(rows(top, "activity")))
        assert str(supplier) in [row[0] for row in rows(top, "tenants")]
        activity = rows(top, "activity")
        assert {"subscribed", "refused"} <= {row[1] for row in activity}
        assert {row[4] for row in activity if row[1] == "subscribed"} == {str(user)}

    play(scene)


def test_relays_are_shown_where_they_are_used(play: Callable[[Scene], None], database: str) -> None:
    async def scene(top: Top, pilot: Pilot[None]) -> None:
        tabs = top.query_one(TabbedContent)
        assert not tabs.get_tab("relays").display
        report_relays(database)
        await until(lambda: bool(tabs.get_tab("relays").display))
        leading, standing_by, gone = rows(top, "relays")
        assert leading == [
            "leads", "11111111", "4 ms", "12", "1,234", "512k", "2,001", "3", "4",
            "9: expired 7, signature 2", "The stream: no answer",
        ]  # fmt: skip
        assert standing_by[:2] == ["stands by", "22222222"]
        assert gone[:2] == ["gone", "33333333"]

    play(scene)


def test_figures_that_come_as_it_closes_are_not_shown(
    play: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    came: list[Callable[[], None]] = []
    show = Top._show

    def note(top: Top, overview: dict[str, Any]) -> None:
        came.append(lambda: show(top, overview))
        show(top, overview)

    async def scene(top: Top, pilot: Pilot[None]) -> None:
        pass

    monkeypatch.setattr(Top, "_show", note)
    play(scene)
    came[-1]()


@pytest.mark.parametrize("size", [(20, 8), (60, 16), (100, 30)])
@pytest.mark.parametrize("is_empty", [True, False])
def test_every_table_opens_in_a_terminal_of_any_size(
    play: Callable[..., None], people: People, database: str, is_empty: bool, size: tuple[int, int]
) -> None:
    if not is_empty:
        play_season(database, 3)
        report_relays(database)

    async def scene(top: Top, pilot: Pilot[None]) -> None:
        opened = [name for name in TABLES if not (is_empty and name == OPTIONAL)]
        for n, name in enumerate(TABLES, 1):
            await pilot.press(str(n))
            await pilot.pause()
            assert (top.focused is top.query_one(f"#{name}-table")) == (name in opened)
        assert bool(rows(top, "tenants")) != is_empty
        assert len(rows(top, "jobs")) == 4
        if size[0] >= 60:
            figures = top.query_one("#figures", Static)
            shown = " ".join(
                figures.render_line(n).text for n in range(figures.content_size.height)
            )
            assert "near limit" in " ".join(shown.split())

    play(scene, size)


def test_refusals_that_share_a_row_are_told(
    play: Callable[[Scene], None], people: People, act_as: Callable[..., Caller]
) -> None:
    user = act_as(people.supplier_user(people.supplier("Bloom")))
    for _ in range(4):
        user.rpc("realtime_subscribe", channels=["nothing"])

    async def scene(top: Top, pilot: Pilot[None]) -> None:
        await until(lambda: bool(rows(top, "activity")))
        found = [row[1] for row in rows(top, "activity")]
        # four, though a minute may have ended between them
        times = [int(re.sub(r"\D", "", what) or 1) for what in found]
        assert sum(times) == 4
        assert len(found) <= 2

    play(scene)


def test_keys_open_tables_filter_and_pause(
    play: Callable[[Scene], None], people: People, database: str
) -> None:
    play_season(database, 30)
    with psycopg.connect(database) as connection:
        connection.execute("alter table public.form_responses disable row level security")

    async def scene(top: Top, pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await until(lambda: "open" in top.query_one("#advice").classes)
        wrong = rows(top, "health")[0]
        assert wrong[0] != "ok"
        await until(lambda: text(top, "#advice") != "")
        await pilot.press("slash", *"velvet")
        await until(lambda: len(rows(top, "tenants")) == 2)
        assert "open" not in top.query_one("#advice").classes
        await pilot.press("escape")
        await until(lambda: len(rows(top, "tenants")) == 30)
        await pilot.press("p")
        assert text(top, "#state") == "paused"
        await pilot.press("q")
        await pilot.pause()
        assert not top.is_running

    play(scene)


def test_name_is_shown_as_it_is_but_for_control_characters(
    play: Callable[[Scene], None], people: People, database: str
) -> None:
    people.supplier(ATTACK)
    play_season(database, 1)
    with psycopg.connect(database) as connection:
        connection.execute("update public.suppliers set business_name = %s", (ATTACK,))

    async def scene(top: Top, pilot: Pilot[None]) -> None:
        await until(lambda: bool(rows(top, "tenants")))
        assert rows(top, "tenants")[0][0] == "[bold red]Bloom[/] ·]0;pwned·"

    play(scene)


def test_database_that_goes_away_is_told_and_comes_back(
    cluster: Cluster, play: Callable[[Scene], None], database: str
) -> None:
    name = str(psycopg.conninfo.conninfo_to_dict(database)["dbname"])

    async def scene(top: Top, pilot: Pilot[None]) -> None:
        with cluster.connect() as connection:
            cluster.freeze_database(name)
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
                (name,),
            )
            await until(lambda: "No connection to" in text(top, "#state"))
            connection.execute(f"alter database {name} with allow_connections true".encode())
            await until(lambda: text(top, "#state").count(":") == 2)

    play(scene)


def test_without_a_terminal_it_says_so(database: str) -> None:
    done = subprocess.run(
        [*COMMAND, "--database-url", database],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "This is not a terminal." in done.stderr


@pytest.mark.parametrize("every", ["0", "-1", "nan", "inf", "soon"])
def test_interval_that_is_none_is_refused(every: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["top", "--every", every])
    assert caught.value.code == 2
    assert "--every" in capsys.readouterr().err


def test_q_ends_it_in_a_terminal(database: str) -> None:
    master, terminal = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "--database-url", database], stdin=terminal, stdout=terminal, stderr=terminal
    ) as process:
        os.close(terminal)
        shown = b""
        while b"Tenants" not in shown:
            shown += os.read(master, 4096)
        os.write(master, b"q")
        while True:
            try:
                if not os.read(master, 4096):
                    break
            except OSError:  # the other end is closed
                break
        assert process.wait(PATIENCE) == 0
    os.close(master)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (timedelta(0), "0 ms"),
        (0.25, "250 ms"),
        (timedelta(seconds=2.5), "2.5 s"),
        (99, "99 s"),
        (600, "10 min"),
        (timedelta(days=3), "3 d"),
    ],
)
def test_duration_is_told_in_its_unit(value: timedelta | float | None, shown: str) -> None:
    assert words.duration(value) == shown


def test_share_is_drawn_within_its_bar() -> None:
    assert words.bar(0) == "·" * words.WIDTH + "   0 %"
    assert words.bar(2) == "━" * words.WIDTH + " 200 %"
    assert words.bar(0.999).endswith(" 99 %")
