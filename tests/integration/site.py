"""The web application on a real port, for tests: one server, whatever database the test has just made."""

import asyncio
import functools
import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn

from app.cli.serving import bind
from app.web import create_app
from backend.db import session
from backend.services import sessions
from backend.services.access import Actor

SLOW = float(os.environ.get("RONDO_SLOW_BROWSER", "1"))
"""See tests/browser/conftest.py."""


@functools.lru_cache
def application() -> Any:
    """The application; it takes seconds to build and keeps nothing of a database."""
    return create_app(with_worker=False)


def late(application: Any, seconds: float) -> Any:
    """The same application, each of whose answers waits a while; always the same whiles in the same order."""
    chance = random.Random(0)

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(("/gradio_api/static", "/assets", "/static")):
            await asyncio.sleep(chance.uniform(0, seconds))
        await application(scope, receive, send)

    return answer


@functools.lru_cache
def address() -> str:
    """Start the server in a thread, once; it ends with the process."""
    listening = bind("127.0.0.1", 0)
    served = late(application(), SLOW / 10) if SLOW > 1 else application()
    server = uvicorn.Server(uvicorn.Config(served, log_config=None, server_header=False))
    threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True).start()
    for _ in range(2400):
        if server.started:
            return f"http://127.0.0.1:{listening.getsockname()[1]}"
        time.sleep(0.05)
    raise RuntimeError("The server did not start.")


def visitor() -> httpx.Client:
    """A browser that nobody is signed in with."""
    return httpx.Client(base_url=address(), timeout=120)


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
