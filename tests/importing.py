"""Files of prompts for tests, put where an import by path finds them."""

import json

from backend.config import settings
from backend.services import prompts
from backend.services.access import Actor


def put(name: str, content: str | bytes) -> str:
    """A file in the data folder's imports; returns the name to import it by."""
    path = settings().folder / "imports" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


def lines(*values: object) -> str:
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def texts(actor: Actor, set_id: int) -> list[str]:
    return [row.text for row in prompts.browse(actor, set_id, limit=200).rows]
