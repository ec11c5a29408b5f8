"""Categories of prompts: the notes of their metadata that have a few values each, such as a topic or a difficulty."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from backend import boundary
from backend.differences import Difference

LONGEST_VALUE = 200
MOST_VALUES = 40
"""A note with more values than this tells prompts apart, and is no category."""
MOST_CATEGORIES = 200


@dataclass(frozen=True)
class ComparedCategory:
    """The prompts that have a value in a note, and what the two checkpoints answer right of them.

    Interval and p hold for all categories together (Bonferroni), since one of many differs by chance.
    """

    key: str
    value: Any
    difference: Difference

    @property
    def is_changed(self) -> bool:
        """Whether chance does not explain the difference."""
        return self.difference.is_sure


@dataclass(frozen=True)
class PromptCategory:
    """A value of a note, and the ids of the prompts that have it."""

    key: str
    value: Any
    ids: frozenset[int]


def is_category(key: str, value: Any) -> bool:
    """Whether a note and its value can be filtered by."""
    if isinstance(value, int | float) and not abs(value) < 2**63:
        return False  # beyond what a database holds, or no number
    # A path inside SQLite's JSON has no way to write a quotation mark.
    is_text = isinstance(value, str | int | float) and '"' not in key and len(str(value)) <= LONGEST_VALUE
    return is_text and boundary.fault_of(f"{key}{value}", LONGEST_VALUE + len(key)) is None


def categories_of(notes: Iterable[tuple[int, dict[str, Any]]], *, fewest: int) -> list[PromptCategory]:
    """The categories of prompts, (id, metadata), in order of keys and values; those of fewer prompts are left out, and
    notes of which all prompts have the same value."""
    by_value: dict[str, dict[tuple[type, Any], set[int]]] = defaultdict(dict)
    for id_, extra in notes:
        for key, value in extra.items():
            if isinstance(value, str | int | float):
                here, kind = by_value[key], (type(value), value)
                ids = here.get(kind)
                if ids is None and len(here) <= MOST_VALUES and is_category(key, value):
                    ids = here[kind] = set()
                if ids is not None:
                    ids.add(id_)
    named = {
        key: {json.dumps(value, ensure_ascii=False): ids for (_, value), ids in values.items()}
        for key, values in sorted(by_value.items())
        if 1 < len(values) <= MOST_VALUES
    }
    return [
        PromptCategory(key, json.loads(value), frozenset(ids))
        for key, values in named.items()
        for value, ids in sorted(values.items())
        if len(ids) >= fewest
    ][:MOST_CATEGORIES]
