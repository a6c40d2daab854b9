"""What the README shows works as it stands."""

import asyncio
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import psycopg

from tests.support.cluster import Cluster
from tests.support.listener import INSERT
from tests.support.people import People

README = Path(__file__).parents[1] / "README.md"
LIMIT = 30  # seconds


def blocks(language: str) -> list[str]:
    """Return the code of a language in the README, block by block."""
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)


def paste(cluster: Cluster, database: str, number: int) -> str:
    """Run an SQL block of the README in psql and return what it prints.

    cluster: whose psql. database: where to run it. number: which block, counted from 0.
    """
    done = subprocess.run(
        [cluster.psql(), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", database],
        input=blocks("sql")[number],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


def test_first_session_receives_the_event(cluster: Cluster, database: str) -> None:
    for _ in range(2):  # whoever pastes it twice gets the second event too
        page = json.loads(paste(cluster, database, 0))
        assert page["ready"] is True
        assert [event["event"] for event in page["events"]][-1] == "form_response.submitted"


def test_explanation_says_who_is_refused(cluster: Cluster, database: str) -> None:
    paste(cluster, database, 0)
    lines = paste(cluster, database, 1).splitlines()
    assert [line.split("|")[2] for line in lines] == ["passed"] * 4 + ["refused", "not reached"]
    assert "does not admit the caller" in lines[4]


class Copy:
    """What `follow` keeps up to date: it tells by name what happened to it."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[str] = asyncio.Queue()

    async def read_all(self) -> None:
        self.told.put_nowait("read")

    def apply(self, name: str, operation: str, new: dict[str, Any], old: dict[str, Any]) -> None:
        assert (operation, new["form_name"], old) == ("INSERT", "Menu", {})
        self.told.put_nowait(name)


def test_python_program_follows(database: str, people: People) -> None:
    supplier = people.supplier()
    user = people.supplier_user(supplier)
    program: dict[str, Any] = {}
    exec(blocks("python")[0], program)

    async def play() -> None:
        copy = Copy()
        following = asyncio.create_task(program["follow"](database, user, str(supplier), copy))
        async with asyncio.timeout(LIMIT):
            assert await copy.told.get() == "read"
            with psycopg.connect(database) as connection:
                connection.execute(INSERT, (supplier, "Menu"))
            assert await copy.told.get() == "form_response.submitted"
        following.cancel()
        await asyncio.wait([following])
        assert following.cancelled()

    asyncio.run(play())
