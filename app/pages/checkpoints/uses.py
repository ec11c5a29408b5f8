"""How a checkpoint uses its weights, as its card shows it: the knobs of each way, and the lessons of a handbook."""

from typing import Any

from backend.services.checkpoints.wrappers import Use
from backend.translations import gettext, ngettext

MOST_SOURCES = 5
"""So many of the samples that a lesson cites are named."""


def shown_use(use: Use) -> dict[str, Any]:
    """One way to use the weights: its knobs, and the lessons of a handbook with some of the samples they cite."""
    lessons = [
        {
            "name": lesson["name"],
            "text": lesson["text"],
            "sources": lesson["sources"][:MOST_SOURCES],
            "more": gettext("and {more} more").format(more=f"{more:,}")
            if (more := len(lesson["sources"]) - MOST_SOURCES) > 0
            else "",
        }
        for lesson in use.lessons
    ]
    return {
        "name": use.name,
        "knobs": [{"name": name, "value": str(value)} for name, value in use.knobs.items()],
        "lessons": lessons,
        "number": ngettext("{number} lesson", "{number} lessons", len(lessons)).format(number=f"{len(lessons):,}"),
    }
