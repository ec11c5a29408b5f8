"""An agent's stdin and stdout, and passing them on to a Rondo elsewhere. It loads nothing of an installation."""

from typing import Any

import httpx2
from mcp import Client
from mcp import types as protocol
from mcp.client.streamable_http import streamable_http_client
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from backend import __version__
from backend.errors import InvalidInput, NotSignedIn

Context = ServerRequestContext[Any, Any]
SECONDS = 120.0
"""So long may one answer take."""


async def serve_elsewhere(url: str, token: str) -> None:
    """Pass stdin and stdout on to the Rondo at that address, with the rights of the token.

    Raises `InvalidInput` where no Rondo answers there, and `NotSignedIn` for a token that does not work.
    """
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(headers=headers, timeout=SECONDS) as http:
        await _refuse_stranger(http, url.rstrip("/"))
        async with Client(streamable_http_client(f"{url.rstrip('/')}/mcp", http_client=http)) as client:
            await over_stdio(passing_on(client))


async def _refuse_stranger(http: httpx2.AsyncClient, url: str) -> None:
    """Ask who the token stands for: what is wrong is one sentence now, and no agent has to find it out."""
    try:
        answer = await http.get(f"{url}/api/v1/me")
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise InvalidInput(f"No Rondo answers at {url}: {error}. Start it, or set RONDO_URL to its address.") from error
    if answer.status_code == 401:
        raise NotSignedIn(f"The token in RONDO_TOKEN does not work at {url}. Make another one there.")
    if answer.status_code != 200:
        raise InvalidInput(f"What answers at {url} is no Rondo ({answer.status_code}). Set RONDO_URL to its address.")


def passing_on(client: Client) -> Server[Any]:
    """The tools of another Rondo, over a client that is signed in there."""

    async def list_tools(_context: Context, _asked: Any) -> protocol.ListToolsResult:
        return await client.list_tools()

    async def call_tool(_context: Context, asked: protocol.CallToolRequestParams) -> protocol.CallToolResult:
        return await client.call_tool(asked.name, asked.arguments)

    return Server(
        "rondo",
        version=__version__,
        title="Rondo",
        instructions=client.instructions,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def over_stdio(server: Server[Any]) -> None:
    """Serve until stdin ends."""
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())
