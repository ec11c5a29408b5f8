"""Formats of prompt files, and the mapping that the names of the columns and the first rows suggest.

A format is one entry in one of the small files beside this one. The first that fits wins, so special ones come first.
"""

from collections.abc import Sequence
from typing import Any

from backend.errors import InvalidInput
from backend.services.prompts.formats import chats, completions, pairs, questions
from backend.services.prompts.formats.format import EXTERNAL_ID, Format, Look
from backend.services.prompts.mapping import Mapping

__all__ = ["FORMATS", "Format", "known_names", "recognise"]

FORMATS = (*pairs.FORMATS, *completions.FORMATS, *questions.FORMATS, *chats.FORMATS, *questions.PLAIN)


def recognise(columns: Sequence[str], rows: Sequence[Any]) -> tuple[Format, Mapping] | None:
    """The format of a file and its mapping; None where no column has a known name. Raises `InvalidInput`."""
    objects = tuple(row for row in rows if isinstance(row, dict))
    for is_lenient in (False, True):
        look = Look(tuple(columns), objects, is_lenient)
        for format in FORMATS:
            mapping = format.mapping(look)
            if mapping is None:
                continue
            if format.refusal:
                raise InvalidInput(f"This is {format.title}. {format.refusal}")
            return format, mapping
    return None


def known_names() -> frozenset[str]:
    """Every name, in lower case, that a column with a role goes by in some format."""
    return frozenset(name for format in FORMATS for names in format.roles.values() for name in names) | {EXTERNAL_ID}
