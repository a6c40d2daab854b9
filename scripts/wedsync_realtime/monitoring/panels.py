"""What dashboard and `top` show of the monitoring views."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

from wedsync_realtime.monitoring import queries
from wedsync_realtime.monitoring.reader import Reader, Row
from wedsync_realtime.started import as_started

MINUTE = timedelta(minutes=1)
HISTORY = timedelta(hours=1)  # of the charts
ACTIVITY = 50  # newest entries shown
RELAYS = 8  # shown, those that live first
NEAR = 0.8  # share of a limit from which it is worth a look
LATE = MINUTE  # lag from which a listener counts as late
MOST = 500  # rows that one call returns
LONGEST = 200  # characters of a search

Asked = Mapping[str, str]


class BadRequestError(ValueError):
    """What was asked for is malformed."""


def overview(reader: Reader) -> dict[str, Any]:
    """Return the state of the whole system, all of one moment."""
    limits = {"near": NEAR, "late": LATE, "history": HISTORY}
    found: dict[str, Any] = reader.read(
        queries.OVERVIEW, {**limits, "activity": ACTIVITY, "relays": RELAYS}
    )
    (totals,) = found["totals"]
    names = [channel["name"] for channel in found["channels"]]
    found["totals"] = totals
    found["at"] = totals["at"]
    samples = found.pop("samples")
    found["events"] = lines(found["events"], names, samples)
    found["lag"] = {
        "times": [sample["sampled_at"] for sample in samples],
        "lines": [{"name": "largest", "values": [_seconds(s["max_lag"]) for s in samples]}],
    }
    return found


def health(reader: Reader) -> dict[str, Any]:
    """Return the health checks, the worst first."""
    checks = reader.read({"health": queries.HEALTH})["health"]
    return {"health": [check | {"advice": as_started(check["advice"])} for check in checks]}


def lines(rows: Sequence[Row], names: Sequence[str], samples: Sequence[Row]) -> dict[str, Any]:
    """Return a line per channel, with a value for each minute from the first sample to the last.

    rows: minute, channel and events_per_second, where there were events. The last sample knows
    all minutes before its own, those in which the job did not run included.
    """
    minutes: list[datetime] = []
    if samples:
        first, last = (_minute(samples[n]["sampled_at"]) for n in (0, -1))
        minutes = [first + n * MINUTE for n in range((last - first) // MINUTE + 1)]
    values = {(row["channel"], row["minute"]): float(row["events_per_second"]) for row in rows}
    return {
        "times": minutes,
        "lines": [
            {"name": name, "values": [values.get((name, minute), 0.0) for minute in minutes]}
            for name in names
        ],
    }


def _seconds(duration: timedelta | None) -> float:
    return duration.total_seconds() if duration else 0.0


def _minute(moment: datetime) -> datetime:
    """Return the last whole minute that a sample of this moment knows."""
    return moment.replace(second=0, microsecond=0) - MINUTE


def tenants(reader: Reader, asked: Asked) -> dict[str, Any]:
    """Return a page of the suppliers and couples against their limits, and how many fit.

    asked: kind, search (in name or id), sort, direction, offset, limit.
    """
    order = queries.ORDERS.get((asked.get("sort", "share"), asked.get("direction", "desc")))
    kind = asked.get("kind", "")
    if order is None or kind not in ("", "supplier", "couple"):
        raise BadRequestError("There is no such order or kind.")
    search = _words(asked, "search")
    arguments = {
        "kind": kind,
        "search": search,
        "pattern": f"%{_escaped(search)}%",
        "offset": _number(asked, "offset", 0, 10**9),
        "limit": _number(asked, "limit", 15, MOST),
    }
    pages: dict[str, LiteralString] = {
        "rows": f"{queries.TENANT_COLUMNS} {queries.TENANTS} {order}"
        " offset %(offset)s limit %(limit)s",
        "total": f"select count(*) as total {queries.TENANTS}",
    }
    found = reader.read(pages, arguments)
    return {"rows": found["rows"], "total": found["total"][0]["total"]}


def people(reader: Reader, asked: Asked) -> dict[str, Any]:
    """Return users, suppliers and couples by (part of) a name or by id.

    asked: term; of a supplier's or couple's id its users are found too.
    """
    return reader.read({"rows": queries.PEOPLE}, {"term": _words(asked, "term")})


def leases(reader: Reader, asked: Asked) -> dict[str, Any]:
    """Return what a user listens to now. asked: user."""
    return reader.read({"rows": queries.LEASES}, {"user": _uuid(asked, "user"), "most": MOST})


def explain(reader: Reader, asked: Asked) -> dict[str, Any]:
    """Return the steps of what would become of a subscribe call, in words.

    asked: user, channel, and the filter: key and tenant.
    """
    arguments = {
        "user": _uuid(asked, "user"),
        **{name: _words(asked, name) for name in ("channel", "key", "tenant")},
    }
    # It tries the call out and undoes it, which a read-only transaction does not let it.
    return {"rows": reader.read_undone(queries.EXPLAIN, arguments)}


def _words(asked: Asked, name: str) -> str:
    return asked.get(name, "").replace("\x00", "").strip()[:LONGEST]


def _escaped(text: str) -> str:
    return "".join(f"\\{letter}" if letter in "\\%_" else letter for letter in text)


def _number(asked: Asked, name: str, default: int, most: int) -> int:
    text = asked.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise BadRequestError(f"{name} must be a number.")
    return min(int(text), most)


def _uuid(asked: Asked, name: str) -> UUID:
    try:
        return UUID(asked.get(name, ""))
    except ValueError:
        raise BadRequestError(f"{name} must be a uuid.") from None
