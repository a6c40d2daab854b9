"""Figures as the terminal's view tells them."""

from datetime import timedelta

import pytest

from wedsync_realtime.top import words


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
