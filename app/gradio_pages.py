"""Gradio's application: its pages are assembled, and put behind the guard without what would show more than them.

The start page can come first, by `begin`, and the others, by `complete`, while it is painted.
"""

import os
import warnings
from collections.abc import Callable
from types import ModuleType

from app.gradio_settings import SETTINGS

os.environ.update(SETTINGS)

import gradio as gr
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from app import gradio_assets, gradio_files, gradio_queue, gradio_sessions, gradio_signatures, pages, uploads
from app.forms import identify
from app.listeners import Pages
from app.theme import RondoTheme
from app.widgets import header
from backend.config import settings

UNTRANSLATED, GERMAN = {"common.complete": "Done"}, {"common.complete": "Fertig"}
"""What Gradio reads out to who cannot see the page once an answer has come, and has no words for: the name was read."""


def mount(app: FastAPI) -> None:
    """Assemble all pages and mount them."""
    complete(begin(app))


def begin(app: FastAPI) -> Pages:
    """Mount the start page. The others' addresses are there, too: Gradio makes its routes when it is mounted.

    What Gradio needs while the server runs stands around the application's lifespan then.
    """
    uploads.make_folder()
    gradio_signatures.install()
    header.install(pages.PAGES)
    kept = (3600, uploads.LASTS)  # looked through every hour
    with Pages(title="Rondo", analytics_enabled=False, fill_width=True, delete_cache=kept) as built:
        built.pages.extend((page.PATH, page.TITLE, True) for page in pages.PAGES[1:])
        _add(built, pages.PAGES[0])
        built.when_left(_left)
    app.mount("/assets", gradio_assets.Assets())
    _mount(app, built)
    return built


def complete(built: Pages, is_ending: Callable[[], bool] = lambda: False) -> None:
    """Add the other pages. No event may be handled until it returns: a component made by one would get in among them.

    What `Blocks.route` does, without leaving the context after each page: leaving builds a whole application, and
    nine of them cost seconds at every start.
    """
    with built.more():
        for page in pages.PAGES[1:]:
            if is_ending():  # and nobody sees them any more
                break
            built.current_page = page.PATH
            _add(built, page)


def _add(built: Pages, page: ModuleType) -> None:
    before = set(built.blocks)
    page.build()
    # Else the last field of this page and the first of the next would share a form.
    built.fill_expected_parents()  # type: ignore[no-untyped-call]
    for number, block in built.blocks.items():
        if number not in before:
            identify(block)


def _left(request: gr.Request) -> None:
    from app.pages import chat  # noqa: PLC0415 - one of the pages that come later

    chat.leave(request)


def _mount(app: FastAPI, built: Pages) -> None:
    # Said of every application with several pages, even when rendering on the server is off. Not in a context: leaving
    # that would take back what other threads set meanwhile.
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
        i18n=gr.I18n(en=UNTRANSLATED, de=GERMAN),
        app_kwargs={"exception_handlers": {KeyError: _unknown_event}},
        max_file_size=f"{settings().max_upload_mb}mb",
    )
    built.forget_description()
    gradio_files.install(built)
    gradio_sessions.install()
    gradio_queue.install(built._queue)


async def _unknown_event(request: Request, error: Exception) -> JSONResponse:
    """An event of a part of a page that this server no longer holds. Gradio looks it up before anything else."""
    if not request.url.path.endswith("/queue/join"):
        raise error
    message = "This part of the page is gone: it was drawn again, or the server was started again. Reload the page."
    return JSONResponse({"detail": message}, 409)


def _name(request: Request) -> str | None:
    who = request.state.signed_in
    return who.actor.name if who is not None else None
