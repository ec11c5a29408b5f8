"""An answer of a bounded size: what is too long loses the ends of its texts, not rows."""

import json
from typing import Any

CUTS = (10_000, 5_000, 2_000, 1_000, 500, 200, 50)
"""The characters that each text keeps, from one try to the next."""


def written(value: Any, most: int) -> str | None:
    """Return the value as JSON of at most so many characters; None where it is longer with all texts cut short."""
    text = json.dumps(value, ensure_ascii=False)
    for longest in CUTS:
        if len(text) <= most:
            return text
        text = json.dumps(_cut(value, longest), ensure_ascii=False)
    return text if len(text) <= most else None


def _cut(value: Any, longest: int) -> Any:
    if isinstance(value, list):
        return [_cut(item, longest) for item in value]
    if not isinstance(value, dict):
        return value
    text = value.get("untrusted_text")
    if not isinstance(text, str) or len(text) <= longest:
        return {name: _cut(item, longest) for name, item in value.items()}
    whole = value.get("from_character", 0) + len(text)
    return {"is_cut_from_characters": whole} | value | {"untrusted_text": text[:longest]}
