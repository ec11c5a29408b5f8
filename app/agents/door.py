"""/mcp: the tools over HTTP, for whoever the token of the request stands for."""

import functools
import importlib.util
from dataclasses import replace
from typing import Any

import anyio
from fastapi import HTTPException, Request
from starlette.types import Message, Receive, Scope, Send

from app import guard, request_bodies
from backend.services.access import Actor

MISSING = "This Rondo serves no agents: the package mcp is not installed where it runs. Install rondo[mcp] there."

MOST_BODY = 4 * request_bodies.MEGABYTE
TOO_LARGE = "This is larger than 4 MB. Send a smaller call: long texts and knobs in several."


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
        # Read here: what the guard raises of a body would reach nobody out of the library's tasks.
        body = await _body(receive)
        if body is None:
            return
        # The library takes a second to load, once, and few installations ask for it.
        manager = await anyio.to_thread.run_sync(_manager)
        async with manager.run():
            await manager.handle_request(scope, _again(body, receive), send)


async def _body(receive: Receive) -> bytes | None:
    """The body, None where the other side has left; raises the status 413 for one that is too large."""
    pieces, size, is_whole = list[bytes](), 0, False
    while not is_whole:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        piece = message.get("body", b"")
        size += len(piece)
        if size <= MOST_BODY:
            pieces.append(piece)
        is_whole = not message.get("more_body", False)
    if size > MOST_BODY:  # said at its end: who still sends does not listen
        raise HTTPException(413, TOO_LARGE)
    return b"".join(pieces)


def _again(body: bytes, receive: Receive) -> Receive:
    """Give the body, then what else comes."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Message:
        return messages.pop() if messages else await receive()

    return receiving


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

    options: dict[str, Any] = {"json_response": True, "stateless": True, "max_request_body_size": MOST_BODY}
    return StreamableHTTPSessionManager(_server(), **options)
