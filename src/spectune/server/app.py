"""The web application: what is answered at which path."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from importlib.resources import files
from time import perf_counter
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from fastapi.security import HTTPBearer
from pydantic.json_schema import SkipJsonSchema
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from spectune.errors import ReadError, SpectuneError
from spectune.predictions import Predictions
from spectune.server import described
from spectune.server.answers import as_csv, as_json, drawing
from spectune.server.counts import Counts
from spectune.server.desk import Desk
from spectune.server.engine import Ready, predictions, ready
from spectune.server.gate import Gate
from spectune.server.limits import Limits, busy, check_length, received
from spectune.server.sent import LONGEST, Asked, table_in
from spectune.server.service import Service
from spectune.spectra.axis import Unit
from spectune.spectra.table import Signal, Table

Nothing = SkipJsonSchema[None]
UnitAsked = Annotated[Unit | Nothing, Query(description="Unit of the axis, where the spectra do not tell.")]
SignalAsked = Annotated[Signal | Nothing, Query(description="Kind of signal, where its values do not tell.")]
Level = Annotated[
    float | Nothing,
    Query(
        description="How often intervals, or sets, are to hold the true value; 0.9 where nothing is said. The more "
        "often, the more calibration samples the model needs to have.",
        json_schema_extra={"exclusiveMinimum": 0, "exclusiveMaximum": 1},
    ),
]
Draw = Annotated[bool, Query(description="Whether JSON is to hold a few spectra with few points, to be drawn.")]

_QUIET: Any = dict.fromkeys(("tracing", "metrics", "logs", "operation_spans", "auto_configure"), False)
_KINDS_OF_PAGE = {"page.css": "text/css", "page.js": "text/javascript"}


@dataclass(frozen=True, eq=False)
class Staff:
    """Who works for a service while it is open: one thread reads, one predicts."""

    service: Service
    desk: Desk
    counts: Counts
    reader: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "reading"))

    async def predicted(self, body: bytes, kind: str, asked: Asked, level: float | None) -> tuple[Table, Predictions]:
        """The spectra in a body, and their predictions.

        Raises:
            SpectuneError: spectra that cannot be read or predicted.
            HTTPException: too many, of a kind that is not taken, or too slow.
        """
        loop, limits = asyncio.get_running_loop(), self.service.limits
        try:
            async with asyncio.timeout(limits.seconds):
                known = await loop.run_in_executor(self.reader, self._ready, body, kind, asked)
                made = await self.desk.ask(known, level)
        except TimeoutError:
            raise busy(f"there was no answer within {limits.seconds:g} seconds; send fewer spectra") from None
        self.counts.rows.inc(len(known))
        self.counts.flagged.inc(sum(map(bool, made.flags or ())))
        return known.table, made

    def _ready(self, body: bytes, kind: str, asked: Asked) -> Ready:
        own, service = self.service.asked, self.service
        over = Asked(asked.unit or own.unit, asked.signal or own.signal)
        return ready(service.model, table_in(body, kind, over, service.limits))


def app_of(service: Service, token: str | None = None) -> FastAPI:
    """The application of a service; with a token, who asks has to carry it."""
    counts = Counts()
    desk = Desk(partial(predictions, service.model, service.engine), service.limits.together)
    staff = Staff(service, desk, counts)

    @asynccontextmanager
    async def open_hours(_: FastAPI) -> AsyncIterator[None]:
        work = asyncio.create_task(desk.work())
        yield
        work.cancel()
        desk.close()
        staff.reader.shutdown(wait=False)

    app = FastAPI(
        title=f"Predictions of {service.model.task.target}",
        description=described.summary(service.model),
        version=version("spectune"),
        docs_url=None,
        redoc_url=None,
        lifespan=open_hours,
        telemetry=_QUIET,
        generate_unique_id_function=lambda route: route.name,
    )
    app.add_middleware(Gate, token=token, limits=service.limits, counts=counts, clock=perf_counter)
    _refusals(app)
    public, private = _doors(service.limits, token is not None)
    _page(public)
    _facts(public, private, service, counts)
    _predict(private, staff)
    app.include_router(public)
    app.include_router(private)
    return app


def _doors(limits: Limits, token: bool) -> tuple[APIRouter, APIRouter]:
    """Where everyone may ask, and where a token is needed if there is one, as the page of the interface tells it.

    Whom ``Gate`` lets in does not depend on it.
    """
    if not token:
        foreign = described.refusals(limits, 403)
        return APIRouter(responses=foreign), APIRouter(responses=foreign)
    bearer = HTTPBearer(auto_error=False, scheme_name="token")
    return APIRouter(), APIRouter(dependencies=[Depends(bearer)], responses=described.refusals(limits, 401))


def _predict(private: APIRouter, staff: Staff) -> None:
    service = staff.service
    refused = described.refusals(service.limits, 400, 408, 413, 415, 422, 503)

    @private.post("/predict", openapi_extra=described.body(), responses=described.predicted(service.model) | refused)
    async def predict(
        request: Request, unit: UnitAsked = None, signal: SignalAsked = None, level: Level = None, draw: Draw = False
    ) -> Response:
        """Predictions of spectra: JSON, or CSV where it is accepted and JSON is not."""
        check_length(request.headers.get("content-length"), service.limits)
        body = await received(request.stream(), service.limits)
        kind = request.headers.get("content-type", "")
        table, made = await staff.predicted(body, kind, Asked(unit, signal), level)
        if wants_csv(request.headers.get("accept", "")):
            return Response(as_csv(made), media_type="text/csv")
        told = as_json(made, service.model.task, table.notes)
        return JSONResponse(told | ({"drawing": drawing(table, made.flags)} if draw else {}))


def _facts(public: APIRouter, private: APIRouter, service: Service, counts: Counts) -> None:
    @private.get("/model", responses=described.model())
    async def model() -> JSONResponse:
        """What is served: axis, unit, target, scores, versions, limits."""
        return JSONResponse(dict(service.about))

    @public.get("/health", responses=described.health())
    async def health() -> JSONResponse:
        """Whether this server answers."""
        return JSONResponse({"status": "ok"})

    @private.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """What was counted, for Prometheus."""
        return Response(counts.text(), media_type="text/plain; version=0.0.4")


def _page(public: APIRouter) -> None:
    folder = files("spectune.server").joinpath("page")

    def add(path: str, name: str, kind: str, shown: bool = False) -> None:
        content = folder.joinpath(name).read_text(encoding="utf-8")

        async def page() -> Response:
            """A page to drop files on."""
            return Response(content, media_type=kind)

        public.add_api_route(path, page, include_in_schema=shown, response_class=HTMLResponse)

    add("/", "index.html", "text/html", shown=True)
    for name, kind in _KINDS_OF_PAGE.items():
        add(f"/{name}", name, kind)


def _refusals(app: FastAPI) -> None:
    """One sentence for everything that is refused, as the command line would say it."""

    @app.exception_handler(SpectuneError)
    async def unusable(_: Request, error: Exception) -> Response:
        return JSONResponse({"error": str(error)}, 400 if isinstance(error, ReadError) else 422)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: Any) -> Response:
        words = error.detail
        if error.status_code in (404, 405):
            words = f"there is no {request.method} {request.url.path} here; what there is stands in /openapi.json"
        return JSONResponse({"error": words}, error.status_code, error.headers)

    @app.exception_handler(RequestValidationError)
    async def senseless(_: Request, error: Any) -> Response:
        first = error.errors()[0]
        told = f"{first['loc'][1]}: {first['msg'].lower()}, got {first['input']!r}"
        return JSONResponse({"error": told[:LONGEST]}, 422)

    @app.exception_handler(ClientDisconnect)
    async def gone(_: Request, __: Exception) -> Response:
        return Response(status_code=400)


def wants_csv(accept: str) -> bool:
    """Whether CSV is to be sent: it is accepted by name, and JSON is not.

    >>> wants_csv("text/csv"), wants_csv("*/*"), wants_csv("application/json, text/csv;q=0.5")
    (True, False, False)
    """
    kinds = {part.partition(";")[0].strip().casefold() for part in accept.split(",")}
    return "text/csv" in kinds and "application/json" not in kinds
