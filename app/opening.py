"""A server that has just started: it answers at once, and makes Gradio's pages meanwhile.

Importing Gradio and the services behind 27 pages takes two seconds. Signing in, Rondo's own files and what a machine
asks need none of it. The start page is made first and its document sent. Whatever else is asked for waits until all is
there, the start page's own events too: a component that a listener makes would get in among those being made.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Protocol

import anyio
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from app.api.later import Later
from app.guard import MONITORED, error

AT_ONCE = (*MONITORED, "/favicon.ico", "/login", "/logout", "/static/")
WITH_START_PAGE = ("/assets/", "/theme.css")
QUIET_SECONDS, LOOK_SECONDS, LONGEST_PAUSE_SECONDS = 0.15, 0.03, 1.0
"""With the start page made, the others are begun once so long nothing was on its way."""
OPENING = "The pages are still being made. Ask again in a moment."
FAILED = "The pages cannot be made, so this server ends; its log says why. Mend that, then start it again."

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


class Making(Protocol):
    """What makes the rest of the application, in a thread of its own."""

    def begin(self) -> None:
        """Add the start page, and a lifespan for Gradio."""

    def complete(self) -> None:
        """Add everything else."""


class Opening:
    """The application while it is made, and after; REST comes last.

    `when_failed` is called where it cannot be made, with what was raised in `failure`.
    """

    def __init__(self, app: FastAPI, rest: Later, making: Making, worker: Lifespan | None) -> None:
        self.app, self.rest, self.making, self.worker = app, rest, making, worker
        self.failure: Exception | None = None
        self.when_failed: Callable[[], None] = lambda: None
        self._has_start_page, self._is_whole, self._closing = anyio.Event(), anyio.Event(), anyio.Event()
        self._on_their_way = 0
        rest.is_held = True
        app.state.opening = [OPENING]
        app.router.lifespan_context = self._lifespan

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "http" and not path.startswith(AT_ONCE):
            needed = self._has_start_page if path == "/" or path.startswith(WITH_START_PAGE) else self._is_whole
            await needed.wait()
            if self.failure is not None:
                return await error(503, "InternalError", FAILED)(scope, receive, send)
        self._on_their_way += 1
        try:
            await self.rest(scope, receive, send)
        finally:
            self._on_their_way -= 1

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._open)
            try:
                yield
            finally:
                self._closing.set()

    async def _open(self) -> None:
        """Make everything, then run what runs beside it until the server ends. Raises nothing."""
        try:
            async with AsyncExitStack() as running:
                self.app.router.lifespan_context = _nothing  # the application's own is this, under way
                await anyio.to_thread.run_sync(self.making.begin)
                await running.enter_async_context(self.app.router.lifespan_context(self.app))
                self._has_start_page.set()
                await self._pause()
                await anyio.to_thread.run_sync(self.making.complete)
                self._is_whole.set()
                if self.worker is not None and not self._closing.is_set():
                    await running.enter_async_context(self.worker(self.app))
                self.app.state.opening, self.rest.is_held = [], False
                await self._closing.wait()
        except Exception as failure:
            self.failure = failure
            self.app.state.opening = [FAILED]
            self._has_start_page.set()
            self._is_whole.set()
            self.when_failed()

    async def _pause(self) -> None:
        """Leave the processor to whoever waited for the start page until it is painted."""
        quiet, lifespan = 0.0, 1  # which is on its way all the time
        with anyio.move_on_after(LONGEST_PAUSE_SECONDS):
            while quiet < QUIET_SECONDS:
                await anyio.sleep(LOOK_SECONDS)
                quiet = 0.0 if self._on_their_way > lifespan else quiet + LOOK_SECONDS


@asynccontextmanager
async def _nothing(_app: FastAPI) -> AsyncIterator[None]:
    yield
