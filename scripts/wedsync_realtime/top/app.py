"""The screen: a line of figures, and a table for each kind of thing."""

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import psycopg
from rich.console import JustifyMethod
from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import DataTable, Footer, Input, Static, TabbedContent, TabPane

from wedsync_realtime.errors import RunnerError
from wedsync_realtime.monitoring import panels
from wedsync_realtime.monitoring.reader import Reader, Row
from wedsync_realtime.monitoring.shared import HEALTH_FRESH, Shared
from wedsync_realtime.top import words
from wedsync_realtime.top.tables import OPTIONAL, TABLES, Column

LIMIT = 500  # tenants shown; the filter finds the others

Filled = tuple[str, list[str]]  # a row's status and texts

COLOURS = {"ok": "green", "warn": "yellow", "fail": "bold red"}


class Top(App[None]):
    """What the dashboard shows, in a terminal.

    reader: of the views. database: its name for people. every: seconds between updates.
    """

    TITLE = "wedsync-realtime"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    Screen { overflow: hidden; }
    TabbedContent { height: 1fr; }
    TabPane { padding: 0; }
    #head { height: auto; max-height: 4; background: $panel; }
    #database { width: 1fr; height: 1; padding: 0 1; }
    #state { width: auto; max-width: 80%; height: auto; padding: 0 1; }
    #figures { height: auto; max-height: 4; padding: 0 1; }
    #filter { display: none; }
    #filter.open { display: block; }
    #advice { height: auto; max-height: 6; padding: 0 1; display: none; }
    #advice.open { display: block; }
    DataTable { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *[
            Binding(str(n), f"open('{name}')", show=False)  # the tab says it
            for n, name in enumerate(TABLES, 1)
        ],
        Binding("slash", "find", "Filter"),
        Binding("escape", "unfilter", "Clear", show=False),
        Binding("p", "pause", "Pause"),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(self, reader: Reader, database: str, every: float) -> None:
        super().__init__()
        self.animation_level = "none"  # a frame costs as much as an update
        self._reader, self._database, self._every = reader, database, every
        self._overview = Shared(lambda: panels.overview(reader))
        self._health = Shared(lambda: panels.health(reader), HEALTH_FRESH)
        self._is_reading = False
        self._is_paused = False
        self._search = ""
        self._checks: list[Row] = []
        self._filled: dict[str, list[Filled]] = {}
        self._state = Static("connecting …", id="state")
        self._figures = Static("", id="figures")
        self._filter = Input(placeholder="Filter by name or id; Esc clears", id="filter")
        self._advice = Static("", id="advice")
        self._tabs = TabbedContent(initial="tenants")
        self._tables: dict[str, DataTable[Text]] = {
            name: DataTable(id=f"{name}-table", cursor_type="row", zebra_stripes=True)
            for name in TABLES
        }

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        with Horizontal(id="head"):
            yield Static(Text(f"{self.TITLE}  {self._database}"), id="database")
            yield self._state
        yield self._figures
        yield self._filter
        with self._tabs:
            for n, (name, (title, _)) in enumerate(TABLES.items(), 1):
                with TabPane(f"{n} {title}", id=name):
                    yield self._tables[name]
        yield self._advice
        yield Footer()

    def on_mount(self) -> None:
        """Set up the tables and begin to update."""
        for name, (_, columns) in TABLES.items():
            self._tables[name].add_columns(*(column.heading for column in columns))
        self._tables["tenants"].focus()
        self._tabs.hide_tab(OPTIONAL)
        self.set_interval(self._every, self._tick)
        self.update()

    def action_open(self, name: str) -> None:
        """Open a tab, and put the cursor into its table."""
        if not self._tabs.get_tab(name).display:
            return
        self._tabs.active = name
        self._tables[name].focus()

    def action_find(self) -> None:
        """Open the filter of the tenants."""
        self.action_open("tenants")
        self._filter.add_class("open")
        self._filter.focus()

    def action_unfilter(self) -> None:
        """Clear the filter and close it."""
        self._filter.value = ""
        self._filter.remove_class("open")
        self._tables["tenants"].focus()

    def action_pause(self) -> None:
        """Stop updating, or go on."""
        self._is_paused = not self._is_paused
        self._say("paused" if self._is_paused else "…", "yellow")
        self._tick()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show the tenants that fit."""
        self._search = event.value
        self.update()

    def on_input_submitted(self) -> None:
        """Go from the filter to what it found."""
        self._tables["tenants"].focus()

    def on_data_table_row_highlighted(self) -> None:
        """Show what to do about the health check under the cursor."""
        self._show_advice()

    def on_tabbed_content_tab_activated(self) -> None:
        """Show it on its own tab only."""
        self._show_advice()

    def _tick(self) -> None:
        if not (self._is_paused or self._is_reading):
            self.update()

    @work(thread=True, exclusive=True)
    def update(self) -> None:
        """Read the figures and show them; say so when the database is away."""
        asked = {"search": self._search, "sort": "share", "direction": "desc", "limit": str(LIMIT)}
        try:
            self._is_reading = True
            found = {**self._overview.get(), **self._health.get()}
            found["tenants"] = panels.tenants(self._reader, asked)["rows"]
        except RunnerError as error:
            self.call_from_thread(self._say, f"{error.message} {error.fix}", "bold red")
        except psycopg.Error as error:
            message = error.diag.message_primary or str(error).strip()
            self.call_from_thread(self._say, message, "bold red")
        else:
            self.call_from_thread(self._show, found)
        finally:
            self._is_reading = False

    def _show(self, overview: dict[str, Any]) -> None:
        if not self.is_running:  # it closes, and its tabs are gone already
            return
        self._figures.update(_figures(overview))
        for name, (_, columns) in TABLES.items():
            self._fill(name, columns, overview[name])
        if bool(overview[OPTIONAL]) != self._tabs.get_tab(OPTIONAL).display:
            (self._tabs.show_tab if overview[OPTIONAL] else self._tabs.hide_tab)(OPTIONAL)
        self._checks = overview["health"]
        self._show_advice()
        if not self._is_paused:
            self._say(f"{overview['at'].astimezone():%H:%M:%S}", "green")

    def _fill(self, name: str, columns: Sequence[Column], rows: list[Row]) -> None:
        filled = [
            (row.get("status", ""), [column.shown(row) for column in columns]) for row in rows
        ]
        if filled == self._filled.get(name):
            return
        self._filled[name] = filled
        table = self._tables[name]
        cursor, scrolled = table.cursor_row, table.scroll_y
        table.clear()
        for status, texts in filled:
            colour = COLOURS.get(status, "")
            table.add_row(*map(partial(_cell, colour), columns, texts))
        table.move_cursor(row=min(cursor, max(len(rows) - 1, 0)), scroll=False)
        table.scroll_to(y=scrolled, animate=False)

    def _show_advice(self) -> None:
        chosen = self._checks[self._tables["health"].cursor_row :][:1]
        is_open = bool(chosen) and self._tabs.active == "health"
        self._advice.set_class(is_open, "open")
        if is_open:
            lines = (chosen[0]["advice"], chosen[0]["sql"])
            self._advice.update(Text("\n".join(words.printable(line) for line in lines if line)))

    def _say(self, state: str, style: str) -> None:
        self._state.update(Text(state, style))


def _cell(colour: str, column: Column, text: str) -> Text:
    # As Text, which is not read as markup: the names are the users' own.
    style = colour if column.heading == "State" else ""
    justify: JustifyMethod = "right" if column.is_number else "left"
    return Text(words.printable(text), style, justify=justify)


def _figures(overview: dict[str, Any]) -> Text:
    totals, health = overview["totals"], overview["health"]
    wrong = [check["status"] for check in health if check["status"] != "ok"]
    worst = "fail" if "fail" in wrong else "warn" if wrong else "ok"
    return Text.assemble(
        (f"health {f'{len(wrong)} to look at' if wrong else 'ok'}", COLOURS[worst]),
        f"   connections {words.count(totals['connections'])}",
        f"   subscriptions {words.count(totals['subscriptions'])}",
        f"   events/s {words.rate(totals['events_per_second'])}",
        f"   lag {words.duration(totals['lag'])}",
        f"   refused/h {words.count(totals['refused_hour'])}",
        f"   near limit {words.count(totals['near_limit'])}",
    )
