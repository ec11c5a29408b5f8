"""REST's routes come when they are asked for, before what would answer everything else."""

import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import BaseRoute, Route

from app import gradio_pages, web
from app.api import later
from tests.event_loops import run_alone
from tests.waiting import until


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


def application(lifespan: Any = None) -> later.Later:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan)
    whole = later.Later(app)
    app.router.routes.append(Route("/document", lambda _: HTMLResponse("<p>")))
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
    monkeypatch.setattr(later, "QUIET_SECONDS", 0.05)
    whole = application()
    with TestClient(whole) as client:
        assert client.get("/round").text == "page"
        time.sleep(0.3)
        assert times == [], "no document was asked for yet"
        client.get("/document")
        until(lambda: whole.is_ready, "the making of the routes")
    assert times == [1]


def test_they_are_made_in_the_end_where_nobody_comes(times: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(later, "LATEST_SECONDS", 0.0)
    whole = application()
    with TestClient(whole):
        until(lambda: whole.is_ready, "the making of the routes")
    assert times == [1]


def test_what_cannot_be_made_ends_nothing_and_is_tried_again(
    times: list[int], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(later, "LATEST_SECONDS", 0.0)
    makes = later._rest_routes

    def broken() -> list[BaseRoute]:
        raise ImportError("no such library")

    monkeypatch.setattr(later, "_rest_routes", broken)
    ended: list[str] = []

    @asynccontextmanager
    async def worker(_app: FastAPI) -> AsyncIterator[None]:
        yield
        ended.append("as it should")

    whole = application(worker)
    with TestClient(whole) as client:
        until(lambda: "could not be made" in caplog.text, "the failure")
        assert "no such library" in caplog.text
        answer = client.get("/api/v1/me")
        assert (answer.status_code, answer.json()["error"]["type"]) == (500, "InternalError")
        assert client.get("/round").text == "page"
        assert whole.app.state.missing == [later.FAILED]
        assert ended == []
        monkeypatch.setattr(later, "_rest_routes", makes)
        assert client.get("/api/v1/me").text == "me"
        assert whole.app.state.missing == []
    assert (times, ended) == ([1], ["as it should"])


def test_they_are_made_once_nothing_else_is_under_way(times: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(later, "QUIET_SECONDS", 0.05)
    tried: list[int] = []
    whole = application()
    whole.is_held, whole.when_tried = True, lambda: tried.append(len(times))
    with TestClient(whole) as client:
        client.get("/document")
        time.sleep(0.3)
        assert (times, tried) == ([], [])
        whole.is_held = False
        until(lambda: bool(tried), "the making of the routes")
    assert tried == [1]


def test_both_builds_answer_the_same_at_the_same_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradio_pages, "mount", lambda _: None)
    monkeypatch.setattr(gradio_pages, "begin", lambda _: None)
    monkeypatch.setattr(gradio_pages, "complete", lambda _: None)
    at_once = web.create_app(with_worker=False).app
    _, opening = web.open_app(with_worker=False)
    opening.making.begin()
    opening.making.complete()
    run_alone(opening.rest.ready())
    assert [places(route) for route in opening.app.routes] == [places(route) for route in at_once.routes]
    assert opening.app.openapi() == at_once.openapi()


def places(route: Any) -> tuple[Any, ...]:
    """What a route answers."""
    methods = getattr(route, "methods", None)
    return type(route), getattr(route, "path", ""), getattr(route, "name", ""), sorted(methods or ())
