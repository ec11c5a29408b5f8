"""The doors: signing in by password, link or provider; signing out; making a project. No script is needed."""

from dataclasses import asdict
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from app import cookies, gate, html, languages
from app.addresses import page_path
from backend import translations
from backend.errors import Conflict, InvalidInput, NotSignedIn, RondoError, TooManyAttempts
from backend.services import projects
from backend.services.people import oidc, sessions
from backend.services.projects import trash
from backend.translations import N_, gettext

router = APIRouter(include_in_schema=False)

Text = Annotated[str, Form()]

STILL_OPENING = N_("Rondo has just started and still makes its pages: signing in takes some seconds more.")


@router.get("/login")
async def show_login(request: Request, next: str = "/", language: str = "") -> Response:
    """Show the form, or go on when somebody is signed in already. A language that is chosen is kept by the browser."""
    if language in translations.LANGUAGES or language == languages.OF_BROWSER:
        return _chosen(language, f"/login?next={quote(_local(next))}")
    if request.state.signed_in is not None:
        return _go(next)
    return _form(request, next=next)


@router.post("/login")
async def sign_in(request: Request, name: Text, password: Text, next: Text = "/") -> Response:
    """Check the password. Many at once wait here for their turn, and for no thread that a page needs."""
    address = request.client.host if request.client else "unknown"

    def enter() -> Response:
        return _enter(request, sessions.sign_in(name.strip(), password, address=address), next)

    try:
        return await gate.passwords.run(enter)
    except (NotSignedIn, TooManyAttempts) as error:
        status = 429 if isinstance(error, TooManyAttempts) else 401
        return _form(request, status=status, problem=error.message, next=next, name=name, retry_after=error.retry_after)


@router.get("/login/link/{token}")
def show_link(request: Request, token: str, language: str = "") -> Response:
    """Ask before the link is used up: mail scanners and browsers fetch links that nobody clicked."""
    if language in translations.LANGUAGES:
        return _chosen(language, f"/login/link/{quote(token)}")
    name = sessions.peek_link(token)
    elsewhere = oidc.provider() if name else None
    return html.page(
        request,
        "link",
        title=gettext("Sign in"),
        status=200 if name else 410,
        name=name,
        provider=elsewhere,
        token=token,
        hint=_hint(request),
    )


@router.post("/login/link/{token}")
def use_link(request: Request, token: str) -> Response:
    """Use the link up."""
    try:
        secret = sessions.sign_in_with_link(token)
    except NotSignedIn:
        return html.page(request, "link", title=gettext("Sign in"), status=410, name=None, token=token)
    return _enter(request, secret, "/")


@router.get("/login/oidc")
async def go_to_provider(request: Request, next: str = "/", link: str = "") -> Response:
    """Send the person to the provider that the settings name."""
    # A link of someone else's, sent by another site, would sign this person in as that one.
    if link and request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return _form(request, status=403, problem="Open the link you were sent, and sign in from there.", next=next)
    try:
        address, flow = await gate.provider.run(lambda: oidc.begin(_callback(request), next=_local(next), link=link))
    except RondoError as error:
        return _form(request, status=401, problem=error.message, next=next)
    response = RedirectResponse(address, 303)
    cookies.put_flow(response, asdict(flow))
    return response


@router.get("/login/oidc/callback")
async def come_from_provider(request: Request) -> Response:
    """Take what the provider answered."""
    kept = cookies.flow_in(request)
    flow = oidc.SignInFlow(**kept) if kept else None

    def enter() -> Response:
        secret = oidc.finish(flow, _callback(request), request.query_params)
        return _enter(request, secret, flow.next if flow else "/")

    try:
        response = await gate.provider.run(enter)
    except RondoError as error:
        response = _form(request, status=401, problem=error.message)
    cookies.take_flow(request, response)
    return response


@router.post("/logout")
def sign_out(request: Request) -> Response:
    """End this browser's session."""
    secret = cookies.secret_in(request)
    if secret is not None:
        sessions.sign_out(secret)
    response = RedirectResponse("/login", 303)
    cookies.take(response)
    # What this browser kept of the pages goes with the session.
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@router.get("/welcome")
def show_welcome(request: Request) -> Response:
    """Offer to make a project."""
    return _welcome(request)


@router.post("/welcome")
def create_project(request: Request, name: Text) -> Response:
    """Make a project and look at it."""
    who = request.state.signed_in
    try:
        project_id = projects.create(who.actor, name)
    except (Conflict, InvalidInput) as error:
        return _welcome(request, status=422, problem=error.message, name=name)
    return _go(page_path(projects.get(who.actor, project_id).slug))


def _form(
    request: Request,
    *,
    status: int = 200,
    problem: str = "",
    next: str = "/",
    name: str = "",
    retry_after: int | None = None,
) -> Response:
    """The sign-in form, with a way to the provider where one is set up."""
    response = html.page(
        request,
        "login",
        title=gettext("Sign in"),
        status=status,
        problem=problem,
        next=_local(next),
        name=name,
        provider=oidc.provider(),
        hint=_hint(request),
    )
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _chosen(language: str, path: str) -> Response:
    """Go on in that language, which the browser keeps."""
    response = RedirectResponse(path, 303)
    if language == languages.OF_BROWSER:
        languages.take(response)
    else:
        languages.put(response, language)
    return response


def _hint(request: Request) -> str:
    """What to wait for; empty once all pages are there."""
    return gettext(STILL_OPENING) if getattr(request.app.state, "opening", []) else ""


def _callback(request: Request) -> str:
    return f"{str(request.base_url).rstrip('/')}/login/oidc/callback"


def _welcome(request: Request, *, status: int = 200, problem: str = "", name: str = "") -> Response:
    who = request.state.signed_in
    actor = who.actor
    title = gettext("New project") if actor.is_owner else gettext("No project yet")
    return html.page(
        request,
        "welcome",
        title=title,
        status=status,
        problem=problem,
        name=name,
        user=actor.name,
        is_owner=actor.is_owner,
        has_project=projects.current(actor, who.project_id) is not None,
        has_trash=bool(trash.list_mine(actor)),
    )


def _enter(request: Request, secret: str, next: str) -> Response:
    old = cookies.secret_in(request)
    if old is not None:
        sessions.sign_out(old)
    response = _go(next)
    cookies.put(response, secret)
    return response


def _go(path: str) -> RedirectResponse:
    return RedirectResponse(_local(path), 303)


def _local(path: str) -> str:
    """The path if it stays on this site, else the start page."""
    is_local = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_local and not path.startswith(("/login", "/api/")) else "/"
