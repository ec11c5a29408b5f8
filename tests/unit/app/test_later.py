"""REST's routes come when they are asked for, before what would answer everything else."""

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import BaseRoute, Route

from app import gradio_pages, web
from app.api import later, routes
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


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How often it was looked whether nothing is on its way. Enough looks make a second, however long they take."""
    taken: list[float] = []

    async def sleep(seconds: float) -> None:
        taken.append(seconds)
        await anyio.sleep(0)

    monkeypatch.setattr(later, "sleep", sleep)
    return taken


ENOUGH = 3 * round(later.QUIET_SECONDS / later.LOOK_SECONDS)


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


def test_they_are_made_while_nobody_asks(times: list[int], looks: list[float]) -> None:
    whole = application()
    with TestClient(whole) as client:
        assert client.get("/round").text == "page"
        until(lambda: len(looks) > ENOUGH, "the looks")
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


def test_nothing_is_made_nor_timed_before_what_it_comes_after(
    times: list[int], looks: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(later, "LATEST_SECONDS", 0.0)
    tried: list[int] = []
    whole = application()
    whole.after, whole.when_tried = anyio.Event(), lambda: tried.append(len(times))
    with TestClient(whole) as client:
        for _ in range(5):
            client.get("/document")
        assert (times, tried, looks) == ([], [], [])
        assert client.portal is not None
        client.portal.call(whole.after.set)
        until(lambda: bool(tried), "the making of the routes")
    assert tried == [1]


def test_both_builds_answer_the_same_at_the_same_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradio_pages, "mount", lambda _: None)
    monkeypatch.setattr(gradio_pages, "begin", lambda _: None)
    monkeypatch.setattr(gradio_pages, "complete", lambda *_: None)
    at_once = web.create_app(with_worker=False).app
    _, opening = web.open_app(with_worker=False)
    opening.making.begin()
    opening.making.complete(lambda: False)
    run_alone(opening.rest.ready())
    assert [places(route) for route in opening.app.routes] == [places(route) for route in at_once.routes]
    assert opening.app.openapi() == at_once.openapi()


def test_what_is_asked_with_every_key_is_found_first_and_described_in_its_place() -> None:
    listed: list[Any] = routes.rest_routes()
    asked_most = ["/api/v1/rounds/{round_id}/review/claims", "/api/v1/rounds/{round_id}/decisions"]
    assert [(route.path, route.methods) for route in listed[:2]] == [(path, {"POST"}) for path in asked_most]
    described = [route.path for route in listed if route.include_in_schema]
    assert [described.count(path) for path in asked_most] == [1, 1]
    assert described.index("/api/v1/rounds/{round_id}/review") < described.index(asked_most[0])


def places(route: Any) -> tuple[Any, ...]:
    """What a route answers."""
    methods = getattr(route, "methods", None)
    return type(route), getattr(route, "path", ""), getattr(route, "name", ""), sorted(methods or ())
