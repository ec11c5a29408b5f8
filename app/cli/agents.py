"""`rondo mcp`: the tools for an agent that starts this command and talks to it over stdin and stdout."""

from typing import Annotated

import typer

Url = Annotated[
    str | None,
    typer.Option(envvar="RONDO_URL", help="Address of a Rondo elsewhere. [default: this machine's installation]"),
]
MISSING = "`rondo mcp` needs the package mcp. Install it: pip install 'rondo[mcp]'."
NO_ADDRESS = (
    "RONDO_TOKEN is set, and RONDO_URL is not: whose rights are meant? Put the address of the token's Rondo into "
    "RONDO_URL. For this machine's installation with its owner's rights, unset RONDO_TOKEN."
)
NO_TOKEN = "An agent needs a token for a Rondo elsewhere. Put one into the environment variable RONDO_TOKEN."


def mcp(url: Url = None) -> None:
    """Serve an agent over stdin and stdout (MCP). With an address, RONDO_TOKEN says with whose rights.

    With neither the agent may do what this machine's owner may.
    """
    import os

    import anyio

    from app.agents.door import is_installed
    from backend import log
    from backend.errors import InvalidInput, MissingPrerequisite

    if not is_installed():
        raise MissingPrerequisite(MISSING)
    token = os.environ.get("RONDO_TOKEN", "").strip()
    url = (url or "").strip()
    if url and not token:
        raise InvalidInput(NO_TOKEN)
    if token and not url:
        raise InvalidInput(NO_ADDRESS)
    log.setup()
    if url:
        from app.agents import passing

        anyio.run(passing.serve_elsewhere, url, token)
        return
    from app.agents import server
    from backend.services import installation
    from backend.services.people import accounts
    from backend.services.recipes import parts

    installation.prepare()
    parts.load()
    anyio.run(server.serve_here, accounts.local_owner(via="mcp"))
