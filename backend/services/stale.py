"""Optimistic locking: a change names the version it is based on, and is refused with both contents if that is old."""

import json
from collections.abc import Mapping
from typing import Any

from backend.errors import Stale

SHOWN = 300
"""So many characters of a value are shown."""


def refuse(subject: str, read: int | None, version: int, current: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raise `Stale` where the version that was read is another one than the row has now.

    `read`: None where it was not said, which changes whatever is there. `given`: what would be written in place of
    `current`; None in it stays as it is.
    """
    if read is None or read == version:
        return
    others = {name: value for name, value in given.items() if value is not None and value != current[name]}
    differences = "; ".join(
        f"{name} is {_short(current[name])}, and you write {_short(value)}" for name, value in others.items()
    )
    raise Stale(
        f"{subject} was changed since you read it. Now {differences or 'it says what you write'}. Read it again, or "
        f"send it once more with version {version} to put yours in its place.",
        version=version,
    )


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]} …")
