"""Rows whose prompt is one text and whose other columns are texts and whole numbers: read in a third of the time."""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

from backend.sameness import normal
from backend.services.prompts.canonical import canonical_turn, stored_turn
from backend.services.prompts.files import limits
from backend.services.prompts.mapping import Mapping
from backend.services.prompts.rows import MEDIA

PlainRow = tuple[str, str, str | None, str, int, bytes]
"""The first values of a `ParsedPrompt`, up to its digest."""
UNSURE = frozenset(["", *" \t\n\r\v\f[{(aHA"])
"""First characters of what may be a chat written out, blanks before it, or nothing at all."""
NUL = "\x00"


def reader(mapping: Mapping) -> Callable[[dict[str, Any]], PlainRow | None]:
    """Return what reads a row as `rows.parse` does, or returns None for one that it leaves to that: a bad one, too."""
    if not (mapping.is_simple and mapping.prompt):
        return lambda _row: None
    prompt, answer, used, kept = mapping.prompt, mapping.answer, mapping.used, mapping.metadata

    def read(row: dict[str, Any]) -> PlainRow | None:
        text = row.get(prompt)
        if type(text) is not str or not _is_plain(text) or not MEDIA.isdisjoint(row):
            return None
        known = None if answer is None else row.get(answer)
        if type(known) is int:
            known = str(known)
        elif known is not None and (type(known) is not str or not (_is_plain(known) and _is_unicode(known))):
            return None
        parts = []
        for name, value in row.items() if kept is None else [(name, row.get(name)) for name in kept]:
            if value is None or (kept is None and name in used):
                continue
            if type(value) is str:
                parts.append(f"{_head(name)}{encode_basestring(value)}")
            elif type(value) is int:
                parts.append(f"{_head(name)}{value}")
            else:
                return None
        extra = f"{{{', '.join(parts)}}}"
        written = encode_basestring(text)
        if len(written) > limits.ROW_BYTES // 2 or "\\u0000" in extra or not _is_unicode(extra):
            return None
        try:
            digest = hashlib.sha256(f"[{canonical_turn('user', written)}]".encode()).digest()
        except UnicodeEncodeError:
            return None
        key = hashlib.blake2b(normal(text).encode(), digest_size=8).digest()
        stored = f"[{stored_turn('user', written)}]"
        return stored, text, known, extra, int.from_bytes(key, "big", signed=True), digest

    return read


def _is_plain(text: str) -> bool:
    """Whether the text is no chat, for sure, and says something."""
    first = text[:1]
    return first not in UNSURE and not first.isspace() and NUL not in text


def _is_unicode(text: str) -> bool:
    """Whether no half of a surrogate pair is in the text."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@lru_cache(maxsize=1_000)
def _head(name: str) -> str:
    """A column's name as JSON, and a colon."""
    return f"{encode_basestring(name)}: "
