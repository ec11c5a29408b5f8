"""The frame around every Gradio page: project switcher, page links, user menu. Drawn by the server, at once.

Gradio would insert a `head` only after its own scripts have started, and its navigation bar knows no user. So its one
page template gets our head and header; the version of Gradio is pinned, and missing places are an error at start.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import gradio.routes
from fastapi import Request
from jinja2 import ChoiceLoader, DictLoader, FileSystemLoader

from app import html
from backend import __version__
from backend.services import projects
from backend.services.projects import ProjectView

NAME = "frontend/index.html"
HEAD = (
    f'<link rel="icon" href="/static/rondo.svg" type="image/svg+xml">'
    f'<link rel="stylesheet" href="/static/rondo.css?v={__version__}">'
    f'<script src="/static/locks.js?v={__version__}"></script>'
    f'<script src="/static/rondo.js?v={__version__}"></script>'
)


@dataclass(frozen=True)
class Link:
    title: str
    path: str
    is_here: bool


@dataclass(frozen=True)
class Shell:
    """What the header shows."""

    name: str
    role: str
    is_owner: bool
    projects: list[ProjectView]
    project_id: int | None
    pages: list[Link]


def install(pages: Sequence[ModuleType]) -> None:
    """Put the header into Gradio's page template."""
    folder = Path(gradio.routes.STATIC_TEMPLATE_LIB)
    environment = gradio.routes.templates.env
    environment.loader = ChoiceLoader(
        [
            DictLoader({NAME: framed((folder / NAME).read_text(encoding="utf-8"))}),
            FileSystemLoader(html.FOLDER),
            FileSystemLoader(folder),
        ]
    )
    environment.globals["rondo_shell"] = lambda request: shell(request, pages)


def framed(source: str) -> str:
    """Return Gradio's template without what it says of itself to other sites, with our head and header."""
    source = re.sub(r"<meta\s+(?:property|name)=\"(?:og|twitter):[^>]*/>", "", source)
    source = re.sub(r"<link rel=\"manifest\"[^>]*/>", "", source)
    for place, with_ours in (
        (r"(</head>)", rf"{HEAD}\1"),
        (r"(<body[^>]*>)", r'\1{% include "header.html" %}'),
    ):
        source, found = re.subn(place, with_ours, source, count=1)
        if not found:
            raise RuntimeError(f"Gradio's page template has no {place}. Rondo needs the Gradio version it pins.")
    return source


def shell(request: Request, pages: Sequence[ModuleType]) -> Shell:
    """Return what this person's header shows on this page."""
    who = request.state.signed_in
    mine = projects.list_mine(who.actor)
    project_id = projects.current(who.actor, who.project_id)
    role = next((str(project.role) for project in mine if project.id == project_id), "no role")
    here = request.url.path.strip("/")
    # What is about oneself and about accounts is in the menu of one's name, not among the steps of the loop.
    links = [
        Link(page.TITLE, page.PATH.strip("/"), page.PATH.strip("/") == here)
        for page in pages
        if not getattr(page, "IN_MENU", False) or page.PATH.strip("/") == here
    ]
    return Shell(who.actor.name, role, who.actor.is_owner, mine, project_id, links)
