"""The server of the Model Context Protocol: the tools over HTTP or stdio. Imported only where it is asked for."""

from collections.abc import Callable
from typing import Any

import anyio
import httpx2
from mcp import Client
from mcp import types as protocol
from mcp.client.streamable_http import streamable_http_client
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from app.agents import calls
from app.agents.tool import Tool
from backend import __version__
from backend.services.access import Actor

Context = ServerRequestContext[Any, Any]
AT_ONCE = 8
"""So many calls are done at a time; the others wait, as every call takes a thread and a connection."""
ENVELOPE_SECONDS = 120.0


def serving(actor_of: Callable[[Context], Actor]) -> Server[Any]:
    """The tools, for whoever `actor_of` says that a request is from."""
    tools = [_described(name, tool) for name, tool in calls.TOOLS.items()]
    threads = anyio.CapacityLimiter(AT_ONCE)

    async def list_tools(_context: Context, _asked: Any) -> protocol.ListToolsResult:
        return protocol.ListToolsResult(tools=tools)

    async def call_tool(context: Context, asked: protocol.CallToolRequestParams) -> protocol.CallToolResult:
        actor, arguments = actor_of(context), asked.arguments or {}
        answer = await anyio.to_thread.run_sync(calls.run, actor, asked.name, arguments, limiter=threads)
        content = protocol.TextContent(type="text", text=answer.text)
        return protocol.CallToolResult(content=[content], is_error=answer.is_error)

    return Server(
        "rondo",
        version=__version__,
        title="Rondo",
        instructions=calls.INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def passing_on(client: Client) -> Server[Any]:
    """The tools of another Rondo, over a client that is signed in there."""

    async def list_tools(_context: Context, _asked: Any) -> protocol.ListToolsResult:
        return await client.list_tools()

    async def call_tool(_context: Context, asked: protocol.CallToolRequestParams) -> Any:
        return await client.call_tool(asked.name, asked.arguments)

    return Server(
        "rondo",
        version=__version__,
        title="Rondo",
        instructions=calls.INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def serve_here(actor: Actor) -> None:
    """Serve this machine's installation over stdin and stdout until stdin ends."""
    await _over_stdio(serving(lambda _context: actor))


async def serve_elsewhere(url: str, token: str) -> None:
    """Pass stdin and stdout on to the Rondo at that address, with the rights of the token."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(headers=headers, timeout=ENVELOPE_SECONDS) as http:
        async with Client(streamable_http_client(f"{url.rstrip('/')}/mcp", http_client=http)) as client:
            await _over_stdio(passing_on(client))


async def _over_stdio(server: Server[Any]) -> None:
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


def _described(name: str, tool: type[Tool]) -> protocol.Tool:
    """A tool as the protocol lists it."""
    hints = protocol.ToolAnnotations(read_only_hint=not tool.changes, destructive_hint=False, open_world_hint=False)
    schema = tool.model_json_schema()
    schema.pop("description", None)
    schema["properties"] = {key: _without_titles(value) for key, value in schema.get("properties", {}).items()}
    return protocol.Tool(
        name=name,
        title=tool.title,
        description=" ".join((tool.__doc__ or "").split()),
        input_schema=schema,
        annotations=hints,
    )


def _without_titles(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != "title"}
