"""The one cookie: a session's secret, signed with a key that stays in the data folder."""

import os
import secrets
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from fastapi import Request, Response
from itsdangerous import BadSignature, TimestampSigner

from backend.config import settings
from backend.services.sessions import SESSION_LASTS

COOKIE = "rondo_session"


def put(response: Response, secret: str) -> None:
    """Give the browser the session's secret; scripts cannot read it, other sites cannot send it along."""
    response.set_cookie(
        COOKIE,
        _signer(settings().folder).sign(secret).decode(),
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
        return _signer(settings().folder).unsign(signed).decode()
    except BadSignature:
        return None


@lru_cache(maxsize=4)
def _signer(folder: Path) -> TimestampSigner:
    return TimestampSigner(_key(folder / "secret.key"), salt="rondo.session")


def _key(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written aside and linked into place: a second process never reads a key that is half there.
        aside = path.with_suffix(f".{secrets.token_hex(8)}")
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
        with suppress(FileExistsError):
            path.hardlink_to(aside)
        aside.unlink()
    return path.read_text().strip()
