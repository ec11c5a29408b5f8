"""The cookies, signed with a key that stays in the data folder: a session's secret; and a sign-in that is under way."""

from typing import Any

from fastapi import Request, Response
from itsdangerous import BadSignature, TimestampSigner, URLSafeTimedSerializer

from backend import server_key
from backend.config import settings
from backend.services.people.sessions import SESSION_LASTS

COOKIE = "rondo_session"
FLOW = "rondo_sign_in"
FLOW_LASTS = 600


def put(response: Response, secret: str) -> None:
    """Give the browser the session's secret; scripts cannot read it, other sites cannot send it along."""
    response.set_cookie(
        COOKIE,
        _signer().sign(secret).decode(),
        max_age=int(SESSION_LASTS.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=settings().secure_cookies,
        path="/",
    )


def take(response: Response) -> None:
    """Make the browser forget."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=settings().secure_cookies)


def secret_in(request: Request) -> str | None:
    """Return the secret that the browser sent, if it was signed here. How long it is good for, the rows say."""
    signed = request.cookies.get(COOKIE)
    if signed is None:
        return None
    try:
        return _signer().unsign(signed).decode()
    except BadSignature:
        return None


def put_flow(response: Response, flow: dict[str, Any]) -> None:
    """Let the browser keep what proves that it began a sign-in elsewhere."""
    response.set_cookie(
        FLOW,
        _serializer().dumps(flow),
        max_age=FLOW_LASTS,
        httponly=True,
        samesite="lax",
        secure=settings().secure_cookies,
        path="/login/oidc",
    )


def take_flow(request: Request, response: Response) -> None:
    """Make the browser forget the sign-in: its answer is good for once."""
    if FLOW in request.cookies:
        response.delete_cookie(
            FLOW, path="/login/oidc", httponly=True, samesite="lax", secure=settings().secure_cookies
        )


def flow_in(request: Request) -> dict[str, Any] | None:
    """What was kept of the sign-in, if it was put there by us within the last ten minutes."""
    try:
        kept: dict[str, Any] = _serializer().loads(request.cookies.get(FLOW, ""), max_age=FLOW_LASTS)
    except BadSignature:
        return None
    return kept


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(server_key.read(), salt="rondo.sign-in")


def _signer() -> TimestampSigner:
    return TimestampSigner(server_key.read(), salt="rondo.session")
