"""What every request passes, whichever page, file or route it asks for: origin, size, who is it, headers.

Plain ASGI around the whole application, Gradio's own routes included: nothing below can forget it.
"""

from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlsplit

import anyio
from fastapi import Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import addresses, caching, cookies, counted, html, languages, origin, payloads, proxies, request_bodies
from backend.config import settings
from backend.db import trouble
from backend.errors import Busy, written_out
from backend.log import about, tell_about
from backend.services.people import sessions
from backend.services.people.sessions import SignedIn

MONITORED = ("/healthz", "/readyz", "/metrics")
OPEN = ("/login", "/login/oidc", "/login/oidc/callback", "/favicon.ico", *MONITORED)
AGENTS = "/mcp"
# Parts of Gradio that Rondo does not use and that would only be something more to attack.
HIDDEN = (
    "/monitoring",
    "/manifest.json",
    "/pwa_icon",
    *(
        f"/gradio_api/{name}"
        for name in (
            "api/",
            "call",
            "custom_component",
            "deep_link",
            "dev",
            "info",
            "openapi.json",
            "process_recording",
            "profiling",
            "proxy=",
            "run",
            "stream",
            "token",
            "undo-vibe",
            "vibe",
        )
    ),
)

GRADIO_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "frame-src 'none'; object-src 'none'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'"
)
OWN_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
FILE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"


PAGE_OF = "Rondo-User"
"""The header in which a page that stays open names the person it was made for."""
ENDED = "Your session has ended."
UNKNOWN = "You are not signed in. Sign in, or send a token as Authorization: Bearer."

_lookups = anyio.CapacityLimiter(16)


class Guard:
    """The outermost application."""

    def __init__(self, app: ASGIApp, pages: frozenset[str] = frozenset()) -> None:
        self.app, self.pages = app, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            scope = addresses.inward(proxies.believed(scope))
            with about(**addresses.ids(scope["path"])):
                await self._request(scope, receive, counted.counting(scope, _with_headers(scope, send)))

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        refusal = _refuse(request) or await _identify(request)
        with languages.of_who_asks(request):
            refusal = refusal or await self._place(request)
            await (self._pass(request, receive, send) if refusal is None else refusal(scope, receive, send))

    async def _pass(self, request: Request, receive: Receive, send: Send) -> None:
        scope = request.scope
        if _wants_html(request):
            send = _with_lost_page(request, receive, send)
        receive = request_bodies.bounded(receive, request)
        if scope["path"].startswith(payloads.PREFIX):
            await payloads.pass_on(self.app, scope, receive, send, request.state.signed_in)
        else:
            await self.app(scope, receive, send)

    async def _place(self, request: Request) -> Response | None:
        """Note of which project a page is asked for; answer where that is elsewhere or nowhere."""
        if addresses.is_stray(request, self.pages):
            return html.lost(request)
        if not addresses.opens_page(request, self.pages):
            return None
        try:
            place = await anyio.to_thread.run_sync(addresses.find, request, limiter=_lookups)
        except trouble.DATABASE_ERRORS as problem:
            if (passing := trouble.as_busy(problem)) is None:
                raise
            return busy(passing)
        if isinstance(place, Response):
            return place
        request.state.project = place
        tell_about(project=place.id)
        return None


def error(status: int, type_: str, message: str, *, retry_after: int | None = None) -> JSONResponse:
    """The one shape of every error."""
    fields: dict[str, Any] = {"type": type_, "message": written_out(message)}
    if retry_after is None:
        return JSONResponse({"error": fields}, status)
    return JSONResponse(
        {"error": fields | {"retry_after": retry_after}}, status, headers={"Retry-After": str(retry_after)}
    )


def busy(problem: Busy) -> JSONResponse:
    """The answer to what the database did not get round to."""
    return error(503, "Busy", problem.message, retry_after=problem.retry_after)


def _with_lost_page(request: Request, receive: Receive, send: Send) -> Send:
    """Show a person who went where nothing is a page, not Gradio's JSON."""
    is_lost = False

    async def sending(message: Message) -> None:
        nonlocal is_lost
        if message["type"] == "http.response.start" and message["status"] == 404:
            is_lost = True
            await html.lost(request)(request.scope, receive, send)
        elif not is_lost:
            await send(message)

    return sending


def _refuse(request: Request) -> Response | None:
    path = request.url.path
    if path.startswith(HIDDEN):
        return error(404, "NotFound", "There is nothing here.")
    if request.method not in ("GET", "HEAD", "OPTIONS") and not _is_same_origin(request.headers):
        return error(403, "PermissionDenied", "This came from another site and was refused. Use Rondo's own pages.")
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > request_bodies.most_bytes(path):
        return error(413, "InvalidInput", request_bodies.too_large(path))
    return None


def _is_same_origin(headers: Headers) -> bool:
    """Whether our own page or no browser at all sent this: browsers say where a changing request comes from."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


async def _identify(request: Request) -> Response | None:
    """Note who is signed in on the request; refuse what is not open to everyone."""
    path = request.url.path
    request.state.signed_in = None
    if path.startswith(("/static/", caching.ASSETS)) or path in MONITORED:
        return None  # these wait for nothing: a page has some seventy of them, which hold nobody's data
    try:
        who = await anyio.to_thread.run_sync(_who, request, limiter=_lookups)
    except trouble.DATABASE_ERRORS as problem:
        if (passing := trouble.as_busy(problem)) is None:
            raise
        return busy(passing)
    request.state.signed_in = who
    if path in OPEN or path.startswith("/login/link/"):
        return None
    if who is None and _wants_html(request):
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/login?next={quote(quote(request.state.address) + query)}", 303)
    if who is None:
        return error(401, "NotSignedIn", ENDED if PAGE_OF in request.headers else UNKNOWN)
    return None


def _wants_html(request: Request) -> bool:
    is_page = not request.url.path.startswith(("/api/", "/gradio_api/", "/assets/", AGENTS))
    return is_page and request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", "")


def _who(request: Request) -> SignedIn | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    is_agent = request.url.path == AGENTS
    if scheme.lower() == "bearer" and (is_agent or request.url.path.startswith("/api/")):
        return sessions.look_up_token(token.strip())
    if is_agent:
        return None  # an agent has a token: a browser that is signed in does not ask here
    secret = cookies.secret_in(request)
    who = sessions.look_up(secret) if secret else None
    return replace(who, actor=replace(who.actor, via=origin.via(request))) if who else None


def _policy(path: str) -> str:
    if path.startswith("/gradio_api/file"):
        return FILE_POLICY
    is_own = path.startswith((*OPEN, AGENTS, "/static/", "/api/", "/welcome", "/projects"))
    return OWN_POLICY if is_own else GRADIO_POLICY


def _with_headers(scope: Scope, send: Send) -> Send:
    """Add the security headers to whatever answers."""
    path: str = scope["path"]
    query = scope.get("query_string", b"").decode("latin-1")

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Content-Security-Policy"] = _policy(path)
            headers["X-Content-Type-Options"] = "nosniff"
            headers["X-Frame-Options"] = "DENY"
            headers["Referrer-Policy"] = "same-origin"
            headers["Cross-Origin-Opener-Policy"] = "same-origin"
            headers["Cross-Origin-Resource-Policy"] = "same-origin"
            headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
            if settings().secure_cookies:
                headers["Strict-Transport-Security"] = "max-age=31536000"
            kept = caching.rule(path, query, message["status"])
            if caching.FOR_GOOD in kept:
                headers["Cache-Control"] = kept
            else:
                headers.setdefault("Cache-Control", kept)
        await send(message)

    return sending
