"""The web application: guard, doors, REST, static files, Gradio's pages; and the worker, unless it runs elsewhere."""

import logging
import os
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("GRADIO_DEFAULT_CONCURRENCY_LIMIT", "20")
# Gradio's monitoring page is off, and what it would show need not be summed up again after every event.
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", str(2**62))
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "1")

import gradio as gr
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from app import (
    api,
    gradio_assets,
    gradio_files,
    gradio_queue,
    gradio_sessions,
    monitoring,
    own_files,
    pages,
    projects_pages,
    signin,
    uploads,
)
from app.agents.door import Door
from app.api.later import Later
from app.guard import AGENTS, Guard
from app.theme import RondoTheme
from app.widgets import header
from backend import __version__
from backend.config import settings

log = logging.getLogger("rondo.app")

UNTRANSLATED = {"common.complete": "Done"}
"""What Gradio reads out to who cannot see the page once an answer has come, and has no words for: the name was read."""


def create_app(*, with_worker: bool = True, is_rest_later: bool = False) -> ASGIApp:
    """Build everything that answers requests; the routes of REST perhaps once the first page is there."""
    app = FastAPI(
        title="Rondo",
        version=__version__,
        lifespan=_with_worker if with_worker else None,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.include_router(monitoring.router(with_worker=with_worker))
    app.add_api_route("/favicon.ico", _icon, include_in_schema=False)
    app.mount("/static", own_files.OwnFiles())
    app.mount("/assets", gradio_assets.Assets())
    app.include_router(signin.router)
    app.include_router(projects_pages.router)
    inner: ASGIApp = app
    if is_rest_later:
        inner = Later(app)
    else:
        api.add_to(app)
    app.router.routes.append(Route(AGENTS, Door(), include_in_schema=False))
    header.install(pages.PAGES)
    _mount_pages(app)
    return Guard(inner, frozenset(f"/{page.PATH}" for page in pages.PAGES))


def _mount_pages(app: FastAPI) -> None:
    """Put Gradio behind the guard, without what would show more of it than its pages."""
    uploads.make_folder()
    built = pages.build()
    with warnings.catch_warnings():
        # Said of every application with several pages, even when rendering on the server is off.
        warnings.filterwarnings("ignore", "SSR mode is not supported")
        gr.mount_gradio_app(
            app,
            built,
            path="/",
            auth_dependency=_name,
            theme=RondoTheme(),
            footer_links=[],
            run_history=False,
            ssr_mode=False,
            enable_monitoring=False,
            mcp_server=False,
            pwa=False,
            show_error=False,
            i18n=gr.I18n(en=UNTRANSLATED),
            app_kwargs={"exception_handlers": {KeyError: _unknown_event}},
            max_file_size=f"{settings().max_upload_mb}mb",
        )
    built.forget_description()
    gradio_files.install(built)
    gradio_sessions.install()
    gradio_queue.install(built._queue)


@asynccontextmanager
async def _with_worker(_app: FastAPI) -> AsyncIterator[None]:
    import asyncio

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


async def _unknown_event(request: Request, error: Exception) -> JSONResponse:
    """An event of a part of a page that this server no longer holds. Gradio looks it up before anything else."""
    if not request.url.path.endswith("/queue/join"):
        raise error
    message = "This part of the page is gone: it was drawn again, or the server was started again. Reload the page."
    return JSONResponse({"detail": message}, 409)


def _name(request: Request) -> str | None:
    who = request.state.signed_in
    return who.actor.name if who is not None else None


def _icon() -> FileResponse:
    return FileResponse(own_files.FOLDER / "rondo.svg", media_type="image/svg+xml")
