"""The server of the Model Context Protocol: the tools over HTTP or stdio. Imported only where it is asked for."""

import functools
from collections.abc import Callable
from typing import Any

from mcp import types as protocol
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server

from app.agents import calls
from app.agents.passing import over_stdio
from app.agents.tool import ToolCall
from app.agents.turns import Turns
from backend import __version__
from backend.errors import TooManyAttempts
from backend.services.access import Actor

Context = ServerRequestContext[Any, Any]


def serving(actor_of: Callable[[Context], Actor]) -> Server[Any]:
    """The tools, for whoever `actor_of` says that a request is from."""
    tools = [_described(name, tool) for name, tool in calls.TOOLS.items()]
    turns = Turns()

    async def list_tools(_context: Context, _asked: Any) -> protocol.ListToolsResult:
        return protocol.ListToolsResult(tools=tools)

    async def call_tool(context: Context, asked: protocol.CallToolRequestParams) -> protocol.CallToolResult:
        actor, arguments = actor_of(context), asked.arguments or {}
        try:
            answer = await turns.run(actor, functools.partial(calls.run, actor, asked.name, arguments))
        except TooManyAttempts as problem:
            answer = calls.refused("TooManyAttempts", problem.message)
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


async def serve_here(actor: Actor) -> None:
    """Serve this machine's installation over stdin and stdout until stdin ends."""
    await over_stdio(serving(lambda _context: actor))


def _described(name: str, tool: type[ToolCall]) -> protocol.Tool:
    """A tool as the protocol lists it."""
    hints = protocol.ToolAnnotations(
        read_only_hint=not tool.changes,
        destructive_hint=tool.ends,
        idempotent_hint=tool.repeats,
        open_world_hint=False,
    )
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
