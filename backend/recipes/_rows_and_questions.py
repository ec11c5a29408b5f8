"""Which rows may go into one training, and which questions a source may ask once more."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backend.prompt_sources import PromptSource
from backend.selectors import Selector
from backend.trainers import Trainer
from backend.values import DatasetType

if TYPE_CHECKING:
    from backend.recipes._walk import StepPlace


def type_of_rows(places: "Sequence[StepPlace]", place: "StepPlace", part: Trainer) -> DatasetType:
    """Return the type of the rows that a trainer reads: one that it takes, and the same for all.

    Raises `ValueError` where it is not.
    """
    kept = [(places[n], selector) for n in place.rows if isinstance(selector := places[n].step.part, Selector)]
    first, type_ = kept[0][0], kept[0][1].makes
    for before, selector in kept:
        if selector.makes not in part.takes:
            raise ValueError(
                f"{before} makes {selector.makes} examples, but {place} trains on {part.trains_on}. Choose a "
                "selector and a trainer that fit, or train twice."
            )
        if selector.makes is not type_:
            raise ValueError(
                f"{first} makes {type_} examples and {before} {selector.makes} examples, but the rows of one training "
                "are of one type. Choose selectors that make the same, or train twice."
            )
    return type_


def check_source(places: "Sequence[StepPlace]", place: "StepPlace", part: PromptSource) -> None:
    """Raise `ValueError` for a source that asks questions once more, or needs their texts, where it finds others."""
    number = place.source or 0
    asked = places[number].step.part
    while not isinstance(asked, PromptSource):  # a generator that made the groups
        number = places[number].source or 0
        asked = places[number].step.part
    about = f"those of step {number + 1} ({asked.name})"
    if part.asks_again and not asked.asks_as_written:
        raise ValueError(
            f"{place} asks prompts once more, and training rows get them as they are, but {about} are other questions. "
            "Put prompt_set or adopt before it."
        )
    if part.needs_parents and not asked.has_parents:
        raise ValueError(
            f"{place} reads questions that were written about documents, but {about} are about no text. Put adopt "
            "before it, or change its knob take."
        )


def knows_answers(places: "Sequence[StepPlace]", source: int) -> bool:
    """Whether known answers go with what a step asks, or with what it asks once more."""
    asked = places[source].step.part
    while not isinstance(asked, PromptSource) or asked.asks_again:
        source = places[source].source or 0
        asked = places[source].step.part
    return asked.knows_answers
