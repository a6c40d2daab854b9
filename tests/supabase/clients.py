"""The two clients of the tests under one interface: supabase-js and PyPI's postgrest."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import httpx
from postgrest import APIError, CountMethod, SyncPostgrestClient

from tests.supabase.rest import PREFIX
from tests.supabase.tokens import token

SCRIPT = Path(__file__).with_name("client.cjs")


@dataclass(frozen=True)
class Reply:
    """What a client hands to its caller: data, or else the error; rows of a table are counted."""

    data: Any
    error: dict[str, Any] | None = None
    count: int | None = None


class Client(Protocol):
    """Somebody who calls over HTTP."""

    def rpc(self, name: str, *, get: bool = False, **arguments: Any) -> Reply:
        """Call a function, by POST or GET."""

    def select(self, table: str) -> Reply:
        """Read all rows that are visible, ordered by id."""

    def insert(self, table: str, row: dict[str, Any]) -> Reply:
        """Insert a row."""

    def remove(self, table: str) -> Reply:
        """Delete every row."""


@dataclass(frozen=True)
class PythonClient:
    """Somebody who uses postgrest."""

    client: SyncPostgrestClient

    def rpc(self, name: str, *, get: bool = False, **arguments: Any) -> Reply:
        """Call a function, by POST or GET."""
        return self._reply(self.client.rpc(name, arguments, get=get))

    def select(self, table: str) -> Reply:
        """Read all rows that are visible, ordered by id."""
        return self._reply(
            self.client.from_(table).select("*", count=CountMethod.exact).order("id")
        )

    def insert(self, table: str, row: dict[str, Any]) -> Reply:
        """Insert a row."""
        return self._reply(self.client.from_(table).insert(row))

    def remove(self, table: str) -> Reply:
        """Delete every row."""
        return self._reply(self.client.from_(table).delete().neq("channel_name", ""))

    @staticmethod
    def _reply(request: Any) -> Reply:
        try:
            answer = request.execute()
        except APIError as error:
            return Reply(None, error.json())
        return Reply(answer.data, None, answer.count)


@dataclass(frozen=True)
class ScriptClient:
    """Somebody who uses supabase-js, in a process that all of them share.

    known_as: its id, the address, the key and the token, if any.
    """

    process: subprocess.Popen[str]
    known_as: dict[str, str | None]

    def rpc(self, name: str, *, get: bool = False, **arguments: Any) -> Reply:
        """Call a function, by POST or GET."""
        return self._ask(rpc=name, args=arguments, get=get)

    def select(self, table: str) -> Reply:
        """Read all rows that are visible, ordered by id."""
        return self._ask(select=table)

    def insert(self, table: str, row: dict[str, Any]) -> Reply:
        """Insert a row."""
        return self._ask(insert=table, row=row)

    def remove(self, table: str) -> Reply:
        """Delete every row."""
        return self._ask(remove=table)

    def _ask(self, **request: Any) -> Reply:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"as": self.known_as, **request}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return Reply(answer["data"], answer["error"], answer["count"])


@contextmanager
def python_client(address: str, bearer: str | None) -> Iterator[PythonClient]:
    """Open a client of postgrest; without a token it is anonymous."""
    headers = {"Authorization": f"Bearer {bearer or token('anon')}"}
    with httpx.Client(headers=headers, http2=False) as connection:
        yield PythonClient(SyncPostgrestClient(address + PREFIX, http_client=connection))


@contextmanager
def script_process(node_modules: Path) -> Iterator[subprocess.Popen[str]]:
    """Run what the clients of supabase-js call through."""
    with subprocess.Popen(
        ["node", str(SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"NODE_PATH": str(node_modules)},
    ) as process:
        yield process
        assert process.stdin
        process.stdin.close()


def script_client(process: subprocess.Popen[str], address: str, bearer: str | None) -> ScriptClient:
    """Return a client of supabase-js; without a token it is anonymous."""
    known_as = {"id": str(uuid4()), "url": address, "key": token("anon"), "token": bearer}
    return ScriptClient(process, known_as)
