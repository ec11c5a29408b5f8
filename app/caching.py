"""How long a browser may keep an answer without asking again."""

import hashlib
from functools import cache

from app import own_files

ASSETS = "/assets/"
"""Gradio's own scripts and styles. Their names hold a hash of their text, so a browser asks once."""
THEME = "/theme.css"
FOR_GOOD = "max-age=31536000, immutable"


@cache
def theme_hash() -> str:
    """Return what Gradio puts behind the address of its theme: the hash of the text."""
    from app.theme import RondoTheme  # noqa: PLC0415 - Gradio, which a server that has just started lacks

    css: str = RondoTheme()._get_theme_css()  # type: ignore[no-untyped-call]
    return hashlib.sha256(css.encode()).hexdigest()


def rule(path: str, query: str, status: int) -> str:
    """Return the Cache-Control of an answer that says nothing itself. What holds somebody's data is not kept."""
    is_there = status in (200, 304)
    if is_there and (path.startswith(ASSETS) or own_files.is_named(path)):
        return f"public, {FOR_GOOD}"
    if is_there and path == THEME and query == f"v={theme_hash()}":
        return f"private, {FOR_GOOD}"
    # Scripts may import each other without a version: a browser asks whether its copy is still the newest.
    return "no-cache" if path.startswith(own_files.AT) else "no-store"
