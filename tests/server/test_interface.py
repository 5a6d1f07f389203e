"""The interface does what its page, ``/openapi.json``, says: for requests made from that page, right and wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outcomes import Wish
from served import CLASSES, NUMBER, as_text, client, made, spectra
from serving import opened
from spectune.server.app import app_of
from spectune.server.counts import REASONS
from spectune.server.sent import KINDS

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed: pip install schemathesis")

import requests  # noqa: E402
from schemathesis.generation import GenerationMode  # noqa: E402
from schemathesis.specs.openapi import checks as said  # noqa: E402

CHECKS = [
    schemathesis.checks.not_a_server_error,
    said.status_code_conformance,
    said.content_type_conformance,
    said.response_headers_conformance,
    said.response_schema_conformance,
    said.negative_data_rejection,
]
"""What an answer has to be: none of status 500 or above, and otherwise as the page says."""

PATHS = {"/": "GET", "/health": "GET", "/model": "GET", "/metrics": "GET", "/predict": "POST"}
TOKEN = "correct-horse-battery"  # noqa: S105 - of a server that lives for one test


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A file of three spectra, whole or with up to three bytes changed, or cut short."""
    text = bytearray(as_text(spectra(rows=3)))
    for at in draw(st.lists(st.integers(0, len(text) - 1), max_size=3)):
        text[at] = draw(st.integers(0, 255))
    return bytes(text[: draw(st.integers(0, len(text)) | st.just(len(text)))])


for name in ("text/csv", "application/octet-stream"):
    schemathesis.openapi.media_type(name, damaged())


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as made:
        yield made


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Where a service answers."""
    with opened(app_of(made(NUMBER)[0])) as where:
        yield where.rstrip("/")


@pytest.fixture(scope="module")
def interface(url: str) -> Any:
    """What the page of the interface says."""
    return schemathesis.openapi.from_url(f"{url}/openapi.json")


def check(answer: Any) -> None:
    """A refusal is one sentence."""
    if answer.status_code >= 400:
        told = answer.json()["error"]
        assert 10 < len(told) < 1000, told
        assert told.isprintable(), told


@pytest.mark.parametrize(
    ("path", "examples"), [("/predict", 250), ("/model", 3), ("/health", 3), ("/metrics", 3), ("/", 3)]
)
def test_requests_made_from_the_page_are_answered_as_it_says(
    path: str, examples: int, interface: Any, url: str, session: requests.Session
) -> None:
    operation = interface[path][PATHS[path]]
    seen: set[int] = set()

    @given(case=operation.as_strategy() | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    def answered(case: Any) -> None:
        answer = case.call_and_validate(base_url=url, session=session, checks=CHECKS)
        seen.add(answer.status_code)
        check(answer)

    answered()
    assert seen >= ({200, 400, 422} if path == "/predict" else {200})


@pytest.mark.parametrize("path", PATHS)
def test_another_method_is_refused_and_told_which_there_is(path: str, url: str, session: requests.Session) -> None:
    for method in ("DELETE", "PUT", "PATCH", "OPTIONS", "POST" if PATHS[path] == "GET" else "GET"):
        answer = session.request(method, url + path)
        assert (answer.status_code, answer.headers["allow"]) == (405, PATHS[path])
        check(answer)


@pytest.mark.parametrize("wish", [NUMBER, CLASSES], ids=["number", "classes"])
@pytest.mark.parametrize("query", ["", "?draw=true", "?level=0.8"])
@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
def test_predictions_have_the_entries_that_the_page_names(wish: Wish, query: str, accept: str) -> None:
    with client(wish) as asked:
        page = schemathesis.openapi.from_dict(asked.get("/openapi.json").json())
        answer = asked.post(f"/predict{query}", content=as_text(spectra(wish)), headers={"Accept": accept})
    assert answer.status_code == 200
    page["/predict"]["POST"].validate_response(answer)


def test_the_page_names_every_reason_for_a_refusal() -> None:
    named = {token: refusals(token) for token in (None, TOKEN)}
    assert named[None]["/predict"] == set(REASONS) - {401}
    assert named[TOKEN]["/predict"] == set(REASONS) - {403}
    for path in ("/model", "/metrics"):
        assert (named[None][path], named[TOKEN][path]) == ({403}, {401})
    for path in ("/", "/health"):
        assert (named[None][path], named[TOKEN][path]) == ({403}, set())


def refusals(token: str | None) -> dict[str, set[int]]:
    """Statuses from 400 on that the page names for a path."""
    with client(token=token) as asked:
        page = asked.get("/openapi.json", headers={"Authorization": f"Bearer {TOKEN}"}).json()
    named = {path: page["paths"][path][method.lower()]["responses"] for path, method in PATHS.items()}
    return {path: {int(status) for status in statuses if int(status) >= 400} for path, statuses in named.items()}


def test_the_page_says_where_a_token_is_needed() -> None:
    with client(token=TOKEN) as asked:
        page = asked.get("/openapi.json", headers={"Authorization": f"Bearer {TOKEN}"}).json()
        interface = schemathesis.openapi.from_dict(page)
        assert page["components"]["securitySchemes"] == {"token": {"type": "http", "scheme": "bearer"}}
        for path, method in PATHS.items():
            needed = path not in {"/", "/health"}
            assert ("security" in page["paths"][path][method.lower()]) == needed
            answer = asked.request(method, path)
            assert (answer.status_code == 401) == needed
            interface[path][method].validate_response(answer)


def test_the_page_names_kinds_of_bodies_and_the_range_of_a_level() -> None:
    with client() as asked:
        asked_for = asked.get("/openapi.json").json()["paths"]["/predict"]["post"]
    assert set(asked_for["requestBody"]["content"]) == {*KINDS, "application/octet-stream", "multipart/form-data"}
    level = next(one for one in asked_for["parameters"] if one["name"] == "level")["schema"]
    assert (level["exclusiveMinimum"], level["exclusiveMaximum"]) == (0, 1)
    json_body = asked_for["requestBody"]["content"]["application/json"]["schema"]
    assert set(json_body["required"]) == {"axis", "spectra"}
