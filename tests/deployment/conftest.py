"""What the tests of the commands share."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import psycopg
import pytest

from tests.conftest import deployed, running, today
from tests.deployment.dump import schema
from wedsync_realtime.entry.cli import main


@dataclass(frozen=True)
class Ran:
    """How a command ended: its exit code, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed for programs."""
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command of `wedsync-realtime`: name, database, arguments."""

    def run(command: str, url: str, *arguments: object) -> Ran:
        code = main([command, "--database-url", url, *map(str, arguments)])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


@cache
def _deployed_schema(config: pytest.Config, day: date) -> list[str]:
    with running(config).database(deployed(config, day)) as url:
        return schema(url)


@pytest.fixture
def deployed_schema(pytestconfig: pytest.Config) -> list[str]:
    """Return the schema of `database` as it is when a test begins, dumped once a day."""
    return _deployed_schema(pytestconfig, today())


def execute(url: str, statements: str) -> None:
    """Run statements in one transaction."""
    with psycopg.connect(url) as connection:
        connection.execute(statements.encode())


def values(url: str, query: str) -> list[Any]:
    """Return the first column of all rows."""
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute(query.encode())]
