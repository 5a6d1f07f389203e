"""Who may come in, how many at once, and what every answer carries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from secrets import compare_digest

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from spectune.server.counts import Counts
from spectune.server.limits import Limits

PAGE = frozenset({"/", "/page.css", "/page.js", "/health"})
"""Open to everyone: they hold nothing of the model."""

PATHS = PAGE | {"/predict", "/model", "/metrics", "/openapi.json"}

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
"""Names by which a server without a token is to be called: a page elsewhere cannot borrow another for it."""

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Refusal:
    """An answer before anything was read."""

    status: int
    words: str
    headers: tuple[tuple[str, str], ...] = ()


class Gate:
    """ASGI: refuses, counts, and adds headers.

    Args:
        app: what is behind.
        token: what a request has to carry; None for a server that is reached from its own machine only.
        limits: how many predictions may be under way.
        counts: where requests are counted.
        clock: seconds.
    """

    def __init__(
        self, app: ASGIApp, token: str | None, limits: Limits, counts: Counts, clock: Callable[[], float]
    ) -> None:
        self.app, self.token, self.limits, self.counts, self.clock = app, token, limits, counts, clock
        self.under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through, or not."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope["path"], Headers(scope=scope))
        work = scope["path"] == "/predict" and refusal is None
        begun = self.clock()
        self._begin(work)
        try:
            behind = self.app if refusal is None else _answer(refusal)
            await behind(scope, receive, self._watched(scope, send))
        finally:
            self._end(work, begun)

    def _refusal(self, path: str, headers: Headers) -> Refusal | None:
        if self.token is None and _name(headers.get("host", "")) not in LOOPBACK:
            return Refusal(403, "this server answers only to the name of its own machine, such as 127.0.0.1")
        if self.token is not None and path not in PAGE and not _carries(headers, self.token):
            words = "this server needs its token, as in the header: Authorization: Bearer TOKEN"
            return Refusal(401, words, (("WWW-Authenticate", "Bearer"),))
        if path == "/predict" and self.under_way >= self.limits.requests:
            words = f"{self.under_way} predictions are under way, and no more are taken on; try again in a second"
            return Refusal(503, words, (("Retry-After", "1"),))
        return None

    def _begin(self, work: bool) -> None:
        if work:
            self.under_way += 1
            self.counts.busy.inc()

    def _end(self, work: bool, begun: float) -> None:
        if work:
            self.under_way -= 1
            self.counts.busy.dec()
            self.counts.seconds.observe(self.clock() - begun)

    def _watched(self, scope: Scope, send: Send) -> Send:
        """``send`` that adds the headers and counts the status."""
        path = scope["path"] if scope["path"] in PATHS else "other"

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
                self.counts.requests.labels(path, str(message["status"])).inc()
                if message["status"] >= 400:
                    self.counts.refused(message["status"])
            await send(message)

        return watched


def _answer(refusal: Refusal) -> ASGIApp:
    return JSONResponse({"error": refusal.words}, refusal.status, dict(refusal.headers))


def _carries(headers: Headers, token: str) -> bool:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return scheme.casefold() == "bearer" and compare_digest(given.strip().encode(), token.encode())


def _name(host: str) -> str:
    """The name in a Host header, without the port."""
    name, _, port = host.rpartition(":")
    return (name if name and port.isdecimal() else host).casefold()
