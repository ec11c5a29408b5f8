"""Who asks, and about which project: read from the rows at every call, because every listener is a public endpoint."""

from dataclasses import dataclass, replace

import gradio as gr
from fastapi import Request

from app import cookies, origin
from backend.errors import NotFound, NotSignedIn
from backend.services import projects, sessions
from backend.services.access import Actor

DRAWN = "x-rondo-project"
"""The header in which a page says of which project it was drawn."""


@dataclass(frozen=True)
class Context:
    """`project_id` is what this tab shows; services check what the actor may do there."""

    actor: Actor
    project_id: int
    base_url: str
    session_id: int | None


def context(request: gr.Request | Request) -> Context:
    """Return who asks. Raises NotSignedIn when the session has ended, NotFound when there is no project to show."""
    # A listener gets Gradio's request around the real one, a component's server function gets the real one.
    asked: Request | None = request.request if isinstance(request, gr.Request) else request
    secret = cookies.secret_in(asked) if asked is not None else None
    who = sessions.look_up(secret) if secret else None
    if asked is None or who is None:
        raise NotSignedIn("You are signed out. Reload the page to sign in again.")
    # Another tab may have gone to another project meanwhile: what is done here is done to what the header here names.
    drawn = asked.headers.get(DRAWN, "")
    wanted = int(drawn) if drawn.isdecimal() else who.project_id
    project_id = projects.current(who.actor, wanted)
    if project_id is None:
        raise NotFound("You are not in any project yet. Ask a project admin to add you.")
    if drawn and project_id != wanted:
        raise NotFound("You are no longer in the project that this page shows. Reload the page.")
    actor = replace(who.actor, via=origin.via(asked))
    return Context(actor, project_id, str(asked.base_url).rstrip("/"), who.session_id)
