"""/mcp: the tools over HTTP, for whoever the token of the request stands for."""

import functools
import importlib.util
from dataclasses import replace
from typing import Any

import anyio
from fastapi import Request
from starlette.types import Receive, Scope, Send

from app import guard
from backend.services.access import Actor

MISSING = "This Rondo serves no agents: the package mcp is not installed where it runs. Install rondo[mcp] there."


class Door:
    """Answers each request by itself: nothing is kept of an agent between two, so any number of servers can answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not is_installed():
            await guard.error(503, "MissingPrerequisite", MISSING)(scope, receive, send)
            return
        if scope["method"] != "POST":
            # The protocol's way to say that nothing is sent without being asked for, and that no session is to end.
            answer = guard.error(405, "RequestError", "An agent's requests are sent with POST.")
            answer.headers["Allow"] = "POST"
            await answer(scope, receive, send)
            return
        # The library takes a second to load, once, and few installations ask for it.
        manager = await anyio.to_thread.run_sync(_manager)
        async with manager.run():
            await manager.handle_request(scope, receive, send)


def is_installed() -> bool:
    """Whether the library is there."""
    return importlib.util.find_spec("mcp") is not None


def actor_of(context: Any) -> Actor:
    """Who asks, as the guard found them by their token."""
    request: Request = context.request
    actor: Actor = request.state.signed_in.actor
    return replace(actor, via="mcp")


@functools.lru_cache
def _server() -> Any:
    from app.agents import server

    return server.serving(actor_of)


def _manager() -> Any:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    return StreamableHTTPSessionManager(_server(), json_response=True, stateless=True)
