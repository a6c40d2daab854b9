"""When the relay looks for news, and when it hangs out the bell."""

import asyncio
from collections import namedtuple
from typing import Any

import pytest

from tests.relay.scene import asynchronous
from wedsync_realtime.relay import database, pump
from wedsync_realtime.relay.pump import PAGE, Pump

Row = namedtuple("Row", "kind subjects body next")
FULL = [Row("event", [], "{}", "half")] * PAGE + [Row("position", None, None, "all")]
NOTHING = [Row("position", None, None, "all")]


class Quiet:
    """A stream, and figures, that take everything."""

    unconfirmed = 0

    def check(self) -> None:
        pass

    async def publish(self, message: Any, *, is_last: bool) -> None:
        pass


@asynchronous
async def test_bell_hangs_before_the_look_that_finds_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Even after a page that was the last one, when the look at the next is under way already."""
    done: list[str] = []
    pages = iter([FULL])

    async def hang_and_drain(*_: Any) -> tuple[bool, list[Row]]:
        done.append("hang")
        return True, await drain()

    async def drain(*_: Any) -> list[Row]:
        done.append("look")
        return next(pages, NOTHING)

    async def rest(_: Any, seconds: float) -> None:
        done.append(f"rest {seconds}")
        raise asyncio.CancelledError

    monkeypatch.setattr(database, "hang_and_drain", hang_and_drain)
    monkeypatch.setattr(database, "drain", drain)
    monkeypatch.setattr(pump, "_rest", rest)
    quiet: Any = Quiet()
    with pytest.raises(asyncio.CancelledError):
        await Pump("", quiet, quiet, quiet, quiet, quiet)._pump(quiet, frozenset())
    assert done == ["hang", "look", "look", "hang", "look", f"rest {pump.IDLE}"]
