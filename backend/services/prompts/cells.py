"""Cells as text: what stands below a prompt."""

import json
from typing import Any

from backend.services.prompts.files.limits import WrittenNumber, type_name
from backend.services.prompts.messages import BadRow


def plain_text(value: Any, column: str | None) -> str:
    """A cell that goes into the prompt as text: a list of texts one below the other, nothing for an empty one."""
    if value is None or value == [] or value == {}:
        return ""
    if isinstance(value, str):
        return value.strip() and str(value)
    if isinstance(value, WrittenNumber):
        return value.text
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n\n".join(value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, bytes):
        raise BadRow(f"column {column!r} is {type_name(value)}, which a prompt cannot hold")
    return json.dumps(value) if isinstance(value, bool | int | float) else str(value)
