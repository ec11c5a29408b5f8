"""One held-out prompt: what it asks, and the whole answers of several checkpoints."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.errors import NotFound
from backend.services.access import Actor, require
from backend.services.held_out import measured
from backend.services.held_out.measured import Measurement, Verdicts
from backend.services.held_out.words import Piece, changes
from backend.services.results.accuracies import ACCURACY
from backend.values import JSON, Role, SampleKind, Split, Verdict


@dataclass(frozen=True)
class JudgeWords:
    """What a judge said of an answer."""

    judge: str
    score: float | None
    verdict: Verdict | None
    rationale: str


@dataclass(frozen=True)
class Full:
    """A checkpoint's greedy answer. `is_right` None: not known. `text` None: it was not asked, or gave no answer.

    `verifier`: what computed whether it is right, where that is noted. `words`: of judges, where any saw it. `others`:
    how many more answers it drew at temperature 1.
    """

    measurement: Measurement
    is_right: bool | None
    text: str | None
    reasoning: str = ""
    finish_reason: str = ""
    num_tokens: int = 0
    verifier: str = ""
    words: tuple[JudgeWords, ...] = ()
    others: int = 0
    was_asked: bool = True


@dataclass(frozen=True)
class HeldOutPrompt:
    """A held-out prompt. `notes`: its metadata. `changes`: from the first answer to the last, word by word; empty where
    one of them is missing or only one checkpoint is chosen."""

    id: int
    messages: list[Any]
    answer: str | None
    notes: JSON
    answers: tuple[Full, ...]
    changes: tuple[Piece, ...]


def detail(actor: Actor, project_id: int, prompt_id: int, checkpoint_ids: Sequence[int]) -> HeldOutPrompt:
    """The prompt with what these checkpoints answered; raises `NotFound` where none of them was asked it."""
    missing = f"There is no prompt {prompt_id} among the held-out prompts of these checkpoints. Choose one of the list."
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        ids = [*dict.fromkeys(checkpoint_ids)]
        chosen = measured.choose(measured.all_of(db, project_id, ids), ids)
        verdicts = measured.verdicts_of(db, chosen)
        asked_in = _asked_in(db, prompt_id, chosen)
        if not asked_in:
            raise NotFound(missing)
        row = db.get_one(tables.Prompt, prompt_id)
        answers = _answers(db, prompt_id, chosen, verdicts, asked_in)
        prompt = HeldOutPrompt(row.id, row.messages, row.answer, row.extra, answers, ())
    old, new = (answers[0].text, answers[-1].text) if len(answers) > 1 else (None, None)
    if old is None or new is None:
        return prompt
    return HeldOutPrompt(**vars(prompt) | {"changes": tuple(changes(old, new))})


def _asked_in(db: Session, prompt_id: int, chosen: Sequence[Measurement]) -> set[int]:
    """The rounds among those of the measurements that asked the prompt."""
    group, ids = tables.Group, {measurement.round_id for measurement in chosen}
    query = select(group.round_id).where(
        group.prompt_id == prompt_id, group.round_id.in_(ids), group.split == Split.held_out
    )
    return set(db.scalars(query))


def _answers(
    db: Session,
    prompt_id: int,
    chosen: Sequence[Measurement],
    verdicts_of_chosen: Sequence[Verdicts],
    asked_in: set[int],
) -> tuple[Full, ...]:
    sample = tables.Sample
    query = select(sample).where(
        sample.prompt_id == prompt_id,
        sample.round_id.in_({measurement.round_id for measurement in chosen}),
        sample.split == Split.held_out,
        sample.kind == SampleKind.completion,
    )
    by_place: dict[tuple[int, int | None], list[tables.Sample]] = defaultdict(list)
    for row in db.scalars(query.order_by(sample.position)):
        by_place[row.round_id, row.checkpoint_id].append(row)
    words = _words(db, [row.id for rows in by_place.values() for row in rows if row.position == 0])
    verifiers = _verifiers(db, chosen)
    full = []
    for measurement, verdicts in zip(chosen, verdicts_of_chosen, strict=True):
        rows = by_place[measurement.round_id, measurement.checkpoint_id]
        first = next((row for row in rows if row.position == 0), None)
        is_right, verifier = verdicts.of(prompt_id), verifiers.get(measurement.metric_id or 0, "")
        if first is None:
            full.append(
                Full(measurement, is_right, None, verifier=verifier, was_asked=measurement.round_id in asked_in)
            )
            continue
        full.append(
            Full(
                measurement,
                is_right,
                first.text,
                first.reasoning or "",
                first.finish_reason,
                first.num_tokens,
                verifier,
                words.get(first.id, ()),
                len(rows) - 1,
            )
        )
    return tuple(full)


def _words(db: Session, sample_ids: Sequence[int]) -> dict[int, tuple[JudgeWords, ...]]:
    judgment = tables.Judgment
    query = select(judgment).where(judgment.sample_id.in_(sample_ids)).order_by(judgment.id)
    words: dict[int, tuple[JudgeWords, ...]] = {}
    for row in db.scalars(query) if sample_ids else ():
        words[row.sample_id] = (
            *words.get(row.sample_id, ()),
            JudgeWords(row.judge, row.score, row.verdict, row.rationale),
        )
    return words


def _verifiers(db: Session, chosen: Sequence[Measurement]) -> dict[int, str]:
    """What computed right and wrong, by the metric's row."""
    metric = tables.Metric
    ids = [measurement.metric_id for measurement in chosen if measurement.metric_id is not None]
    query = select(metric.id, metric.details["measured_by"]["metrics"]).where(metric.id.in_(ids))
    return {id_: _verifier(listed) for id_, listed in db.execute(query)} if ids else {}


def _verifier(listed: Any) -> str:
    parts = [metric for metric in listed or () if isinstance(metric, dict) and metric.get("name") == ACCURACY]
    verifier = parts[0].get("verifier") if parts else None
    return str(verifier.get("name", "")) if isinstance(verifier, dict) else ""
