"""Write figures in Prometheus' text exposition format, version 0.0.4.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from psycopg import Connection

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_QUERY = "select m.name, m.type, m.help, m.labels, m.value from wedsync_realtime.metrics() as m"
_IN_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})
_IN_LABEL = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


@dataclass(frozen=True)
class Figure:
    """One figure, as `metrics()` returns it."""

    name: str
    type: str
    help: str
    labels: dict[str, str]
    value: float


def read(connection: Connection[Any]) -> list[Figure]:
    """Return the figures of this moment.

    Raises psycopg.Error.
    """
    return [Figure(*row) for row in connection.execute(_QUERY)]


def render(figures: Iterable[Figure]) -> str:
    """Return the text: for each name its help, its type and its figures."""
    return "".join(f"{line}\n" for line in _lines(sorted(figures, key=lambda each: each.name)))


def _lines(figures: list[Figure]) -> Iterator[str]:
    for name, group in groupby(figures, key=lambda each: each.name):
        family = list(group)
        yield f"# HELP {name} {family[0].help.translate(_IN_HELP)}"
        yield f"# TYPE {name} {family[0].type}"
        for figure in family:
            yield f"{name}{_labels(figure.labels)} {_number(figure.value)}"


def _labels(labels: dict[str, str]) -> str:
    if not labels:
        return ""
    pairs = (f'{name}="{value.translate(_IN_LABEL)}"' for name, value in sorted(labels.items()))
    return "{" + ",".join(pairs) + "}"


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)
