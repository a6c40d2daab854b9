"""Let in nobody but the person who was given the address.

The server listens on loopback, which every user of the machine and every page in the browser can
reach. So the address carries a random token, which the browser gets back as a cookie; a Host that
is not this machine is a foreign name that was pointed here (DNS rebinding); and what another page
asks for is refused whatever cookie the browser adds.
"""

import hmac
import secrets
from dataclasses import dataclass, field

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
PAGE = "/"
TOKEN = "token"  # in the query of the address
READ_ONLY = frozenset({"GET", "HEAD"})

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' {reaches}; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True)
class Keys:
    """What opens the page: the token of the address, and the cookie that takes its place.

    port: cookies are shared by all ports of a host, so that each dashboard names its own.
    """

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    session: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    @property
    def cookie(self) -> str:
        """Return the name of the cookie."""
        return f"wedsync_realtime_{self.port}"

    @property
    def address(self) -> str:
        """Return the address that opens the page."""
        return f"http://127.0.0.1:{self.port}{PAGE}?{TOKEN}={self.token}"


class Guard:
    """The application behind its door (ASGI): refuses with 403, and adds headers to all answers.

    advice: to whom comes without the address. reaches: where else the page may connect to.
    """

    def __init__(
        self,
        app: ASGIApp,
        keys: Keys,
        advice: str,
        *,
        methods: frozenset[str] = READ_ONLY,
        reaches: str = "",
    ) -> None:
        self._app = app
        self._keys = keys
        self._advice = advice
        self._methods = methods
        self._headers = {"Content-Security-Policy": _POLICY.format(reaches=reaches)} | HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        given = request.query_params.get(TOKEN) if request.url.path == PAGE else None

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                if given is not None and message["status"] == 200:
                    headers.append("Set-Cookie", self._set_cookie())
            await send(message)

        reason = self._objection(request, given)
        answer = PlainTextResponse(f"{reason}\n", 403) if reason else self._app
        await answer(scope, receive, send_guarded)

    def _objection(self, request: Request, given: str | None) -> str | None:
        """Say why a request is refused; None lets it in."""
        host = request.headers.get("host", "").lower()
        if host.rpartition(":")[0] not in HOSTS and host not in HOSTS:
            return "This page answers to 127.0.0.1 and localhost only."
        if request.method not in self._methods:
            return "This page is read-only."
        if request.headers.get("origin", f"http://{host}") != f"http://{host}":
            return "Another page asked for this."
        # Absent in old browsers and in programs; "none" is an address typed or clicked elsewhere.
        asked_by = request.headers.get("sec-fetch-site", "none")
        if asked_by not in ("none", "same-origin") and request.url.path != PAGE:
            return "Another page asked for this."
        if given is not None:
            is_known = _equal(given, self._keys.token)
        else:
            is_known = _equal(request.cookies.get(self._keys.cookie, ""), self._keys.session)
        return None if is_known else self._advice

    def _set_cookie(self) -> str:
        return f"{self._keys.cookie}={self._keys.session}; Path=/; HttpOnly; SameSite=Strict"


def _equal(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
