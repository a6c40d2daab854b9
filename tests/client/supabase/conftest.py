"""A Supabase project, and a client of it that follows over supabase-js."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from io import BytesIO
from threading import Event
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.client.follower import Follower, Followers
from tests.client.realtime import Realtime, Session, project_server
from tests.supabase.rest import Handler
from tests.supabase.tokens import token
from tests.support import waiting
from tests.support.postgres.cluster import Cluster
from tests.support.waiting import PATIENCE

Follow = Callable[..., Follower]
Add = Callable[[str], object]


@pytest.fixture
def database(cluster: Cluster, supabase: str) -> Iterator[str]:
    with cluster.database(supabase) as url:
        yield url


class Polls:
    """Polls, whose answers wait while they are held."""

    def __init__(self) -> None:
        self.are_held = False
        self.answered = Event()
        self.let_go = Event()

    def handler(self) -> type[Handler]:
        """Return PostgREST that holds answers back."""
        polls = self

        class HoldingHandler(Handler):
            """One connection of a client."""

            def handle_request(self) -> None:
                """Answer one request, and send the answer when it may go."""
                if not (polls.are_held and self.path.endswith("/realtime_poll")):
                    return super().handle_request()
                connection, self.wfile = self.wfile, BytesIO()
                super().handle_request()
                polls.answered.set()
                polls.let_go.wait(PATIENCE)
                connection.write(self.wfile.getvalue())
                self.wfile = connection
                return None

            do_GET = do_HEAD = do_POST = do_PATCH = do_DELETE = handle_request  # noqa: N815

        return HoldingHandler


def only_session(realtime: Realtime) -> Session:
    """Return the session that has joined a channel, once what others left has been noticed."""

    def joined() -> list[Session]:
        return [each for each in realtime.sessions() if each.joined]

    waiting.until(lambda: len(joined()) == 1)
    return joined()[0]


@pytest.fixture
def polls() -> Polls:
    return Polls()


@pytest.fixture
def served(authenticator: str, database: str, polls: Polls) -> Iterator[tuple[str, Realtime]]:
    with project_server(authenticator, database, polls.handler()) as both:
        yield both


@pytest.fixture
def realtime(served: tuple[str, Realtime]) -> Realtime:
    return served[1]


@pytest.fixture
def follow(
    followers: Followers, served: tuple[str, Realtime], admin: psycopg.Connection,
    supplier: UUID, user: UUID,
) -> Iterator[Follow]:  # fmt: skip
    """Start a copy of the supplier's form responses, which hardly polls; task: the rest."""
    admin.execute(
        "update wedsync_realtime.settings set ping_interval = '12 h', stale_after = '24 h'"
    )
    with ExitStack() as stack:

        def start(more: Any = None, **task: Any) -> Follower:
            given = {
                "transport": "supabase", "url": served[0], "key": token("anon"),
                "vsn": "2.0.0", "tokens": [token("authenticated", user)],
                "filter": {"supplier_id": str(supplier)} | (more or {}),
            }  # fmt: skip
            return stack.enter_context(followers.following(**(given | task)))

        yield start
