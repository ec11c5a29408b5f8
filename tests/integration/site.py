"""The web application on a real port, for tests: one server, whatever database the test has just made."""

import asyncio
import contextlib
import functools
import os
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn
from starlette.responses import PlainTextResponse

from app import connections, first_content
from app.addresses import page_path
from app.cli.serving import bind
from app.web import create_app
from backend.db import session
from backend.services.access import Actor
from backend.services.people import sessions
from tests import installation
from tests.event_loops import in_event_loop
from tests.waiting import PATIENCE, until

SLOW = float(os.environ.get("RONDO_SLOW_BROWSER", "1"))
"""See tests/browser/conftest.py."""


@functools.lru_cache
@in_event_loop
def application() -> Any:
    """The application; it takes seconds to build and keeps nothing of a database."""
    first_content.BUDGET_SECONDS = PATIENCE  # how quick a machine is, is no matter of tests
    return create_app(with_worker=False)


def late(application: Any, seconds: float) -> Any:
    """The same application, each of whose answers waits a while; always the same whiles in the same order."""
    chance = random.Random(0)

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(("/gradio_api/static", "/assets", "/static")):
            await asyncio.sleep(chance.uniform(0, seconds))
        await application(scope, receive, send)

    return answer


class Door:
    """The application while a test runs. Between two tests nobody comes in: it would be in another one's data.

    `is_busy` says whether something goes on inside that no request waits for; `loop` is the server's event loop.
    """

    loop: asyncio.AbstractEventLoop

    def __init__(self, application: Any, is_busy: Callable[[], bool] = lambda: False) -> None:
        self.application, self.is_busy = application, is_busy
        self.is_open, self.inside = True, 0

    def open(self) -> None:
        self.is_open = True

    def shut(self) -> None:
        """Returns once everybody is out; who takes too long, such as one whom a test never answers, is left inside."""
        self.is_open = False
        with contextlib.suppress(AssertionError):
            until(lambda: not self.inside and not self.is_busy(), "leaving", patience=20)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.loop = asyncio.get_running_loop()
        is_inside = scope["type"] == "http"
        self.inside += is_inside  # before looking at the door, which another thread shuts

        def go_out() -> None:
            nonlocal is_inside
            self.inside -= is_inside
            is_inside = False

        async def sending(message: Any) -> None:
            if any(value.startswith(b"text/event-stream") for _, value in message.get("headers", ())):
                go_out()  # it lasts as long as its page, and only says what others found
            await send(message)

        over = PlainTextResponse("This test is over.", 503)
        try:
            await (self.application if self.is_open or not is_inside else over)(scope, receive, sending)
        finally:
            go_out()


def works() -> bool:
    """Whether Gradio has something to do: it answers before it begins."""
    queue = blocks()._queue
    waiting = any(entry.queue for entry in queue.event_queue_per_concurrency_id.values())
    return waiting or any(job is not None for job in queue.active_jobs)


@functools.lru_cache
def front_door() -> Door:
    """What lets requests in to the server."""
    return Door(late(application(), SLOW / 10) if SLOW > 1 else application(), works)


@functools.lru_cache
def address() -> str:
    """Start the server in a thread, once; it ends with the process."""
    listening, door = bind("127.0.0.1", 0), front_door()
    server = uvicorn.Server(connections.configuration(door))
    threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True).start()
    until(lambda: server.started, "the server's start")
    installation.doors.append(door)
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


def page(project: Any, path: str = "") -> str:
    """The address of a project's page, such as `jobs?job=3`."""
    return address() + page_path(project.slug, path)


def visitor() -> httpx.Client:
    """A browser that nobody is signed in with. Without TLS it needs no certificates, which take 50 ms to read."""
    return httpx.Client(base_url=address(), timeout=120, verify=False)


@contextmanager
def signed_in(actor: Actor) -> Iterator[httpx.Client]:
    """A browser that this person signed in with, through the door."""
    with session() as db:
        link = sessions.link_for(db, actor.user_id)
    with visitor() as client:
        assert client.post(f"/login/link/{link}").status_code == 303
        yield client


@contextmanager
def with_token(actor: Actor) -> Iterator[httpx.Client]:
    """A program of this person's."""
    _, secret = sessions.create_token(actor, name="test")
    with visitor() as client:
        client.headers["authorization"] = f"Bearer {secret}"
        yield client


def blocks() -> Any:
    """Gradio's pages."""
    mounted = next(route for route in application().app.routes if route.path == "" and hasattr(route.app, "get_blocks"))
    return mounted.app.get_blocks()
