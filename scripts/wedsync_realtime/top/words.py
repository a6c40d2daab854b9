"""Figures as people read them in a terminal."""

from collections.abc import Mapping
from datetime import datetime, timedelta

ROUNDED_FROM = 100_000
WIDTH = 10  # characters of a bar


def count(value: int | None) -> str:
    """Return a count; a large one is rounded."""
    if value is None:
        return "–"
    if value < ROUNDED_FROM:
        return f"{value:,}"
    return f"{value / 1e6:.1f}M" if value >= 1e6 else f"{value / 1e3:.0f}k"


def repeated(what: str, times: int | None) -> str:
    """Return what happened, and how often where one row stands for more than once."""
    return f"{what}, {count(times)} times" if times and times > 1 else what


def rate(value: float | None) -> str:
    """Return how many a second."""
    return "–" if value is None else f"{float(value):,.2f}"


def duration(value: timedelta | float | None) -> str:
    """Return a duration, given as one or in seconds, in its largest fitting unit."""
    if value is None:
        return "–"
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if seconds < 1:
        return f"{seconds * 1e3:.0f} ms"
    for unit, length, until in (("s", 1, 100), ("min", 60, 6_000), ("h", 3_600, 172_800)):
        if seconds < until:
            return (
                f"{seconds / length:.1f} {unit}"
                if seconds < 10
                else f"{seconds / length:.0f} {unit}"
            )
    return f"{seconds / 86_400:.0f} d"


def shares(of: int, parts: Mapping[str, int]) -> str:
    """Return a count with what it is made of, the largest first."""
    ordered = sorted(parts.items(), key=lambda part: (-part[1], part[0]))
    named = ", ".join(f"{name} {count(value)}" for name, value in ordered)
    return f"{count(of)}: {named}" if named else count(of)


def moment(value: datetime | None) -> str:
    """Return the time of day here, with the date when it is not today's."""
    if value is None:
        return "–"
    local = value.astimezone()
    is_today = local.date() == datetime.now().astimezone().date()
    return f"{local:%H:%M:%S}" if is_today else f"{local:%Y-%m-%d %H:%M}"


def bar(share: float) -> str:
    """Return a share between 0 and 1 as a bar with its percentage."""
    filled = round(min(max(float(share), 0), 1) * WIDTH)
    return f"{'━' * filled}{'·' * (WIDTH - filled)} {int(share * 100):>3} %"


def printable(text: str) -> str:
    """Return a text on one line without control characters, which a terminal would obey."""
    return "".join(letter if letter.isprintable() else "·" for letter in text)
