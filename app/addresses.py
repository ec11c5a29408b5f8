"""Where pages are: /p/NAME/page, NAME being the project's slug; what a page asks for is at /p/NAME/gradio_api/...

Gradio serves its pages at /page, of no project in particular. The guard takes the project off the path, notes it on the
request and passes the rest on; so a click acts on the project that stands in the address of its page, whatever other
tabs show. An address without a project is that of the current one.
Links in a page are relative ("jobs?job=3", "./"), so they stay in the project that the page shows.
"""

import re
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from starlette.types import Scope

from app import html
from app.widgets import times
from backend.services import projects
from backend.services.people.sessions import SignedIn
from backend.services.projects import ProjectView, trash
from backend.translations import gettext

PREFIX = "/p/"
BESIDE = ("/gradio_api/", "/assets/", "/static/", "/theme.css")
"""What Gradio's pages ask for beside themselves, from where they are."""
OF_ROW = re.compile(r"/api/v1/(project|round)s/([0-9]{1,18})(?:/|$)")
LONGEST_NAME = 200
"""As much of a wrong name is repeated."""


def page_path(slug: str, page: str = "") -> str:
    """The path of a page, such as `jobs?job=3`, in a project; without a page that of its overview."""
    return f"{PREFIX}{quote(slug, safe='')}/{page.lstrip('/')}"


def inward(scope: Scope) -> Scope:
    """The request without the project in its path; its state holds the whole path and the project's name, or None."""
    path: str = scope["path"]
    state = scope.get("state", {}) | {"address": path, "project_name": None}
    if not path.startswith(PREFIX):
        return {**scope, "state": state}
    name, _, rest = path.removeprefix(PREFIX).partition("/")
    inner = f"/{rest}"
    state["project_name"] = name
    return {**scope, "state": state, "path": inner, "raw_path": quote(inner).encode()}


def ids(path: str) -> dict[str, int]:
    """The project or round that a REST address is of, for the log; nobody has looked whether there is one."""
    match = OF_ROW.match(path)
    return {match[1]: int(match[2])} if match else {}


def opens_page(request: Request, pages: frozenset[str]) -> bool:
    """Whether a signed-in person opens a page, of a project or, by an address without one, of the current one."""
    is_reading = request.method in ("GET", "HEAD") and request.state.signed_in is not None
    return is_reading and _page(request) in pages


def is_stray(request: Request, pages: frozenset[str]) -> bool:
    """Whether something is asked for below a project that is no project's."""
    is_below = request.state.project_name is not None
    return is_below and _page(request) not in pages and not request.url.path.startswith(BESIDE)


def find(request: Request) -> ProjectView | Response:
    """Return the project of the page that somebody opens, or where the page is, or that there is no such project."""
    name, path = request.state.project_name, _page(request)
    who: SignedIn = request.state.signed_in
    if name is None:
        return _to_current(request, who, path)
    project = projects.at(who.actor, name)
    if project is None:
        if (trashed := trash.at(who.actor, name)) is not None:
            times.see_from(request)
            since = times.moment(trashed.trashed_at)
            return html.page(
                request, "nowhere", title=gettext("In the trash"), status=404, trashed=trashed, since=since
            )
        # The same to whoever is not in it as where there is none.
        return html.page(request, "nowhere", title=gettext("No such project"), status=404, name=name[:LONGEST_NAME])
    here = page_path(project.slug, path)
    if request.state.address != f"{PREFIX}{project.slug}{path}":
        return _go(request, here)
    if who.project_id != project.id and who.session_id is not None:
        projects.choose(who.actor, project.id, session_id=who.session_id)
    return project


def _page(request: Request) -> str:
    return request.url.path.rstrip("/") or "/"


def _to_current(request: Request, who: SignedIn, path: str) -> Response:
    """An address from before projects were in it, or one that somebody typed."""
    project_id = projects.current(who.actor, who.project_id)
    if project_id is None:
        return RedirectResponse("/welcome", 303)
    return _go(request, page_path(projects.get(who.actor, project_id).slug, path))


def _go(request: Request, path: str) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(path + query, 303)
