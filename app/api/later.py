"""REST in a server that has just started: its routes are made while nobody waits, or when one is first asked for."""

import logging
from collections.abc import Callable

import anyio
from anyio import sleep
from fastapi import FastAPI
from starlette.routing import BaseRoute
from starlette.types import Message, Receive, Scope, Send

from app.api import errors
from app.guard import error
from app.payloads import HEARTBEAT

log = logging.getLogger("rondo.app")

AT = "/api/"
QUIET_SECONDS, LOOK_SECONDS = 1.0, 0.1
"""The first page is there once so long nothing was on its way: what makes it has the processor for itself."""
LATEST_SECONDS = 30.0
"""Where nobody opens a page, or one that never rests."""
FAILED = "REST cannot be loaded; the server's log says why. Mend that; the next request tries again."


class Later:
    """The application, to which the routes are added later, at the place where it has none of them yet.

    Unless they are asked for, nothing is done before what it comes `after`. `when_tried` is called once they were made
    without being asked for, or could not be.
    """

    def __init__(self, app: FastAPI) -> None:
        self.app, self.place = app, len(app.router.routes)
        self.is_ready, self.making = False, anyio.Lock()
        self.on_their_way, self.is_page_answered = 0, False
        self.after: anyio.Event | None = None
        self.when_tried: Callable[[], None] = lambda: None
        errors.add_to(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._ready_soon)
                await self.app(scope, receive, send)
                tasks.cancel_scope.cancel()
        elif self.is_ready or scope["type"] != "http":
            await self.app(scope, receive, send)
        elif not scope["path"].startswith(AT):
            await self._counted(scope, receive, send)
        elif await self._is_made():
            await self.app(scope, receive, send)
        else:
            await error(500, "InternalError", FAILED)(scope, receive, send)

    async def ready(self) -> None:
        """Return once the routes are there; whatever keeps them from being made is raised."""
        if self.is_ready:
            return
        async with self.making:
            if not self.is_ready:
                # In one step, and between two requests: whoever is looked up meanwhile finds the list whole.
                self.app.router.routes[self.place : self.place] = await anyio.to_thread.run_sync(_rest_routes)
                self.is_ready = True

    async def _is_made(self) -> bool:
        try:
            await self.ready()
        except Exception:
            log.exception("The routes of REST could not be made")
        self.app.state.missing = [] if self.is_ready else [FAILED]
        return self.is_ready

    async def _ready_soon(self) -> None:
        """Raises nothing: around it are the lifespan of the server and its worker."""
        quiet = 0.0
        if self.after is not None:
            await self.after.wait()
        with anyio.move_on_after(LATEST_SECONDS):
            while quiet < QUIET_SECONDS:
                await sleep(LOOK_SECONDS)
                is_quiet = self.is_page_answered and not self.on_their_way
                quiet = quiet + LOOK_SECONDS if is_quiet else 0.0
        await self._is_made()
        await anyio.to_thread.run_sync(self.when_tried)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_counted = not scope["path"].startswith(HEARTBEAT)  # which lasts as long as its page

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                self.is_page_answered |= dict(message["headers"]).get(b"content-type", b"").startswith(b"text/html")
            await send(message)

        self.on_their_way += is_counted
        try:
            await self.app(scope, receive, sending)
        finally:
            self.on_their_way -= is_counted


def _rest_routes() -> list[BaseRoute]:
    from app.api import routes  # noqa: PLC0415 - where nobody waits for a page

    return routes.rest_routes()
