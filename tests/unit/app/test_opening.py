"""A server answers before its pages are there, and ends where they cannot be made."""

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib import import_module

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from app import monitoring, opening, pages
from app.api import later
from tests.waiting import until


class Steps:
    """Makes two pages, each when it may; or does not."""

    def __init__(self, app: FastAPI) -> None:
        self.app, self.may_begin, self.may_complete = app, threading.Event(), threading.Event()
        self.fault: Exception | None = None
        self.running: list[str] = []

    def begin(self) -> None:
        self.may_begin.wait()
        around = self.app.router.lifespan_context

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            async with around(app), self.runs("pages"):
                yield

        self.app.router.lifespan_context = lifespan
        self.app.router.routes.append(Route("/", lambda _: PlainTextResponse("start page")))

    def complete(self) -> None:
        self.may_complete.wait()
        if self.fault is not None:
            raise self.fault
        self.app.router.routes.append(Route("/{rest:path}", lambda _: PlainTextResponse("page")))

    @asynccontextmanager
    async def runs(self, name: str) -> AsyncIterator[None]:
        self.running.append(name)
        try:
            yield
        finally:
            self.running.append(f"no {name}")

    @asynccontextmanager
    async def worker(self, _app: FastAPI) -> AsyncIterator[None]:
        async with self.runs("worker"):
            yield


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[Steps]:
    monkeypatch.setattr(later, "_rest_routes", list)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.add_api_route("/login", lambda: "door")
    app.include_router(monitoring.router(with_worker=False))
    result = Steps(app)
    yield result
    result.may_begin.set()
    result.may_complete.set()


def opened(steps: Steps) -> opening.Opening:
    return opening.Opening(steps.app, later.Later(steps.app), steps, steps.worker)


def asked(client: TestClient, path: str, answers: dict[str, str]) -> threading.Thread:
    thread = threading.Thread(target=lambda: answers.update({path: client.get(path).text}))
    thread.start()
    return thread


def test_each_request_is_answered_as_soon_as_it_can_be(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "LONGEST_PAUSE_SECONDS", 0.0)
    answers: dict[str, str] = {}
    with TestClient(opened(steps)) as client:
        assert client.get("/login").json() == "door"
        assert client.get("/healthz").text == "ok"
        assert opening.OPENING in client.get("/readyz").json()["problems"]
        waiting = [asked(client, path, answers) for path in ("/", "/round")]
        assert answers == {}
        steps.may_begin.set()
        until(lambda: answers == {"/": "start page"}, "the start page alone")
        assert steps.running == ["pages"]
        steps.may_complete.set()
        for thread in waiting:
            thread.join()
        assert answers["/round"] == "page"
        until(lambda: opening.OPENING not in client.get("/readyz").json()["problems"], "the whole")
        assert steps.running == ["pages", "worker"]
    assert steps.running == ["pages", "worker", "no worker", "no pages"]


def test_pages_that_cannot_be_made_end_the_server(steps: Steps) -> None:
    steps.fault = ImportError("no such library")
    failed = threading.Event()
    whole = opened(steps)
    whole.when_failed = failed.set
    steps.may_begin.set()
    steps.may_complete.set()
    with TestClient(whole) as client:
        until(failed.is_set, "the failure")
        assert whole.failure is steps.fault
        answer = client.get("/round")
        assert (answer.status_code, answer.json()["error"]["message"]) == (503, opening.FAILED)
        assert opening.FAILED in client.get("/readyz").json()["problems"]
        assert client.get("/healthz").text == "ok"
    assert steps.running == ["pages", "no pages"]


def test_the_pages_are_what_their_list_says() -> None:
    for page in pages.PAGES:
        module = import_module(page.__name__)
        names = (module.TITLE, module.PATH, getattr(module, "MENU", ""))
        assert names == (page.TITLE, page.PATH, page.MENU), page.__name__
