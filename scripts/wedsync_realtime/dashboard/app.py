"""The routes of the dashboard: its page, its files, and the figures as JSON."""

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from wedsync_realtime import __version__
from wedsync_realtime.dashboard.guard import Guard, Keys
from wedsync_realtime.errors import RunnerError
from wedsync_realtime.monitoring import panels
from wedsync_realtime.monitoring.reader import Reader
from wedsync_realtime.monitoring.shared import HEALTH_FRESH, Shared
from wedsync_realtime.started import as_started

Endpoint = Callable[[Request], Response]

START = as_started("make dashboard")
STATIC = Path(__file__).parent / "static"


def create_app(reader: Reader, database: str, keys: Keys) -> Guard:
    """Return the application.

    database: its name for people. keys: what opens the page.
    """
    overview = Shared(lambda: panels.overview(reader))
    health = Shared(lambda: panels.health(reader), HEALTH_FRESH)

    def show_overview(request: Request) -> Response:
        about = {"database": database, "version": __version__, "start": START}
        return Json({"about": about, **overview.get(), **health.get()})

    def answer(panel: Callable[[Reader, panels.Asked], dict[str, Any]]) -> Endpoint:
        return lambda request: Json(panel(reader, request.query_params))

    app = Starlette(
        routes=[
            Route("/", lambda _: FileResponse(STATIC / "index.html")),
            Route("/api/overview", show_overview),
            Route("/api/tenants", answer(panels.tenants)),
            Route("/api/people", answer(panels.people)),
            Route("/api/leases", answer(panels.leases)),
            Route("/api/explain", answer(panels.explain)),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        exception_handlers={
            panels.BadRequestError: _show_bad_request,
            RunnerError: _show_unavailable,
            psycopg.Error: _show_refused,
        },
    )
    advice = as_started("Open the address that `make dashboard` printed.")
    return Guard(app, keys, advice)


class Json(JSONResponse):
    """Rows as JSON: times in ISO 8601, durations in seconds."""

    def render(self, content: Any) -> bytes:
        """Return the body."""
        return json.dumps(content, default=_plain, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    match value:
        case datetime() | date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Decimal():
            return float(value)
        case UUID():
            return str(value)
    raise TypeError(f"{type(value).__name__} in a row of the views")


def _show_bad_request(request: Request, error: Exception) -> Response:
    return Json({"error": str(error), "fix": "Correct what was asked for."}, 400)


def _show_unavailable(request: Request, error: Exception) -> Response:
    assert isinstance(error, RunnerError)
    return Json({"error": error.message, "fix": error.fix}, 503)


def _show_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, psycopg.Error)
    message = error.diag.message_primary or str(error).strip()
    return Json({"error": message, "fix": error.diag.message_hint or "See the server's log."}, 503)
