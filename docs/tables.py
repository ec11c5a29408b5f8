"""Tables and paragraphs of Markdown, as the generated pages have them."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined

LONGEST = 60


def default_text(value: Any) -> str:
    """A default as code; a dash for none, and no more than that it is a text where it is long."""
    if value in (None, "", [], ()) or value is PydanticUndefined:
        return "–"
    text = (
        value if isinstance(value, str) else str(value) if isinstance(value, Path) else json.dumps(value, default=str)
    )
    return "a text" if len(text) > LONGEST or "\n" in text else f"`{text}`"


def paragraphs(text: str | None) -> list[str]:
    """A docstring's paragraphs, each on one line, blank lines between them."""
    lines = [" ".join(part.split()) for part in (text or "").strip().split("\n\n")]
    return [line for part in lines for line in (part, "")][:-1]


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A Markdown table without the columns that are empty in every row."""
    kept = [place for place in range(len(header)) if any(row[place] for row in rows)]
    for cells in (header, ["---"] * len(header), *rows):
        yield f"| {' | '.join(cell(cells[place]) for place in kept)} |"


def cell(text: str) -> str:
    """A text on one line that cannot end its cell."""
    return " ".join(text.replace("\\|", "|").replace("|", "\\|").split())
