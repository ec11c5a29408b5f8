"""An agent of a test: the client of the package mcp, with a person's token."""

import json
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
    _, secret = sessions.create_token(actor, name="agent")
    address = site.address()

    async def asking() -> list[Any]:
        headers = {"Authorization": f"Bearer {secret}"}
        async with httpx2.AsyncClient(headers=headers, timeout=120) as http:
            async with Client(streamable_http_client(f"{address}/mcp", http_client=http)) as client:
                return [await answer(client, *call) for call in calls]

    return list(run_alone(asking()))


async def answer(client: Client, name: str, arguments: dict[str, Any]) -> Any:
    result = await client.call_tool(name, arguments)
    [content] = result.content
    told = json.loads(content.text)
    return told["error"]["type"] if result.is_error else told
