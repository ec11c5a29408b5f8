"""A server answers before its pages are there, and ends where they cannot be made."""

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app import monitoring, opening, pages, signin
from app.api import later
from backend.services.operations import readiness
from tests.waiting import PATIENCE, until


class Steps:
    """Makes two pages, each when it may; or does not."""

    def __init__(self, app: FastAPI) -> None:
        self.app, self.may_begin, self.may_complete = app, threading.Event(), threading.Event()
        self.fault: Exception | None = None
        self.worker_fault: Exception | None = None
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

    def complete(self, is_ending: Callable[[], bool]) -> None:
        while not self.may_complete.wait(0.01):
            if is_ending():
                self.running.append("nothing more")
                return
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
        if self.worker_fault is not None:
            raise self.worker_fault
        async with self.runs("worker"):
            yield

    @contextmanager
    def served(self, whole: opening.Opening) -> Iterator[TestClient]:
        """While it runs. Whatever a test finds wrong, the making ends: the application waits for it."""
        with TestClient(whole) as client:
            try:
                yield client
            finally:
                self.may_begin.set()


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    monkeypatch.setattr(opening, "LONGEST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(later, "_rest_routes", list)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.add_api_route("/login", lambda: "door")
    app.include_router(monitoring.router(with_worker=False))
    return Steps(app)


def opened(steps: Steps) -> opening.Opening:
    return opening.Opening(steps.app, later.Later(steps.app), steps, steps.worker)


def asked(client: TestClient, path: str, answers: dict[str, str]) -> threading.Thread:
    thread = threading.Thread(target=lambda: answers.update({path: client.get(path).text}))
    thread.start()
    return thread


def test_each_request_is_answered_as_soon_as_it_can_be(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: dict[str, str] = {}
    come: list[str] = []
    whole = opened(steps)
    answer = whole.__call__

    async def noted(_whole: opening.Opening, scope: Scope, receive: Receive, send: Send) -> None:
        come.append(scope.get("path", ""))
        await answer(scope, receive, send)

    monkeypatch.setattr(opening.Opening, "__call__", noted)
    with steps.served(whole) as client:
        assert client.get("/login").json() == "door"
        assert client.get("/healthz").text == "ok"
        assert opening.OPENING in client.get("/readyz").json()["problems"]
        waiting = [asked(client, path, answers) for path in ("/", "/round")]
        until(lambda: {"/", "/round"} <= set(come), "the requests")
        assert answers == {}
        steps.may_begin.set()
        until(lambda: answers == {"/": "start page"}, "the start page alone")
        assert steps.running == ["pages"]
        steps.may_complete.set()
        for thread in waiting:
            thread.join(PATIENCE)
        assert answers["/round"] == "page"
        until(lambda: opening.OPENING not in client.get("/readyz").json()["problems"], "the whole")
        assert steps.running == ["pages", "worker"]
    assert steps.running == ["pages", "worker", "no worker", "no pages"]


def test_pages_that_cannot_be_made_end_the_server(steps: Steps, caplog: pytest.LogCaptureFixture) -> None:
    steps.fault = ImportError("no such library")
    failed = threading.Event()
    whole = opened(steps)
    whole.when_failed = failed.set
    steps.may_begin.set()
    steps.may_complete.set()
    with steps.served(whole) as client:
        until(failed.is_set, "the failure")
        assert whole.failure is steps.fault
        assert "no such library" in caplog.text
        answer = client.get("/round")
        assert (answer.status_code, answer.json()["error"]["message"]) == (503, opening.FAILED)
        page = client.get("/round", headers={"accept": "text/html"})
        assert (page.status_code, page.headers["retry-after"]) == (503, answer.headers["retry-after"])
        assert opening.FAILED in page.text
        assert opening.FAILED in client.get("/readyz").json()["problems"]
        assert client.get("/healthz").text == "ok"
    assert steps.running == ["pages", "no pages"]


def test_a_worker_that_cannot_be_started_ends_the_server_and_no_page_before(
    steps: Steps, caplog: pytest.LogCaptureFixture
) -> None:
    steps.worker_fault = RuntimeError("the database is busy")
    failed = threading.Event()
    whole = opened(steps)
    whole.when_failed = failed.set
    steps.may_begin.set()
    steps.may_complete.set()
    with steps.served(whole) as client:
        until(failed.is_set, "the failure")
        assert "the database is busy" in caplog.text
        assert client.get("/round").text == "page"
        assert opening.NO_WORKER in client.get("/readyz").json()["problems"]
    assert whole.failure is steps.worker_fault


def test_an_end_in_the_middle_of_a_start_waits_for_nothing(steps: Steps) -> None:
    whole = opened(steps)
    calls: list[str] = []
    whole.when_whole = lambda: calls.append("whole")
    answers: dict[str, str] = {}
    steps.may_begin.set()
    with steps.served(whole) as client:
        assert client.get("/").text == "start page"
        waiting = asked(client, "/round", answers)
        assert client.portal is not None
        client.portal.call(whole.close)
        waiting.join(PATIENCE)
        assert opening.ENDING in answers["/round"]
        until(lambda: "nothing more" in steps.running, "the end of the making")
    assert steps.running == ["pages", "nothing more", "no pages"]
    assert (whole.failure, calls) == (None, [])


def test_all_of_the_doors_open_at_once() -> None:
    for route in signin.router.routes:
        assert isinstance(route, APIRoute)
        assert route.path.startswith(opening.AT_ONCE), route.path


def test_readiness_tells_of_no_worker_that_is_still_to_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "problems", lambda *, with_worker: [readiness.IDLE] if with_worker else [])
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(monitoring.router(with_worker=True))
    client = TestClient(app)
    assert client.get("/readyz").json()["problems"] == [readiness.IDLE]
    app.state.opening = [opening.OPENING]
    assert client.get("/readyz").json()["problems"] == [opening.OPENING]


def test_the_pages_are_what_their_list_says() -> None:
    for page in pages.PAGES:
        module = import_module(page.__name__)
        names = (module.TITLE, module.PATH, getattr(module, "MENU", ""))
        assert names == (page.TITLE, page.PATH, page.MENU), page.__name__
