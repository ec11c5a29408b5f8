"""A server that has just started: it answers at once, and makes Gradio's pages meanwhile.

Importing Gradio and the services behind 27 pages takes two seconds. Signing in, Rondo's own files and what a machine
asks need none of it. The start page is made first and its document sent. Whatever else is asked for waits until all is
there, the start page's own events too: a component that a listener makes would get in among those being made.
"""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Protocol

import anyio
from fastapi import FastAPI, Request, Response
from starlette.types import Receive, Scope, Send

from app import html
from app.api.later import Later
from app.guard import error
from backend.translations import gettext

log = logging.getLogger("rondo.app")

AT_ONCE = ("/healthz", "/readyz", "/favicon.ico", "/login", "/logout", "/welcome", "/static/")
"""What imports nothing more: two threads that import the same at once wait for each other, or get half of it."""
WITH_START_PAGE = ("/assets/", "/theme.css")
QUIET_SECONDS, LOOK_SECONDS, LONGEST_PAUSE_SECONDS = 0.15, 0.03, 1.0
"""With the start page made, the others are begun once so long nothing was on its way."""
OPENING = "The pages are still being made. Ask again in a moment."
FAILED = "The pages cannot be made, so this server ends; its log says why. Mend that, then start it again."
NO_WORKER = (
    "The embedded worker cannot be started, so this server ends; its log says why. Mend that, then start it again."
)
ENDING = "This server ends. Ask again once it was started again."
WAITING = "Waiting for the pages that are being made: some seconds, and the server ends."
RETRY_SECONDS = 10

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


class Making(Protocol):
    """What makes the rest of the application, in a thread of its own."""

    def begin(self) -> None:
        """Add the start page, and a lifespan for Gradio."""

    def complete(self, is_ending: Callable[[], bool]) -> None:
        """Add everything else, or stop early once the server ends."""


class Opening:
    """The application while it is made, and after; REST comes last.

    `when_whole` is called once all is made; `when_failed` where it cannot be, with what was raised in `failure`.
    """

    def __init__(self, app: FastAPI, rest: Later, making: Making, worker: Lifespan | None) -> None:
        self.app, self.rest, self.making, self.worker = app, rest, making, worker
        self.failure: Exception | None = None
        self.when_whole: Callable[[], None] = lambda: None
        self.when_failed: Callable[[], None] = lambda: None
        self._refusal: str | None = None
        self._has_start_page, self._is_whole, self._closing = anyio.Event(), anyio.Event(), anyio.Event()
        self._on_their_way = 0
        rest.after = self._is_whole
        app.state.opening = [OPENING]
        app.router.lifespan_context = self._lifespan

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "http" and not path.startswith(AT_ONCE):
            needed = self._has_start_page if path == "/" or path.startswith(WITH_START_PAGE) else self._is_whole
            await needed.wait()
            if self._refusal is not None:
                return await refused(Request(scope), self._refusal)(scope, receive, send)
        self._on_their_way += 1
        try:
            await self.rest(scope, receive, send)
        finally:
            self._on_their_way -= 1

    def close(self) -> None:
        """Begin nothing more, and let nobody wait for what is not there yet."""
        if not self._closing.is_set() and self.app.state.opening == [OPENING]:
            log.info("%s", WAITING)
        self._closing.set()
        if not self._is_whole.is_set():
            self._refuse(ENDING)

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._open)
            try:
                yield
            finally:
                self.close()

    async def _open(self) -> None:
        """Make everything, then run what runs beside it until the server ends. Raises nothing."""
        try:
            async with AsyncExitStack() as running:
                await self._make(running)
                if self.worker is not None and not self._closing.is_set():
                    await running.enter_async_context(self.worker(self.app))
                if self._refusal is None:
                    self.app.state.opening = []
                await self._closing.wait()
        except Exception as failure:
            if self._closing.is_set():
                log.exception("The end of the server did not go well")
            else:
                self._fail(failure)

    async def _make(self, running: AsyncExitStack) -> None:
        """Make the pages, in two steps; none that the server ended before."""
        self.app.router.lifespan_context = _nothing  # the application's own is this, under way
        await anyio.to_thread.run_sync(self.making.begin)
        await running.enter_async_context(self.app.router.lifespan_context(self.app))
        self._has_start_page.set()
        await self._pause()
        if not self._closing.is_set():
            await anyio.to_thread.run_sync(self.making.complete, self._closing.is_set)
        if not self._closing.is_set():
            self.when_whole()
            self._is_whole.set()

    def _fail(self, failure: Exception) -> None:
        """Say why, and have the server ended. Pages that are there are answered until then."""
        sentence = NO_WORKER if self._is_whole.is_set() else FAILED
        log.error("%s", sentence, exc_info=failure)
        self.failure = failure
        self.app.state.opening = [sentence]
        if not self._is_whole.is_set():
            self._refuse(sentence)
        self.when_failed()

    def _refuse(self, sentence: str) -> None:
        self._refusal = sentence
        self._has_start_page.set()
        self._is_whole.set()

    async def _pause(self) -> None:
        """Leave the processor to whoever waited for the start page until it is painted."""
        quiet, lifespan = 0.0, 1  # which is on its way all the time
        with anyio.move_on_after(LONGEST_PAUSE_SECONDS):
            while quiet < QUIET_SECONDS and not self._closing.is_set():
                await anyio.sleep(LOOK_SECONDS)
                quiet = 0.0 if self._on_their_way > lifespan else quiet + LOOK_SECONDS


@asynccontextmanager
async def _nothing(_app: FastAPI) -> AsyncIterator[None]:
    yield


def refused(request: Request, sentence: str) -> Response:
    """The answer to who waited for nothing: a page where one was asked for."""
    if "text/html" not in request.headers.get("accept", ""):
        return error(503, "InternalError", sentence, retry_after=RETRY_SECONDS)
    page = html.page(request, "base", title=gettext("This page is not there"), status=503, problem=sentence)
    page.headers["Retry-After"] = str(RETRY_SECONDS)
    return page
