"""Serve what clients call over NATS: wedsync.rpc.<user id>.<function>, as PostgREST would."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any
from uuid import UUID

import psycopg
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from psycopg import sql

from wedsync_realtime.errors import RunnerError
from wedsync_realtime.relay.database import Pool
from wedsync_realtime.relay.presence import Presence

LONGEST = 64 * 1024  # bytes of a body
AT_ONCE = 4  # calls of one user
FLOOD = 500  # calls of one user in a second, from which on none is answered
UNDELIVERED = 250  # calls of one user that are not answered yet, beyond which none is
HEAVY = 16 * 1024  # bytes of a body that count as one call more
FRAME = 256  # bytes of an answer's header
PATIENCE = 5  # seconds for a call, waiting for a connection included
LOCKED = 1000  # milliseconds for what the user holds elsewhere, in which others get no connection

# Functions, and the types of their arguments.
FUNCTIONS: dict[str, dict[str, str]] = {
    "subscribe": {"channels": "text[]", "filters": "jsonb", "connection_id": "uuid"},
    "unsubscribe": {"channel": "text"},
    "unsubscribe_all": {"connection_id": "uuid"},
    "ping": {"channel_name": "text", "connection_id": "uuid"},
    "poll": {"channel": "text", "cursor": "text", "max_events": "integer"},
    "status": {},
}

# One string is one round trip and one transaction; the function may have set the status.
_CALL = sql.SQL(
    "select pg_catalog.set_config('role', 'authenticated', true),"
    " pg_catalog.set_config('request.jwt.claims', {claims}, true),"
    " pg_catalog.set_config('response.status', '', true),"
    f" pg_catalog.set_config('lock_timeout', '{LOCKED}', true);"
    " select public.{function}({arguments})::text;"
    " select pg_catalog.current_setting('response.status', true)"
)


class RefusedCallError(Exception):
    """A call that does not reach the database, or is not answered there."""

    def __init__(self, code: str, status: int, error: str, retry_after: int | None = None) -> None:
        super().__init__(error)
        self.status = status
        self.answer = {
            "success": False, "error": error, "code": code, "status": status,
            "details": None, "hint": None, "retryAfter": retry_after,
        }  # fmt: skip

    def told(self) -> tuple[str, str]:
        """Return status and answer."""
        return str(self.status), json.dumps(self.answer)


class Calls:
    """The calls that this relay serves, in turns with the others; each in a task of its own.

    Whoever floods it has their connections closed, so that nobody else waits.
    """

    def __init__(self, client: Client, pool: Pool, presence: Presence) -> None:
        self._client = client
        self._pool = pool
        self._presence = presence
        self._second = 0
        self._lately: Counter[str] = Counter()
        self.tasks: set[asyncio.Task[None]] = set()
        self._of: Counter[str] = Counter()
        self._owed: Counter[str] = Counter()

    async def begin(self) -> None:
        """Serve from now on; raises nats.errors.Error."""
        await self._client.subscribe("wedsync.rpc.*.*", queue="relays", cb=self._take)

    async def _take(self, request: Msg) -> None:
        if self._floods(request.subject.split(".")[2], len(request.data)):
            return
        task = asyncio.create_task(self._serve(request))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _floods(self, user: str, size: int) -> bool:
        second = int(monotonic())
        if second != self._second:
            self._second = second
            self._lately.clear()
        before = self._lately[user]
        self._lately[user] += 1 + size // HEAVY
        if self._lately[user] // FLOOD > before // FLOOD:
            self._presence.kick_user(UUID(user))
        return self._lately[user] >= FLOOD

    async def _serve(self, request: Msg) -> None:
        user, function = request.subject.split(".")[2:]
        if not request.reply.startswith(f"_INBOX.{user}."):
            return  # it would be the relay who publishes there
        if self._owed[user] >= UNDELIVERED:
            return
        with _counted(self._owed, user), suppress(NatsError):  # the client asks anew
            status, body = await self._ask(user, function, request.data)
            await self._client.publish(request.reply, body.encode(), headers={"Status": status})
            await self._client.flush(PATIENCE)  # the server has delivered it, however often

    async def _ask(self, user: str, function: str, body: bytes) -> tuple[str, str]:
        """Return status and answer, be it a refusal."""
        try:
            with _counted(self._of, user):
                if self._of[user] > AT_ONCE:
                    raise RefusedCallError("rate_limited", 429, "Too many calls at once", 1)
                async with asyncio.timeout(PATIENCE):
                    return await self._answer(user, function, body)
        except RefusedCallError as refusal:
            return refusal.told()
        except (psycopg.Error, RunnerError, TimeoutError):
            silence = RefusedCallError("unavailable", 503, "The database does not answer", 1)
            return silence.told()

    async def _answer(self, user: str, function: str, body: bytes) -> tuple[str, str]:
        """Call, and once more for fewer events where NATS does not take an answer so long."""
        arguments = _arguments(function, body)
        most = self._client.max_payload - FRAME
        while True:
            status, answer = await self._call(user, function, arguments)
            size = len(answer.encode())
            if size <= most or function != "poll":
                return status, answer
            page = json.loads(answer)
            events = len(page["events"])
            if events <= 1:
                told = {"events": [], "resyncRequired": True, "reason": "payload_too_large"}
                return status, json.dumps(page | told)
            arguments["max_events"] = max(1, min(events // 2, events * most // size))

    async def _call(self, user: str, function: str, arguments: dict[str, Any]) -> tuple[str, str]:
        named = [
            sql.SQL("{} => {}::{}").format(
                sql.Identifier(name), value, sql.SQL(FUNCTIONS[function][name])
            )
            for name, value in arguments.items()
        ]
        query = _CALL.format(
            claims=json.dumps({"sub": user, "role": "authenticated"}),
            function=sql.Identifier(f"realtime_{function}"),
            arguments=sql.SQL(", ").join(named),
        )
        async with self._pool.connection() as held:
            cursor = psycopg.AsyncClientCursor(held)
            try:
                await cursor.execute(query)
            except (psycopg.DataError, psycopg.errors.ProgrammingError) as error:
                message = error.diag.message_primary or "malformed arguments"
                raise RefusedCallError("invalid_request", 400, message) from None
            except UnicodeEncodeError:  # half a surrogate pair
                raise RefusedCallError("invalid_request", 400, "No Unicode text") from None
            cursor.nextset()
            answer = await cursor.fetchone()
            cursor.nextset()
            status = await cursor.fetchone()
        assert answer
        assert status
        return status[0] or "200", answer[0]


@contextmanager
def _counted(counter: Counter[str], user: str) -> Iterator[None]:
    counter[user] += 1
    try:
        yield
    finally:
        counter[user] -= 1
        if not counter[user]:
            del counter[user]


def _arguments(function: str, body: bytes) -> dict[str, Any]:
    """Return name and text of each argument; raises RefusedCallError."""
    types = FUNCTIONS.get(function)
    if types is None:
        raise RefusedCallError("invalid_request", 404, f"No function {function[:40]}")
    if len(body) > LONGEST:
        raise RefusedCallError("invalid_request", 413, f"More than {LONGEST} bytes")
    try:
        given = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise RefusedCallError("invalid_request", 400, "The body is not JSON") from None
    if not isinstance(given, dict):
        raise RefusedCallError("invalid_request", 400, "The body is not a JSON object")
    if unknown := sorted(given.keys() - types.keys()):
        raise RefusedCallError("invalid_request", 400, f"No argument {unknown[0][:40]}")
    return {name: _text(types[name], value) for name, value in given.items()}


def _text(kind: str, value: Any) -> Any:
    """Return an argument as what PostgreSQL casts; PostgREST takes the same."""
    if value is None:
        return None
    if kind == "text[]":
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise RefusedCallError("invalid_request", 400, "channels must be a list of texts")
        return value
    if kind == "jsonb" or not isinstance(value, str):
        try:
            return json.dumps(value)
        except RecursionError:
            raise RefusedCallError("invalid_request", 400, "The body is not JSON") from None
    return value
