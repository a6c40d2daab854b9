"""The page's server: an application as small as can be, which acts as the user of a token."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import jwt
import psycopg
from psycopg.types.json import Jsonb
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from wedsync_realtime.connection import server
from wedsync_realtime.demo.script import STATIC
from wedsync_realtime.demo.wedding import ALGORITHM

DETAILS = ("guests", "menu", "first_dance")

_ACT = (
    "select pg_catalog.set_config('role', 'authenticated', true),"
    " pg_catalog.set_config('request.jwt.claims', %s, true)"
)
_READ = "select pg_catalog.to_jsonb(w) from public.wedding_details as w"
_SAVE = (
    "update public.wedding_details set wedding_date = nullif(%(wedding_date)s, '')::date,"
    " venue = %(venue)s, details = %(details)s"
)
_UNLINK = "delete from public.clients where supplier_id = %s"
# nobody writes couple_id as a user: it is what opens a wedding to a supplier
_LINK = (
    "insert into public.clients (supplier_id, couple_id)"
    " select %s, p.couple_id from public.user_profiles as p"
    " where p.id = %s and p.couple_id is not null"
)


def create_app(url: str, secret: str, told: dict[str, Any], script: bytes) -> Starlette:
    """Return the application. url: of the database. told: what the page has to know at first."""

    def claims_of(request: Request) -> dict[str, Any]:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        claims: dict[str, Any] = jwt.decode(
            token, secret, algorithms=[ALGORITHM], options={"require": ["exp", "sub"]}
        )
        return claims

    @contextmanager
    def acting(request: Request) -> Iterator[psycopg.Connection[Any]]:
        """Open a transaction as the user of a request's token."""
        claims = json.dumps(claims_of(request))
        with server.connect(url) as connection, connection.transaction():
            connection.execute(_ACT, (claims,))
            yield connection

    def read_wedding(request: Request) -> Response:
        with acting(request) as connection:
            return JSONResponse([row for (row,) in connection.execute(_READ)])

    def save_wedding(request: Request, form: dict[str, str]) -> Response:
        details = Jsonb({name: form.get(name, "") for name in DETAILS})
        values = {"wedding_date": form.get("wedding_date"), "venue": form.get("venue")}
        with acting(request) as connection:
            connection.execute(_SAVE, values | {"details": details})
        return Response(status_code=204)

    async def take_wedding(request: Request) -> Response:
        return await run_in_threadpool(save_wedding, request, dict(await request.json()))

    def unlink(request: Request) -> Response:
        with acting(request) as connection:
            connection.execute(_UNLINK, (request.path_params["supplier"],))
        return Response(status_code=204)

    def link(request: Request) -> Response:
        user = UUID(claims_of(request)["sub"])
        with server.connect(url) as connection:
            connection.execute(_LINK, (request.path_params["supplier"], user))
        return Response(status_code=204)

    return Starlette(
        routes=[
            _file("/", "index.html"),
            _file("/style.css", "style.css"),
            _file("/icon.svg", "icon.svg"),
            Route("/page.js", lambda _: Response(script, media_type="text/javascript")),
            Route("/cast", lambda _: JSONResponse(told)),
            Route("/wedding", read_wedding),
            Route("/wedding", take_wedding, methods=["PUT"]),
            Route("/suppliers/{supplier:uuid}", unlink, methods=["DELETE"]),
            Route("/suppliers/{supplier:uuid}", link, methods=["PUT"]),
        ],
        exception_handlers={
            jwt.PyJWTError: _answer(401),
            psycopg.errors.InsufficientPrivilege: _answer(403),
            psycopg.DataError: _answer(400),
            ValueError: _answer(400),
        },
    )


def _file(path: str, name: str) -> Route:
    return Route(path, lambda _: FileResponse(STATIC / name))


def _answer(status: int) -> Callable[[Request, Exception], Response]:
    return lambda request, error: JSONResponse({"error": str(error)}, status)
