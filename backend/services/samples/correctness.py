"""Whether samples are right, by the known answers of their prompts: what a list shows beside what the judge said."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import answers
from backend.answers import equality, numbers
from backend.answers.reading import Kind
from backend.db import tables
from backend.errors import UnknownPart
from backend.judges import Judge
from backend.judges.countdown import Countdown
from backend.judges.exact_match import ExactMatch
from backend.metrics.held_out_accuracy import HeldOutAccuracy
from backend.services.samples.rows import SampleRow
from backend.values import Group, Prompt, Sample, Verdict

LONGEST = 20_000
"""Characters of a text that a list looks through; of longer ones it says nothing."""


def checked(db: Session, round_: tables.Round, rows: Sequence[SampleRow]) -> list[SampleRow]:
    """The rows with whether each is right."""
    right = correct_by_sample(db, round_, [row.id for row in rows])
    return [replace(row, is_correct=right.get(row.id)) for row in rows]


def correct_by_sample(db: Session, round_: tables.Round, ids: Sequence[int]) -> dict[int, bool]:
    """Which of these samples are right and which are wrong.

    What answers no prompt, and what would take long to compare, is left out. The verifier is the one that measures
    held-out accuracy in the round's recipe, where it is `exact_match` or `countdown`: others run programs, import large
    libraries or ask models, which no list waits for. Nor does one run a recipe's own regular expression, which may
    take for ever on one text while nobody else is answered.
    """
    verifier = verifier_of(round_)
    if verifier is None or not ids:
        return {}
    sample, prompt, group = tables.Sample, tables.Prompt, tables.Group
    query = (
        select(
            sample.id,
            sample.text,
            sample.finish_reason,
            prompt.id,
            prompt.messages,
            prompt.answer,
            group.messages,
            group.answer,
            group.parent_id,
        )
        .join(prompt, prompt.id == sample.prompt_id)
        .join(group, group.id == sample.group_id)
        .where(sample.id.in_(ids))
    )
    by_sample: dict[int, bool] = {}
    for id_, text, finish, prompt_id, messages, answer, asked, own, parent_id in db.execute(query):
        known = own if own is not None else answer
        # Asked of the query, SQLite would begin with all groups that have no parent, and walk through all samples.
        if parent_id is None and len(text) <= LONGEST:
            sample_ = Sample(id_, prompt_id, text, finish_reason=finish)
            is_right = is_correct(verifier, Prompt(prompt_id, asked or messages, known), sample_)
            by_sample |= {} if is_right is None else {id_: is_right}
    return by_sample


def verifier_of(round_: tables.Round) -> Judge | None:
    """What says in a list whether a sample of the round is right; None where only slow ones could."""
    measures: list[Any] = round_.recipe.get("metrics") or []
    metric = next(
        (measure for measure in measures if isinstance(measure, dict) and measure.get("name") == "held_out_accuracy"),
        None,
    )
    if metric is None:
        return ExactMatch()
    try:
        verifier = HeldOutAccuracy.load(metric).verifier
    except (ValidationError, UnknownPart):
        return None
    if isinstance(verifier, ExactMatch):
        return None if verifier.pattern else verifier
    return verifier if isinstance(verifier, Countdown) else None


def is_correct(verifier: Judge, prompt: Prompt, sample: Sample) -> bool | None:
    """Whether a sample is right; None where no answer is known, or a formula would have to be calculated."""
    if isinstance(verifier, ExactMatch) and (prompt.answer is None or _takes_long(prompt.answer, sample.text)):
        return None
    judgments = verifier.judge(None, [Group(prompt, (sample,))], seed=0)
    verdict = verifier.label(judgments)[1]
    # An answer that cannot be read is wrong, as for held-out accuracy.
    return verdict is Verdict.accept


def _takes_long(answer: str, text: str) -> bool:
    """Whether the two would be compared by a computer algebra system."""
    known = answers.Known.of(answer)
    if known.kind is Kind.formula:
        return True
    stated = answers.find(text, known)
    return stated is not None and numbers.parse(stated.answer) is None and equality.is_formula(stated.answer)
