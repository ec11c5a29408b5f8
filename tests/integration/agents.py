"""An agent of a test: the client of the package mcp, with a person's token."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from backend.services.access import Actor
from backend.services.people import sessions
from tests.event_loops import run_alone
from tests.integration import site

Call = tuple[str, dict[str, Any]]


def ask(actor: Actor, *calls: Call) -> list[Any]:
    """What each call answers, in order; of one that is refused the type of its error."""

    async def asking(client: Client) -> list[Any]:
        return [await answer(client, *call) for call in calls]

    return list(with_client(actor, asking))


def with_client(actor: Actor, work: Callable[[Client], Awaitable[Any]], **options: Any) -> Any:
    """What the work returns that is done with a client of the person's."""
    _, secret = sessions.create_token(actor, name="agent")
    address = site.address()

    async def working() -> Any:
        headers = {"Authorization": f"Bearer {secret}"}
        async with httpx2.AsyncClient(headers=headers, timeout=120) as http:
            async with Client(streamable_http_client(f"{address}/mcp", http_client=http), **options) as client:
                return await work(client)

    return run_alone(working())


async def answer(client: Client, name: str, arguments: dict[str, Any]) -> Any:
    result = await client.call_tool(name, arguments)
    [content] = result.content
    reply = json.loads(content.text)
    return reply["error"]["type"] if result.is_error else reply
