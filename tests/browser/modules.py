"""Modules of `static/` in an empty page of the real browser, without a server."""

from pathlib import Path
from typing import Any

STATIC = Path(__file__).parents[2] / "static"
ORIGIN = "http://modules.test"
TYPES = {".js": "text/javascript", ".html": "text/html"}


def empty_page(chromium: Any) -> Any:
    """A page of its own, whose scripts can import /static/...; whatever else it asks for is not there."""
    context = chromium.new_context()
    context.route("**/*", _answer)
    page = context.new_page()
    page.goto(ORIGIN)
    return page


def _answer(route: Any) -> None:
    path = route.request.url.removeprefix(ORIGIN)
    if path == "/":
        return route.fulfill(body="<!doctype html><title>Modules</title>", content_type=TYPES[".html"])
    file = STATIC / path.removeprefix("/static/")
    if not path.startswith("/static/") or not file.is_file():
        return route.fulfill(status=404)
    return route.fulfill(body=file.read_text(encoding="utf-8"), content_type=TYPES[file.suffix])
