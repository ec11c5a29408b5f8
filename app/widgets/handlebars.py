"""What a page's templates show, drawn by the server: the same words and values, escaped as Gradio does in the browser.

Rondo's templates use little of Handlebars: {{path}}, #if, #unless, #each, else, `this` and @first. Of a template that
uses more, and of a value that JavaScript may write otherwise, `render` raises a ValueError.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from app.widgets import template_texts

_TAG = re.compile(r"(?<!\{)\{\{\s*(#\w+|/\w+|else)?\s*([\w.@]*)\s*\}\}(?!\})")
_WORDS = ("#if", "#unless", "#each")
_SPOKEN = re.compile(r' (?:aria-live="\w+"|role="(?:status|alert)")')
_MOST = 2**53
"""JavaScript's numbers are exact up to here."""


@dataclass(frozen=True)
class Path:
    """Stands for the value at a path."""

    path: str


@dataclass(frozen=True)
class TemplateBlock:
    """What stands between the two tags of a word, and what after its `else`."""

    word: str
    path: str
    then: "list[str | Path | TemplateBlock]" = field(default_factory=list)
    other: "list[str | Path | TemplateBlock]" = field(default_factory=list)


@dataclass(frozen=True)
class TemplateScope:
    """What a path begins at."""

    this: Any
    is_first: bool = False

    def at(self, path: str) -> Any:
        """The value at a path; None where there is none."""
        if path == "@first":
            return self.is_first
        value = self.this
        for name in path.split("."):
            if name != "this":
                value = value.get(name) if isinstance(value, dict) else None
        return value


def render(template: str, value: Any) -> str:
    """Return what the template shows of a value, in the language of who reads it.

    Its buttons are disabled: nothing listens to them yet. Nothing of it is announced: Gradio's own part will be.
    """
    return "".join(_drawn(_parsed(template_texts.translated(template)), TemplateScope({"value": value})))


@cache
def _parsed(template: str) -> list[str | Path | TemplateBlock]:
    whole: list[str | Path | TemplateBlock] = []
    around: list[tuple[TemplateBlock, list[str | Path | TemplateBlock]]] = []
    into, end = whole, 0
    for tag in _TAG.finditer(template):
        into.append(_text(template[end : tag.start()]))
        word, path, end = tag[1] or "", tag[2], tag.end()
        if path and not _is_known(path):
            raise ValueError(f"{tag[0]} is not drawn by the server, which knows names, this and @first.")
        if word in _WORDS and path:
            block = TemplateBlock(word, path)
            into.append(block)
            around.append((block, into))
            into = block.then
        elif word == "else" and around and not path:
            into = around[-1][0].other
        elif word and around and word == around[-1][0].word.replace("#", "/"):
            into = around.pop()[1]
        elif path and not word:
            into.append(Path(path))
        else:
            raise ValueError(f"{tag[0]} is not drawn by the server. Write it with #if, #unless, #each or else.")
    into.append(_text(template[end:]))
    if around:
        raise ValueError(f"{{{{{around[-1][0].word} {around[-1][0].path}}}}} is not closed.")
    return whole


def _is_known(path: str) -> bool:
    names = path.split(".")
    return path == "@first" or not any(not name or "@" in name or name == "length" for name in names)


def _text(text: str) -> str:
    if "{{" in text:
        raise ValueError(f"{text[text.index('{{') :][:40]!r} is not drawn by the server.")
    return _SPOKEN.sub("", text).replace("<button", "<button disabled")


def _drawn(pieces: list[str | Path | TemplateBlock], scope: TemplateScope) -> Iterator[str]:
    for piece in pieces:
        if isinstance(piece, str):
            yield piece
        elif isinstance(piece, Path):
            yield html.escape(_as_written(scope.at(piece.path)))
        elif piece.word == "#each":
            items = scope.at(piece.path) or []
            if not isinstance(items, list | tuple):
                raise ValueError(f"#each {piece.path} is over a {type(items).__name__}. Give it a list.")
            for place, item in enumerate(items):
                yield from _drawn(piece.then, TemplateScope(item, place == 0))
            if not items:
                yield from _drawn(piece.other, scope)
        else:
            is_wanted = _holds(scope.at(piece.path)) is (piece.word == "#if")
            yield from _drawn(piece.then if is_wanted else piece.other, scope)


def _holds(value: Any) -> bool:
    """As Handlebars sees it, to which an empty object is something."""
    return bool(value) or isinstance(value, dict)


def _as_written(value: Any) -> str:
    """As JavaScript writes it; a ValueError for what it may write in another way."""
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int | float) and abs(value) <= _MOST:
        text = str(int(value)) if value == int(value) else repr(float(value))
        if "e" not in text:
            return text
    raise ValueError(f"{str(value)[:40]!r} is a {type(value).__name__} that is not drawn by the server. Write it out.")
