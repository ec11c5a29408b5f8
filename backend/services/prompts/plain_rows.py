"""Rows whose prompt is one text and whose other columns are texts and whole numbers: read in one go."""

import hashlib
from collections.abc import Callable, Iterable
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

from backend.db.tables.prompt import LONGEST_ID
from backend.sameness import normal
from backend.services.prompts.canonical import canonical_turn, stored_turn
from backend.services.prompts.files import limits
from backend.services.prompts.mapping import Mapping
from backend.services.prompts.rows import MEDIA

PlainRow = tuple[str, str, str | None, str, int, bytes, str | None]
"""The first values of a `ParsedPrompt`, up to its external id."""
UNSURE = frozenset(["", *" \t\n\r\v\f\x1c\x1d\x1e\x1f[{(aHA"])
"""First characters of what may be a chat written out, blanks before it, or nothing at all."""
NUL = "\x00"


def reader(mapping: Mapping) -> Callable[[dict[str, Any]], PlainRow | None]:
    """Return what reads a row as `rows.parse` does, or returns None for one that it leaves to that: a bad one, too."""
    if not (mapping.is_simple and mapping.prompt):
        return lambda _row: None
    prompt, answer, kept, named = mapping.prompt, mapping.answer, mapping.metadata, mapping.external_id
    dropped = mapping.used if kept is None else frozenset[str]()

    def read(row: dict[str, Any]) -> PlainRow | None:
        text = row.get(prompt)
        if type(text) is not str or text[:1] in UNSURE or NUL in text or not MEDIA.isdisjoint(row):
            return None
        known = None if answer is None else row.get(answer)
        if type(known) is int:
            known = str(known)
        elif known is not None and (type(known) is not str or known[:1] in UNSURE or NUL in known):
            return None
        id_ = None if named is None else _id(row.get(named))
        if named is not None and id_ is None:
            return None
        extra = _extra(row.items() if kept is None else [(name, row.get(name)) for name in kept], dropped)
        if extra is None:
            return None
        written = encode_basestring(text)
        if len(written) > limits.ROW_BYTES // 2:
            return None
        if not (text.isascii() and extra.isascii() and (known is None or known.isascii())):
            try:
                f"{text}{extra}{known}".encode()
            except UnicodeEncodeError:  # half of a surrogate pair
                return None
            if text[0].isspace() or (known is not None and known[0].isspace()):
                return None
        digest = hashlib.sha256(f"[{canonical_turn('user', written)}]".encode()).digest()
        key = hashlib.blake2b(normal(text).encode(), digest_size=8).digest()
        stored = f"[{stored_turn('user', written)}]"
        return stored, text, known, extra, int.from_bytes(key, "big", signed=True), digest, id_

    return read


def _id(value: Any) -> str | None:
    """An external id that is a whole number, or a short text of printable ASCII without blanks; None for another."""
    if type(value) is int:
        value = str(value)
    is_plain = type(value) is str and 0 < len(value) <= LONGEST_ID and value.isascii() and value.isprintable()
    return value if is_plain and " " not in value else None


def _extra(items: Iterable[tuple[str, Any]], dropped: frozenset[str]) -> str | None:
    """The metadata as JSON, without empty columns; None for other values than texts without NUL and whole numbers."""
    parts = []
    for name, value in items:
        if value is None or name in dropped:
            continue
        if type(value) is str:
            parts.append(f"{_head(name)}{encode_basestring(value)}")
        elif type(value) is int:
            parts.append(f"{_head(name)}{value}")
        else:
            return None
    extra = f"{{{', '.join(parts)}}}"
    return None if "\\u0000" in extra else extra


@lru_cache(maxsize=1_000)
def _head(name: str) -> str:
    """A column's name as JSON, and a colon."""
    return f"{encode_basestring(name)}: "
