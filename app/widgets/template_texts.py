"""The words in a Handlebars template: found, so that they can be translated, and put in their places.

A message is what stands between two tags of HTML or two blocks of Handlebars, its {{values}} in it, and each attribute
that is read out or shown. So a template is written in plain English, and nothing in it is marked.
"""

import ast
import html
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import IO, Any

from backend import translations

_SPLIT = re.compile(r"(<(?:[^<>{}\"]|\"[^\"]*\"|\{\{[^}]*\}\})*>|\{\{[#/][^}]*\}\}|\{\{else\}\}|<!--.*?-->)", re.DOTALL)
_ATTRIBUTE = re.compile(r'(\s(?:aria-label|title|placeholder|alt)=")([^"]*)(")')
_BLOCK = re.compile(r"(\{\{[#/][^}]*\}\}|\{\{else\}\})")
_VALUE = re.compile(r"\{\{[^}]*\}\}")
_WORD = re.compile(r"[^\W\d_]{2}")
_UNTOUCHED = re.compile(r"<(?:code|script|style)\b", re.IGNORECASE)


def texts(template: str) -> list[str]:
    """Return the messages of a template in their order."""
    seen: list[str] = []

    def note(text: str) -> str:
        seen.append(text)
        return text

    _through(template, note)
    return seen


@cache
def in_language(template: str, language: str) -> str:
    """Return the template with its words in that language. HTML in a translation is shown as text."""
    forms = translations.read(language, translations.PAGES).forms
    return _through(template, lambda text: html.escape(forms[text][0], quote=True) if text in forms else text)


def translated(template: str) -> str:
    """Return the template in the language of who reads it."""
    language = translations.language()
    return template if language == translations.SOURCE else in_language(template, language)


def _through(template: str, change: Callable[[str], str]) -> str:
    pieces, is_code = [], False
    for piece in _SPLIT.split(template):
        if piece.startswith("<"):
            is_code = bool(_UNTOUCHED.match(piece)) or (is_code and not piece.startswith("</"))
            pieces.append(_ATTRIBUTE.sub(lambda match: match[1] + _attribute(match[2], change) + match[3], piece))
        elif is_code or _BLOCK.fullmatch(piece):
            pieces.append(piece)
        else:
            pieces.append(_changed(piece, change))
    return "".join(pieces)


def _attribute(value: str, change: Callable[[str], str]) -> str:
    return "".join(part if _BLOCK.fullmatch(part) else _changed(part, change) for part in _BLOCK.split(value))


def _changed(piece: str, change: Callable[[str], str]) -> str:
    text = piece.strip()
    if not _WORD.search(_VALUE.sub("", text)):
        return piece
    start = piece.index(text)
    message = html.unescape(re.sub(r"\s+", " ", text))
    changed = change(message)
    return piece if changed == message else piece[:start] + changed + piece[start + len(text) :]


def extract(file: IO[bytes], keywords: Any, comment_tags: Any, options: Any) -> Iterator[tuple[Any, ...]]:
    """Tell Babel the messages of a module: those it marks, and the words of its templates.

    A template is whatever text holds HTML and is no docstring.
    """
    from babel.messages.extract import extract_python  # noqa: PLC0415 - only who translates needs it

    yield from extract_python(file, keywords, comment_tags, options)
    file.seek(0)
    module = ast.parse(file.read())
    docstrings = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
    for node in ast.walk(module):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in docstrings:
            continue
        if "</" in node.value:
            for text in texts(node.value):
                yield node.lineno, "N_", text, []
