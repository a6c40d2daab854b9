"""What README.md and docs/ show works as it stands."""

import asyncio
import json
import subprocess
from typing import Any

import psycopg

from tests.support.callers.listener import INSERT
from tests.support.callers.people import People
from tests.support.documents import code
from tests.support.postgres.cluster import Cluster
from tests.support.waiting import PATIENCE
from wedsync_realtime.connection.tasks import cancel
from wedsync_realtime.listener import Event, Listener


def paste(cluster: Cluster, database: str, name: str) -> str:
    """Run the first SQL block of a page in psql and return what it prints.

    cluster: whose psql. database: where to run it. name: of the page.
    """
    done = subprocess.run(
        [cluster.psql(), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", database],
        input=code(name, "sql")[0],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


def test_first_session_receives_the_event(cluster: Cluster, database: str) -> None:
    for _ in range(2):  # whoever pastes it twice gets the second event too
        page = json.loads(paste(cluster, database, "README.md"))
        assert page["ready"] is True
        assert [event["event"] for event in page["events"]][-1] == "form_response.submitted"


def test_explanation_says_who_is_refused(cluster: Cluster, database: str) -> None:
    paste(cluster, database, "README.md")
    lines = paste(cluster, database, "docs/security.md").splitlines()
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
    exec(code("docs/clients.md", "python")[0], program)

    async def play() -> None:
        copy = Copy()
        following = asyncio.create_task(program["follow"](database, user, str(supplier), copy))
        async with asyncio.timeout(PATIENCE):
            assert await copy.told.get() == "read"
            with psycopg.connect(database) as connection:
                connection.execute(INSERT, (supplier, "Menu"))
            assert await copy.told.get() == "form_response.submitted"
        await cancel(following)
        assert following.cancelled()

    asyncio.run(play())


def test_python_program_serves_many_users(database: str, people: People) -> None:
    supplier = people.supplier()
    users = [people.supplier_user(supplier, f"user {number}") for number in range(3)]
    program: dict[str, Any] = {}
    exec(code("docs/clients.md", "python")[1], program)
    told: asyncio.Queue[str] = asyncio.Queue()

    async def follow(listener: Listener) -> None:
        await listener.subscribe(["form-responses"], {"supplier_id": str(supplier)})
        async for item in listener:
            told.put_nowait(item.name if isinstance(item, Event) else "ready")

    async def play() -> None:
        serving = asyncio.create_task(program["serve"](database, users, follow))
        async with asyncio.timeout(PATIENCE):
            assert [await told.get() for _ in users] == ["ready"] * 3
            with psycopg.connect(database) as connection:
                connection.execute(INSERT, (supplier, "Menu"))
            assert [await told.get() for _ in users] == ["form_response.submitted"] * 3
        await cancel(serving)

    asyncio.run(play())
