"""Faults that befall a client, chosen at random and counted."""

from collections import Counter
from collections.abc import Callable, Mapping
from io import BytesIO
from random import Random
from threading import Event, Lock, Timer
from typing import Any

from tests.client.realtime import Session
from tests.supabase.rest import Handler

BROADCASTS = {"dropped": 0.03, "doubled": 0.03, "delayed": 0.03, "reordered": 0.03}
REQUESTS = {"request lost": 0.03, "answer lost": 0.03, "answered 503": 0.03, "answered late": 0.03}


class Faults:
    """What goes wrong, until it is over. seed: of the choices."""

    def __init__(self, seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self.over = Event()
        self._random = Random(seed)
        self._lock = Lock()
        self._held: list[Callable[[], None]] = []

    def choose(self, shares: Mapping[str, float]) -> str | None:
        """Return a fault, each in its share of the cases; usually none."""
        with self._lock:
            point = self._random.random()
            for fault, share in shares.items():
                point -= share
                if point < 0 and not self.over.is_set():
                    self.counts[fault] += 1
                    return fault
        return None

    def deliver(self, session: Session, *message: Any) -> None:
        """Deliver a broadcast: or not, or twice, or late, or after the next."""

        def send() -> None:
            session.broadcast(*message)

        match self.choose(BROADCASTS):
            case "dropped":
                return
            case "delayed":
                Timer(self._random.random(), send).start()
                return
            case "reordered":
                self._held.append(send)
                return
            case "doubled":
                send()
        send()
        while self._held:
            self._held.pop()()

    def handler(self) -> type[Handler]:
        """Return PostgREST that does not do as it should."""
        faults = self

        class FaultyHandler(Handler):
            """One connection of a client."""

            def handle_request(self) -> None:
                """Answer one request: or do nothing, or do it and not say so, or late."""
                match faults.choose(REQUESTS):
                    case "request lost":
                        self.close_connection = True
                        return
                    case "answer lost":
                        connection, self.wfile = self.wfile, BytesIO()
                        super().handle_request()
                        self.wfile = connection
                        self.close_connection = True
                        return
                    case "answered 503":
                        self.rfile.read(int(self.headers.get("Content-Length") or 0))
                        self.send_response(503)
                        self.send_header("Content-Length", "0")
                        self.end_headers()
                        return
                    case "answered late":
                        faults.over.wait(0.3)
                super().handle_request()

            do_GET = do_HEAD = do_POST = do_PATCH = do_DELETE = handle_request  # noqa: N815

        return FaultyHandler
