"""The web application: guard, doors, REST, static files, Gradio's pages; and the worker, unless it runs elsewhere."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from app.gradio_settings import SETTINGS

os.environ.update(SETTINGS)

from fastapi import FastAPI
from fastapi.responses import FileResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from app import api, monitoring, own_files, pages, signin
from app.api.later import Later
from app.guard import AGENTS, Guard
from app.opening import Opening
from backend import __version__

ADDRESSES = frozenset(f"/{page.PATH}" for page in pages.PAGES)


def create_app(*, with_worker: bool = True) -> ASGIApp:
    """Build everything that answers requests."""
    from app import gradio_pages

    app = _doors(with_worker=with_worker)
    if with_worker:
        app.router.lifespan_context = run_worker
    api.add_to(app)
    app.router.routes.extend(_more_doors())
    gradio_pages.mount(app)
    return Guard(app, ADDRESSES)


def open_app(*, with_worker: bool = True) -> tuple[ASGIApp, Opening]:
    """Build what can answer at once; the rest is made once it runs. Return it, and how the rest is getting on."""
    app = _doors(with_worker=with_worker)
    opening = Opening(app, Later(app), _Making(app), run_worker if with_worker else None)
    return Guard(opening, ADDRESSES), opening


class _Making:
    """Makes the rest, in two steps."""

    def __init__(self, app: FastAPI) -> None:
        self.app, self.place = app, len(app.router.routes)

    def begin(self) -> None:
        """Make Gradio's part and the start page."""
        from app import gradio_pages

        self.built = gradio_pages.begin(self.app)

    def complete(self, is_ending: Callable[[], bool]) -> None:
        """Make everything else but the routes of REST."""
        from app import gradio_pages
        from backend.services.recipes import parts

        parts.load()
        gradio_pages.complete(self.built, is_ending)
        # In one step: whoever is looked up meanwhile finds the list whole.
        self.app.router.routes[self.place : self.place] = _more_doors()


def _doors(*, with_worker: bool) -> FastAPI:
    """The application with what needs nothing of Gradio."""
    app = FastAPI(
        title="Rondo",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.include_router(monitoring.router(with_worker=with_worker))
    app.add_api_route("/favicon.ico", _icon, include_in_schema=False)
    app.mount("/static", own_files.OwnFiles())
    app.include_router(signin.router)
    return app


def _more_doors() -> list[BaseRoute]:
    from app import projects_pages, round_trash_pages, set_trash_pages
    from app.agents.door import Door

    return [
        *projects_pages.router.routes,
        *round_trash_pages.router.routes,
        *set_trash_pages.router.routes,
        Route(AGENTS, Door(), include_in_schema=False),
    ]


@asynccontextmanager
async def run_worker(_app: FastAPI) -> AsyncIterator[None]:
    """Run the embedded worker as long as the server runs."""
    from backend.jobs.worker import Worker
    from backend.services.reviews.close_rules import CloseWatch

    worker, keeper = Worker(is_embedded=True), CloseWatch()
    await asyncio.to_thread(worker.start)
    keeper.start()
    try:
        yield
    finally:
        await asyncio.to_thread(keeper.stop)
        await asyncio.to_thread(worker.stop)


def _icon() -> FileResponse:
    return FileResponse(own_files.FOLDER / "rondo.svg", media_type="image/svg+xml")
