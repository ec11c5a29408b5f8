"""The frame around every Gradio page: project switcher, page links, user menu. Drawn by the server, at once.

Gradio would insert a `head` only after its own scripts have started, and its navigation bar knows no user. So its one
page template gets our head and header; the version of Gradio is pinned, and missing places are an error at start.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import gradio.routes
from fastapi import Request
from gradio.route_utils import STATIC_TEMPLATE_LIB
from jinja2 import ChoiceLoader, DictLoader, FileSystemLoader

from app import first_content, html, own_files, page_texts
from app.addresses import page_path
from app.widgets import review_desk, scripts
from backend.services import notices, projects
from backend.services.projects import ProjectView
from backend.translations import gettext

NAME = "frontend/index.html"
FONT = "fonts/inter-latin-wght-normal.woff2"
HEAD = (
    f'<link rel="icon" href="{own_files.address("rondo.svg")}" type="image/svg+xml">'
    + "".join(f'<link rel="stylesheet" href="{own_files.address(name)}">' for name in ("rondo.css", "pages.css"))
    + "{{ messages() }}"
    + "".join(
        f'<script src="{own_files.address(name)}"></script>'
        for name in ("sheets.js", "frames.js", "locks.js", "early_keys.js", "rondo.js", "bell.js", "comments.js")
    )
)
FIRST = (
    "{% set needs = rondo_links(config) %}"
    f'<link rel="preload" as="font" type="font/woff2" crossorigin href="{own_files.address(FONT)}">'
    '{% for one in needs.styles %}<link rel="preload" as="style" crossorigin href="/assets/{{ one }}">{% endfor %}'
    '{% for one in needs.scripts %}<link rel="modulepreload" crossorigin href="/assets/{{ one }}">{% endfor %}'
    '{% for one in rondo_imports(config) %}<link rel="modulepreload" href="{{ one }}">{% endfor %}'
)
"""Before everything else, so that a browser asks for these while it reads the rest."""
CONFIG = "window.gradio_config = {{ rondo_translated(config) | toorjson }};"
ROOT = "window.gradio_config.root = window.location.origin + {{ rondo_shell(request).root | toorjson }};"
"""Gradio's script takes its page's name from what follows the root in the address, and asks below the root."""


@dataclass(frozen=True)
class HeaderLink:
    title: str
    href: str
    is_here: bool


@dataclass(frozen=True)
class Shell:
    """What the header shows."""

    user_id: int
    name: str
    role: str
    is_owner: bool
    project: ProjectView
    projects: list[HeaderLink]
    pages: list[HeaderLink]
    more: list[HeaderLink]
    personal: list[HeaderLink]
    title: str
    here: str
    root: str
    unread: int


def install(pages: Sequence[ModuleType]) -> None:
    """Put the header into Gradio's page template."""
    folder = Path(STATIC_TEMPLATE_LIB)
    environment = gradio.routes.templates.env
    source = (folder / NAME).read_text(encoding="utf-8")
    environment.loader = ChoiceLoader(
        [
            DictLoader({NAME: framed(source)}),
            FileSystemLoader(html.FOLDER),
            FileSystemLoader(folder),
        ]
    )
    html.add_words(environment)
    environment.globals["rondo_file"] = own_files.address
    environment.globals["rondo_translated"] = page_texts.translated
    environment.globals["rondo_links"] = lambda config: scripts.links(source, shown_types(config))
    environment.globals["rondo_imports"] = imported_scripts
    environment.globals["rondo_shell"] = lambda request: _once(request, pages)
    environment.globals["rondo_first"] = lambda request: first_content.drawn(request, pages, environment)


def framed(source: str) -> str:
    """Return Gradio's template without what it says of itself to other sites, with our head and header."""
    source = re.sub(r"<meta\s+(?:property|name)=\"(?:og|twitter):[^>]*/>", "", source)
    source = re.sub(r"<link rel=\"manifest\"[^>]*/>", "", source)
    for place, with_ours in (
        # Links in a page and its questions are relative to its project; what the page is built of is the same in all.
        (r"(<html\s+)lang=\"en\"", r'\1lang="{{ language() }}"'),
        (r"(<meta charset=\"utf-8\" />)", rf"\1{FIRST}"),
        (r"(<base href=\"\{\{ base_url[^>]*>)", r"\1"),
        (r"window\.gradio_config = \{\{ config \| toorjson \}\};", f"{CONFIG} {ROOT}"),
        (r"src=\"\./assets/", 'src="/assets/'),
        (r"href=\"\./assets/", 'href="/assets/'),
        (r"(</head>)", rf"{HEAD}\1"),
        (r"<body([^>]*>)", r'<body\1{% include "header.html" %}'),
    ):
        source, count = re.subn(place, with_ours, source, count=1)
        if not count:
            raise RuntimeError(f"Gradio's page template has no {place}. Rondo needs the Gradio version it pins.")
    return source


def shown_types(config: dict[str, Any]) -> set[str]:
    """Return the types of the components that a page shows from its start."""
    return {component["type"] for component in config["components"] if component["props"].get("visible") is not False}


def imported_scripts(config: dict[str, Any]) -> list[str]:
    """Return the addresses of the scripts that a page imports from its start: its words, or all of a review desk."""
    has_desk = any(component["props"].get("elem_id") == review_desk.ID for component in config["components"])
    first = review_desk.SCRIPT if has_desk else "gettext.js"
    return [own_files.address(file) for file in own_files.with_imports(first)]


def _once(request: Request, pages: Sequence[ModuleType]) -> Shell:
    """The template asks twice."""
    if not hasattr(request.state, "shell"):
        request.state.shell = shell(request, pages)
    return request.state.shell


def shell(request: Request, pages: Sequence[ModuleType]) -> Shell:
    """Return what this person's header shows on this page."""
    actor, project = request.state.signed_in.actor, request.state.project
    here, slug = request.url.path.strip("/"), project.slug
    # The bar holds the steps of the loop, "More" what is looked up, the menu of one's name what is about oneself. Each
    # link keeps its place on every page: a menu names the page of its own that is shown.
    menus: dict[str, list[HeaderLink]] = {"": [], "more": [], "person": []}
    for page in pages:
        menus[page.MENU].append(HeaderLink(gettext(page.TITLE), page_path(slug, page.PATH), here == page.PATH))
    # The same page of the others: what is chosen on it is of this project, and stays behind.
    mine = [
        HeaderLink(project_.name, page_path(project_.slug, here), project_.id == project.id)
        for project_ in projects.list_mine(actor)
    ]
    return Shell(
        actor.user_id,
        actor.name,
        str(project.role),
        actor.is_owner,
        project,
        mine,
        menus[""],
        menus["more"],
        menus["person"],
        next(link.title for links in menus.values() for link in links if link.is_here),
        page_path(slug, here),
        page_path(slug).rstrip("/"),
        notices.count_unread(actor),
    )
