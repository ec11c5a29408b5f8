"""What knobs come to: how many rows, what is dropped and why, how much longer the chosen texts are, ten examples."""

import heapq
from dataclasses import dataclass

import numpy as np
from pydantic import ValidationError
from sqlalchemy import func, select

from backend.db import reading, tables
from backend.errors import InvalidInput
from backend.selectors._margins import DecidedPairs, decide, length_gap
from backend.selectors.margin_pairs import MarginPairs
from backend.services import refusals
from backend.services.access import Actor
from backend.services.pairs import openings
from backend.services.pairs.openings import NAME, PairOpening
from backend.values import JSON

SHOWN = 10
MOST_CATEGORIES = 50
CUT = 400
"""Characters of each text of an example."""


@dataclass(frozen=True)
class PairShown:
    """A pair with the beginnings of its texts; `margin` None where people set the two apart."""

    prompt_id: int
    prompt: str
    chosen_id: int
    chosen: str
    rejected_id: int
    rejected: str
    margin: float | None


@dataclass(frozen=True)
class PairPreview:
    """`dropped`: prompts without a pair by reason. `length_gap`: characters that the chosen texts are longer on
    average, None without pairs. `categories`: pairs of each, of more than 50 those with the most; `num_categories`: how
    many there are. `unfit`: the round's trainer, where it reads no pairs. `is_blind`: people are to decide on the texts
    before they know what the judge said, and there are no examples until they have."""

    round_id: int
    token: str
    samples: int
    prompts: int
    rows: int
    dropped: dict[str, int]
    length_gap: float | None
    categories: dict[str, int]
    num_categories: int
    examples: tuple[PairShown, ...]
    unfit: str = ""
    is_blind: bool = False


def parse(knobs: JSON) -> MarginPairs:
    """Return the selector of these knobs; raises `InvalidInput` with the knob's name."""
    try:
        return MarginPairs(**{name: value for name, value in knobs.items() if name != "name"})
    except (ValidationError, TypeError) as error:
        message = refusals.explain(error) if isinstance(error, ValidationError) else str(error)
        raise InvalidInput(message) from error


def preview(actor: Actor, round_id: int, knobs: JSON, *, token: str = "") -> PairPreview:
    """Return what the selector with these knobs makes of a round's samples as they were when the page was opened."""
    selector = parse(knobs)
    opening = openings.opened(actor, round_id, token) if token else openings.open_round(actor, round_id)
    return of_opening(opening, selector)


def of_opening(opening: PairOpening, selector: MarginPairs) -> PairPreview:
    """The preview of what was loaded."""
    pool = opening.candidates
    codes, names = opening.categories(selector.category) if selector.category else (None, ())
    decided = decide(pool, selector.knobs, categories=codes)
    counts = np.bincount(codes[decided.group], minlength=len(names)).tolist() if codes is not None else []
    return PairPreview(
        opening.round_id,
        opening.token,
        len(pool.ids),
        pool.groups,
        len(decided.chosen),
        decided.dropped,
        length_gap(pool, decided),
        _largest(dict(zip(names, counts, strict=True))),
        len(names),
        () if opening.is_blind else _examples(opening, decided),
        opening.unfit,
        opening.is_blind,
    )


def _largest(categories: dict[str, int]) -> dict[str, int]:
    """The categories with the most pairs, in their order by name."""
    kept = set(heapq.nlargest(MOST_CATEGORIES, categories, key=categories.__getitem__))
    return {name: count for name, count in categories.items() if name in kept}


def _examples(opening: PairOpening, decided: DecidedPairs) -> tuple[PairShown, ...]:
    """Ten pairs at equal distances, so that they stand for all of them."""
    pool, sample, prompt = opening.candidates, tables.Sample, tables.Prompt
    if not len(decided.chosen):
        return ()
    places = np.unique(np.linspace(0, len(decided.chosen) - 1, SHOWN).astype(int))
    chosen, rejected = (pool.ids[column[places]].tolist() for column in (decided.chosen, decided.rejected))
    prompts = pool.prompt_ids[decided.group[places]].tolist()
    with reading() as db:
        cut = select(sample.id, func.substr(sample.text, 1, CUT)).where(sample.id.in_([*chosen, *rejected]))
        texts: dict[int, str] = dict(db.execute(cut).tuples().all())
        asked = select(prompt.id, func.substr(prompt.text, 1, CUT)).where(prompt.id.in_(prompts))
        questions: dict[int, str] = dict(db.execute(asked).tuples().all())
    margins = [None if value != value else float(value) for value in decided.margin[places].tolist()]
    return tuple(
        PairShown(
            number, questions.get(number, ""), chosen_id, texts.get(chosen_id, ""), other, texts.get(other, ""), margin
        )
        for number, chosen_id, other, margin in zip(prompts, chosen, rejected, margins, strict=True)
    )


def as_selector(selector: MarginPairs) -> JSON:
    """The selector as a recipe holds it."""
    return {"name": NAME} | selector.model_dump(mode="json")
