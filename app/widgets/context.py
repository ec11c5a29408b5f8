"""Who asks, and about which project: read from the rows at every call, because every listener is a public endpoint."""

from dataclasses import dataclass, replace

import gradio as gr
from fastapi import Request

from app import cookies, origin
from app.widgets import times
from backend.errors import InvalidInput, NotFound, NotSignedIn
from backend.log import tell_about
from backend.services import projects
from backend.services.access import Actor
from backend.services.people import sessions


@dataclass(frozen=True)
class Context:
    """`project_id` is what this tab shows; services check what the actor may do there."""

    actor: Actor
    project_id: int
    base_url: str
    session_id: int | None


def context(request: gr.Request) -> Context:
    """Return who asks, about the project that their page shows.

    Raises NotSignedIn when the session has ended, InvalidInput when the request names no project, NotFound when the
    person is not in it.
    """
    asked: Request | None = request.request
    if asked is not None:
        times.see_from(asked)
    secret = cookies.secret_in(asked) if asked is not None else None
    who = sessions.look_up(secret) if secret else None
    if asked is None or who is None:
        raise NotSignedIn("You are signed out. Reload the page to sign in again.")
    # Never the session's project: that is where any of this person's tabs went last.
    name = asked.state.project_name
    if name is None:
        raise InvalidInput("This request does not say which project it is about. Reload the page.")
    project = projects.at(who.actor, name)
    if project is None:
        raise NotFound("You are not in the project that this page shows, or no longer. Reload the page.")
    tell_about(project=project.id)
    actor = replace(who.actor, via=origin.via(asked))
    return Context(actor, project.id, str(asked.base_url).rstrip("/"), who.session_id)
