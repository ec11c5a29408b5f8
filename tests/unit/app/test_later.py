"""REST's routes come when they are asked for, before what would answer everything else."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Route

from app.api import later


def text(words: str) -> PlainTextResponse:
    return PlainTextResponse(words)


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many times the routes were made."""
    makings: list[int] = []

    def routes() -> list[BaseRoute]:
        makings.append(1)
        return [Route("/api/v1/me", lambda _: text("me")), Route("/api/{rest:path}", lambda _: text("nothing"))]

    monkeypatch.setattr(later, "_rest_routes", routes)
    return makings


def application() -> later.Later:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    whole = later.Later(app)
    app.router.routes.append(Route("/{rest:path}", lambda _: text("page")))
    return whole


def test_the_first_request_makes_the_routes_and_a_page_does_not(times: list[int]) -> None:
    client = TestClient(application())
    assert client.get("/round").text == "page"
    assert times == []
    assert [client.get(path).text for path in ("/api/v1/me", "/api/v1/nowhere", "/round")] == ["me", "nothing", "page"]
    assert times == [1]


def test_requests_that_come_together_wait_for_the_same_routes(times: list[int]) -> None:
    with TestClient(application()) as client, ThreadPoolExecutor(4) as people:
        assert set(people.map(lambda _: client.get("/api/v1/me").text, range(8))) == {"me"}
    assert times == [1]


def test_they_are_made_while_nobody_asks(times: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(later, "AFTER_SECONDS", 0.0)
    whole = application()
    with TestClient(whole) as client:
        while not whole.is_ready:
            assert client.get("/round").text == "page"
    assert times == [1]
