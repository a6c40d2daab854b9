"""Answer the NATS server's question who a connecting client is."""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import psycopg
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from wedsync_realtime.errors import RunnerError
from wedsync_realtime.relay import servers
from wedsync_realtime.relay.database import Pool
from wedsync_realtime.relay.figures import Figures
from wedsync_realtime.relay.keys import Keys, read_claims
from wedsync_realtime.relay.presence import Presence
from wedsync_realtime.relay.tokens import TokenError, Verifier

PATIENCE = 45.0  # seconds for the database; the server waits for 60
PAUSE = 0.5  # seconds between attempts
UNKNOWN = "$G"  # account of whoever is not let in yet
WAYS_IN = ["STANDARD", "WEBSOCKET"]


class RefusedLoginError(Exception):
    """Somebody who is not let in; the text is the reason."""


class Logins:
    """The logins that this relay answers, each in a task of its own."""

    def __init__(
        self,
        system: Client,
        keys: Keys,
        verifier: Verifier,
        pool: Pool,
        presence: Presence,
        figures: Figures,
    ) -> None:
        self._system = system
        self._keys = keys
        self._verifier = verifier
        self._pool = pool
        self._presence = presence
        self._figures = figures
        self.tasks: set[asyncio.Task[None]] = set()

    async def begin(self) -> None:
        """Answer from now on, in turns with the other relays; raises nats.errors.Error."""
        await self._system.subscribe("$SYS.REQ.USER.AUTH", queue="relays", cb=self._take)
        self._do(self._turn_away())

    async def _take(self, request: Msg) -> None:
        self._do(self._answer(request))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _turn_away(self) -> None:
        """Have those come again whom the server asked about before there was anybody to answer."""
        with suppress(NatsError):
            early = [
                place
                async for place, client in servers.connections(self._system, UNKNOWN)
                if "authorized_user" in client and "account" not in client
            ]
            for place in early:  # afterwards, because pages are counted from the first that is open
                if not self._presence.knows(place):
                    await servers.kick(self._system, place)

    async def _answer(self, request: Msg) -> None:
        asked = read_claims(request.data)["nats"]
        place = (asked["server_id"]["id"], asked["client_info"]["id"])
        told: dict[str, Any] = {"type": "authorization_response", "version": 2}
        try:
            user = await self._admit(asked["connect_opts"], place)
            told["jwt"] = self._keys.sign(self._user(asked["user_nkey"], user))
            self._figures.admitted += 1
        except RefusedLoginError as refusal:
            self._figures.refused[str(refusal)] += 1
            told["error"] = str(refusal)
        except (psycopg.Error, RunnerError, TimeoutError) as error:
            self._figures.failed(f"A login was not answered: {error or 'no database'}")
            return
        answer = self._signed(asked["user_nkey"], place[0], told)
        with suppress(NatsError):  # the server asks anew when its client comes again
            await request.respond(answer.encode())

    async def _admit(self, options: dict[str, Any], place: tuple[str, int]) -> dict[str, Any]:
        if self._presence.knows(place):  # it would become another's, or another connection
            raise RefusedLoginError("connected already")
        try:
            claims = await self._verifier.verify(str(options.get("auth_token", "")))
            pair = UUID(claims["sub"]), UUID(options.get("name"))
        except TokenError as error:
            raise RefusedLoginError(str(error)) from None
        except (TypeError, ValueError, AttributeError):
            raise RefusedLoginError("no uuid") from None
        await self._presence.enter(place, pair)  # before it is asked what the user may hear
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    answer = await self._pool.admit(claims, pair[1])
                    break
                except psycopg.OperationalError:
                    await asyncio.sleep(PAUSE)
                except psycopg.DataError:  # no JSON of PostgreSQL's
                    self._presence.leave(place)
                    raise RefusedLoginError("claims") from None
        if not answer["success"]:
            self._presence.leave(place)
            raise RefusedLoginError(str(answer["code"]))
        if not self._presence.knows(place):
            raise RefusedLoginError("closed meanwhile")
        return {**answer, "exp": claims["exp"]}

    def _user(self, key: str, admitted: dict[str, Any]) -> dict[str, Any]:
        user = admitted["userId"]
        nats = {
            "type": "user",
            "version": 2,
            "sub": {"allow": [*admitted["subjects"], f"_INBOX.{user}.>"]},
            "pub": {"allow": [f"wedsync.rpc.{user}.>"]},
            "subs": -1,
            "data": -1,
            "payload": -1,
            "allowed_connection_types": WAYS_IN,
        }
        return self._issued(key, "APP", nats) | {"name": user, "exp": int(admitted["exp"])}

    def _signed(self, key: str, server: str, told: dict[str, Any]) -> str:
        return self._keys.sign(self._issued(key, server, told))

    def _issued(self, subject: str, audience: str, nats: dict[str, Any]) -> dict[str, Any]:
        return {
            "iss": self._keys.issuer_public,
            "sub": subject,
            "aud": audience,
            "iat": int(time.time()),
            "jti": uuid4().hex,
            "nats": nats,
        }
