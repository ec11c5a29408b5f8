"""In which language a request is answered, and the cookie of who chose one before signing in."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from fastapi import Request, Response
from markupsafe import Markup

from backend import translations
from backend.config import settings
from backend.services.people.sessions import SignedIn

COOKIE = "rondo_language"
OF_BROWSER = "browser"
"""Chosen where a language is: none of ours, but what the browser asks for."""
LASTS = 365 * 24 * 3600


def of(request: Request) -> str:
    """Return the language for who asks. Programs, which have a token, get English."""
    who: SignedIn | None = getattr(request.state, "signed_in", None)
    if who is not None and who.session_id is None:
        return translations.SOURCE
    accepted = request.headers.get("accept-language", "")
    return translations.of_request(who.language if who else None, request.cookies.get(COOKIE), accepted)


@contextmanager
def of_who_asks(request: Request) -> Iterator[None]:
    """Answer in their language, and note it on the request for what runs elsewhere, as Gradio's events do."""
    request.state.language = of(request)
    with translations.using(request.state.language):
        yield


def take(response: Response) -> None:
    """Have the browser ask as its own settings say."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=settings().secure_cookies)


def put(response: Response, language: str) -> None:
    """Have the browser ask in this language until an account says otherwise."""
    response.set_cookie(
        COOKIE, language, max_age=LASTS, httponly=True, samesite="lax", secure=settings().secure_cookies, path="/"
    )


def messages() -> Markup:
    """Return the element in which a page brings the words of its scripts."""
    return _element(translations.language())


@cache
def _element(language: str) -> Markup:
    written = json.dumps(translations.script_messages(language), ensure_ascii=False).replace("<", "\\u003c")
    return Markup(f'<script type="application/json" id="messages">{written}</script>')
