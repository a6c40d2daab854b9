"""The tables of the screen: what their columns show of a row."""

from collections.abc import Callable
from dataclasses import dataclass

from wedsync_realtime.monitoring.reader import Row
from wedsync_realtime.top import words


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, what it shows of a row, whether it is set to the right."""

    heading: str
    shown: Callable[[Row], str]
    is_number: bool = False


OPTIONAL = "relays"  # shown when it has rows: not everybody uses one

TABLES: dict[str, tuple[str, tuple[Column, ...]]] = {
    "tenants": (
        "Tenants",
        (
            Column("Name", lambda row: row["name"] or str(row["tenant_id"])),
            Column("Conn", lambda row: words.count(row["connections"]), True),
            Column("Subs", lambda row: words.count(row["subscriptions"]), True),
            Column("Limit", lambda row: words.count(row["limit"]), True),
            Column("Used", lambda row: words.bar(row["share"])),
            Column("Kind", lambda row: row["kind"] or ""),
        ),
    ),
    "channels": (
        "Channels",
        (
            Column("Channel", lambda row: row["name"] + ("" if row["is_enabled"] else " (paused)")),
            Column("1 min", lambda row: words.count(row["minute"]), True),
            Column("1 h", lambda row: words.count(row["hour"]), True),
            Column("24 h", lambda row: words.count(row["day"]), True),
        ),
    ),
    "refusals": (
        "Refusals",
        (
            Column("Reason", lambda row: row["code"]),
            Column("1 h", lambda row: words.count(row["hour"]), True),
            Column("24 h", lambda row: words.count(row["day"]), True),
        ),
    ),
    "health": (
        "Health",
        (
            Column("State", lambda row: row["status"]),
            Column("Check", lambda row: row["name"]),
            Column("Found", lambda row: row["value"] or ""),
        ),
    ),
    "jobs": (
        "Jobs",
        (
            Column("State", lambda row: "waiting" if row["found"] == "never" else row["found"]),
            Column("Job", lambda row: row["name"]),
            Column("Last success", lambda row: words.moment(row["succeeded_at"])),
            Column("Took", lambda row: words.duration(row["duration"]), True),
            Column("Rows", lambda row: words.count(row["rows"]), True),
            Column("Error", lambda row: row["error"] or ""),
        ),
    ),
    "activity": (
        "Activity",
        (
            Column("Time", lambda row: words.moment(row["at"])),
            Column("What", lambda row: words.repeated(row["what"], row["times"])),
            Column("Channel", lambda row: row["channel"] or ""),
            Column("Why", lambda row: row["code"] or row["reason"] or ""),
            Column("Who", lambda row: str(row["user_id"] or "")),
        ),
    ),
    "relays": (
        "Relays",
        (
            Column("State", lambda row: row["found"]),
            Column("Relay", lambda row: str(row["id"])[:8]),
            Column("Lag", lambda row: words.duration(row["lag"]), True),
            Column("Events", lambda row: words.count(row["lag_events"]), True),
            Column("Conn", lambda row: words.count(row["connections"]), True),
            Column("Published", lambda row: words.count(row["published"]), True),
            Column("Logins", lambda row: words.count(row["logins"]), True),
            Column("Kicked", lambda row: words.count(row["kicks"]), True),
            Column("Slow", lambda row: words.count(row["slow_consumers"]), True),
            Column("Refused", lambda row: words.shares(row["refusals"], row["refused"])),
            Column("Error", lambda row: row["error"] or ""),
        ),
    ),
}
