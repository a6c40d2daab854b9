"""Supabase Realtime as its clients see it: Phoenix channels in front of a test database.

It lets in whom the policies of realtime.messages let in, and passes on what is inserted there.
It speaks both versions of the protocol, 1.0.0 and 2.0.0.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import psycopg

from tests.client.websocket import WebSocket
from tests.supabase.rest import Handler, rest_server
from tests.supabase.rest_sql import RequestError
from tests.supabase.tokens import verified
from tests.support.postgres.supabase import joins

TAKE = """
    with taken as (delete from realtime.messages as m returning m.topic, m.event, m.payload)
    select t.topic, t.event, t.payload from taken as t
    order by case when t.payload ? 'new' then (t.payload ->> 'id')::bigint end
"""
USER_BROADCAST, JSON_ENCODING = 4, 1


@dataclass(eq=False)
class Session:
    """One client's connection."""

    socket: WebSocket
    version: str
    realtime: "Realtime"
    joined: dict[str, Any] = field(default_factory=dict)  # topic: what it was joined by
    is_mute: bool = False  # answers nothing any more

    def run(self) -> None:
        """Answer until the client goes."""
        while (text := self.socket.receive()) is not None:
            if self.is_mute:
                continue
            message = json.loads(text)
            if self.version == "2.0.0":
                keys = ("join_ref", "ref", "topic", "event", "payload")
                message = dict(zip(keys, message, strict=True))
            self.answer(**message)

    def answer(
        self, topic: str, event: str, payload: Any, ref: str | None, join_ref: str | None = None
    ) -> None:
        """Answer one message."""
        match event:
            case "heartbeat":
                self.reply(topic, ref, join_ref)
            case "phx_join" if self.realtime.unanswered:
                self.realtime.unanswered -= 1
            case "phx_join":
                self.joined.pop(topic, None)
                problem = self.realtime.problem(topic, payload.get("access_token"))
                if problem:
                    return self.reply(topic, ref, join_ref, "error", {"reason": problem})
                self.joined[topic] = join_ref
                self.reply(topic, ref, join_ref, "ok", {"postgres_changes": []})
            case "phx_leave":
                self.joined.pop(topic, None)
                self.reply(topic, ref, join_ref)
                self.push(topic, "phx_close", {}, join_ref)
            case "access_token" if topic in self.joined:
                problem = self.realtime.problem(topic, payload["access_token"])
                if problem:
                    self.close(topic, problem)
        return None

    def reply(
        self, topic: str, ref: str | None, join_ref: str | None, status: str = "ok",
        response: Any = None,
    ) -> None:  # fmt: skip
        """Reply to a message."""
        payload = {"status": status, "response": response or {}}
        self.push(topic, "phx_reply", payload, join_ref, ref)

    def close(self, topic: str, problem: str) -> None:
        """End a channel, and say why."""
        join_ref = self.joined.pop(topic, None)
        told = {"extension": "system", "status": "error", "message": problem, "channel": topic}
        self.push(topic, "system", told, join_ref)
        self.push(topic, "phx_close", {}, join_ref)

    def broadcast(self, topic: str, event: str, payload: Any) -> None:
        """Pass on what was sent to a topic."""
        told = {
            "type": "broadcast",
            "event": event,
            "payload": payload,
            "meta": {"id": str(uuid4())},
        }
        if self.version == "1.0.0":
            return self.push(topic, "broadcast", told)
        names = [topic.encode(), event.encode(), json.dumps(told["meta"]).encode()]
        head = bytes([USER_BROADCAST, *map(len, names), JSON_ENCODING])
        return self.socket.send(head + b"".join(names) + json.dumps(payload).encode())

    def push(
        self, topic: str, event: str, payload: Any, join_ref: Any = None, ref: Any = None
    ) -> None:
        """Send one message."""
        if self.version == "1.0.0":
            told: Any = {"topic": topic, "event": event, "payload": payload, "ref": ref}
            if join_ref is not None:
                told["join_ref"] = join_ref
        else:
            told = [join_ref, ref, topic, event, payload]
        self.socket.send(json.dumps(told))


class Realtime:
    """The server. url: of the database, as a superuser. deliver: sends a broadcast to a session."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.deliver: Callable[[Session, str, str, Any], None] = Session.broadcast
        self.refusals: list[str] = []  # what the next joins are told
        self.unanswered = 0  # how many joins are told nothing
        self._sessions: set[Session] = set()
        self._lock = Lock()
        self._over = Event()

    def serve(self, handler: Handler) -> None:
        """Serve one client until it goes."""
        (version,) = parse_qs(urlsplit(handler.path).query)["vsn"]
        session = Session(WebSocket(handler), version, self)
        with self._lock:
            self._sessions.add(session)
        session.run()
        with self._lock:
            self._sessions.discard(session)

    def sessions(self) -> list[Session]:
        """Return the connections that are open."""
        with self._lock:
            return list(self._sessions)

    def problem(self, topic: str, token: str | None) -> str | None:
        """Return why the bearer of a token may not hear a topic."""
        if self.refusals:
            return self.refusals.pop()
        try:
            claims = verified(f"Bearer {token}")
        except RequestError as error:
            return str(error)
        with psycopg.connect(self.url, autocommit=True) as connection:
            name = topic.removeprefix("realtime:")
            if "broadcast" in joins(connection, name, claims):
                return None
        return f"Unauthorized: You do not have permissions to read from this Channel topic: {name}"

    def pass_on(self) -> None:
        """Deliver what is sent until it is over."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            while not self._over.wait(0.02):
                for topic, event, payload in connection.execute(TAKE).fetchall():
                    for session in self.sessions():
                        if f"realtime:{topic}" in session.joined and not session.is_mute:
                            self.deliver(session, f"realtime:{topic}", event, payload)

    def end(self) -> None:
        """End all connections."""
        self._over.set()
        for session in self.sessions():
            session.socket.break_off()


@contextmanager
def project_server(
    rest_url: str, url: str, handler: type[Handler] = Handler
) -> Iterator[tuple[str, Realtime]]:
    """Serve PostgREST and Realtime of one project, and yield its address and the latter.

    rest_url: the database, as the authenticator. url: as a superuser.
    """
    realtime = Realtime(url)

    class Project(handler):  # type: ignore[misc, valid-type]
        """One connection of a client of the project."""

        def handle_request(self) -> None:
            """Answer one request."""
            if self.path.startswith("/realtime/v1/"):
                realtime.serve(self)
            else:
                super().handle_request()

        do_GET = do_HEAD = do_POST = do_PATCH = do_DELETE = handle_request  # noqa: N815

    passing = Thread(target=realtime.pass_on)
    passing.start()
    with rest_server(rest_url, Project) as address:
        try:
            yield address, realtime
        finally:
            realtime.end()
            passing.join()
