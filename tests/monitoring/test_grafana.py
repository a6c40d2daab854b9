"""The Grafana dashboard: every panel's query runs, as the role that Grafana uses."""

import json
from importlib.resources import files
from typing import Any

import psycopg
import pytest
from psycopg import Connection

BOARD = json.loads((files("wedsync_realtime") / "monitoring" / "grafana.json").read_text())
PANELS = {panel["title"] + f" ({panel['type']})": panel for panel in BOARD["panels"]}


def as_grafana_sends_it(query: str) -> str:
    """Return a query with Grafana's macros expanded, for the last three hours."""
    expanded = query
    for column in ("minute", "sampled_at"):
        span = f"{column} between now() - interval '3 hours' and now()"
        expanded = expanded.replace(f"$__timeFilter({column})", span)
    assert "$" not in expanded
    return expanded


@pytest.fixture
def monitor(database: str) -> Any:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("call wedsync_realtime.run_job('metrics')")
        connection.execute("set role wedsync_realtime_monitor")
        connection.execute("set default_transaction_read_only = on")
        yield connection


def test_every_panel_s_query_runs(monitor: Connection) -> None:
    for name, panel in PANELS.items():
        for target in panel["targets"]:
            cursor = monitor.execute(as_grafana_sends_it(target["rawSql"]).encode())
            found = cursor.fetchall()
            columns = {column.name: column.type_code for column in cursor.description or ()}
            if panel["type"] == "stat":
                assert len(found) == 1, name
            if target["format"] == "time_series":
                assert columns["time"] == psycopg.adapters.types["timestamptz"].oid, name


def test_panels_are_whole_and_beside_each_other() -> None:
    assert len(PANELS) == len(BOARD["panels"])
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        assert panel["datasource"]["uid"] == "${datasource}"
        place = panel["gridPos"]
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert not cells & taken
        assert place["x"] + place["w"] <= 24
        taken |= cells


def test_overrides_name_columns_of_their_query(monitor: Connection) -> None:
    for name, panel in PANELS.items():
        query = as_grafana_sends_it(panel["targets"][0]["rawSql"])
        description = monitor.execute(query.encode()).description or ()
        columns = {column.name for column in description}
        for override in panel["fieldConfig"]["overrides"]:
            assert override["matcher"]["options"] in columns, name
