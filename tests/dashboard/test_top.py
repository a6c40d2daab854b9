"""The terminal's view: its figures are the views', and names are no markup."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from textual.pilot import Pilot
from textual.widgets import DataTable, Static, TabbedContent

from tests.support.callers.caller import Caller
from tests.support.callers.people import People
from tests.support.pages.dashboard import play_season, report_relays
from tests.support.postgres.cluster import Cluster
from tests.support.waiting import PATIENCE
from wedsync_realtime.monitoring import panels
from wedsync_realtime.monitoring.reader import Reader
from wedsync_realtime.top import words
from wedsync_realtime.top.app import Top
from wedsync_realtime.top.tables import OPTIONAL, TABLES

ATTACK = "[bold red]Bloom[/] \x1b]0;pwned\x07"

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


def test_tables_are_filled_when_their_rows_change_alone(
    play: Callable[[Scene], None],
    people: People,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    play_season(database, 3)
    shown = 0
    show = Top._show

    def count(top: Top, overview: dict[str, Any]) -> None:
        nonlocal shown
        show(top, overview)
        shown += 1

    async def scene(top: Top, pilot: Pilot[None]) -> None:
        async def cells() -> dict[str, list[Any]]:
            before = shown
            await until(lambda: shown > before + 1)  # the first may have been read earlier
            tables = {name: top.query_one(f"#{name}-table", DataTable) for name in TABLES}
            return {name: table.get_row_at(0) for name, table in tables.items() if table.row_count}

        first = await cells()
        assert {"tenants", "channels", "jobs"} <= first.keys()
        second = await cells()
        for name in ("tenants", "channels", "jobs"):
            assert all(one is other for one, other in zip(first[name], second[name], strict=True))
        with psycopg.connect(database) as connection:
            connection.execute("update public.suppliers set business_name = 'Renamed'")
        await until(lambda: rows(top, "tenants")[0][0] == "Renamed")
        assert (await cells())["jobs"][0] is first["jobs"][0]

    monkeypatch.setattr(Top, "_show", count)
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
