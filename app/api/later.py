"""REST in a server that has just started: its routes are made while nobody waits, or when one is first asked for."""

import anyio
from fastapi import FastAPI
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from app.api import errors

AT = "/api/"
AFTER_SECONDS = 3.0
"""The first page is there by then: what makes it has the processor for itself."""


class Later:
    """The application, to which the routes are added later, at the place where it has none of them yet."""

    def __init__(self, app: FastAPI) -> None:
        self.app, self.place = app, len(app.router.routes)
        self.is_ready, self.making = False, anyio.Lock()
        errors.add_to(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._ready_soon)
                await self.app(scope, receive, send)
                tasks.cancel_scope.cancel()
            return
        if scope["type"] == "http" and scope["path"].startswith(AT):
            await self.ready()
        await self.app(scope, receive, send)

    async def ready(self) -> None:
        """Return once the routes are there."""
        if self.is_ready:
            return
        async with self.making:
            if not self.is_ready:
                # In one step, and between two requests: whoever is looked up meanwhile finds the list whole.
                self.app.router.routes[self.place : self.place] = await anyio.to_thread.run_sync(_rest_routes)
                self.is_ready = True

    async def _ready_soon(self) -> None:
        await anyio.sleep(AFTER_SECONDS)
        await self.ready()


def _rest_routes() -> list[BaseRoute]:
    from app.api import routes  # noqa: PLC0415 - where nobody waits for a page

    return routes.rest_routes()
