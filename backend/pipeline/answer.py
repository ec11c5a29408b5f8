"""Answering prompts batch by batch: shared by the generate stage and by measuring."""

import logging
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Insert, insert, literal, or_, select

from backend import values
from backend.boundary import clean
from backend.db import now, reading, tables
from backend.db.bulk import insert_rows
from backend.engines import Engine
from backend.errors import ContextOverflow, InvalidInput
from backend.pipeline import groups as group_values
from backend.pipeline.groups import GroupRow
from backend.pipeline.stage import StageContext
from backend.values import Split

log = logging.getLogger("rondo.pipeline")

Answer = Callable[[Sequence[values.Prompt], int], list[list[values.Sample]]]
"""Prompts of one batch and the batch's number in; the samples of each prompt out."""

SCORE_LIKE = re.compile(r"\bscore\s*[:=]\s*-?\d", re.IGNORECASE)


def too_long(engine: Engine, prompt: values.Prompt) -> bool:
    """Whether not even one new token fits after the prompt."""
    length = engine.count_tokens(prompt.messages)
    is_too_long = length is not None and engine.context_length is not None and length >= engine.context_length
    if is_too_long:
        log.warning(
            "Prompt %s has %s tokens; the context holds %s. It is left out.", prompt.id, length, engine.context_length
        )
    return is_too_long


def answer_missing(
    stage: StageContext,
    rows: Sequence[GroupRow],
    *,
    engine: Engine | None,
    checkpoint_id: int,
    answer: Answer,
    seed: int,
) -> int:
    """Answer the batches that have no samples of this checkpoint yet; return how many prompts were too long.

    Batches are cut by position and written whole, so a rerun sees the same batches and makes the same samples.
    """
    left_out = 0
    with reading() as db:
        have = group_values.sample_counts(db, rows, checkpoint_id=checkpoint_id)
    for number, batch in enumerate(group_values.chunks(rows, stage.recipe.groups_per_batch)):
        with reading() as db:
            prompts = group_values.prompts_of(db, batch)
        pairs = list(zip(batch, prompts, strict=True))
        if not any(group.id in have for group in batch):
            made, pairs = answer_batch(engine, answer, pairs, number)
            left_out += len(batch) - len(pairs)
            if pairs:
                places = [(group.id, group.prompt_id) for group, _ in pairs]
                write(stage, places, made, split=batch[0].split, checkpoint_id=checkpoint_id, seed=seed)
            stage.progress.advance(sum(len(samples) for samples in made))
        else:
            left_out += sum(group.id not in have for group in batch)
            stage.progress.advance(sum(have.get(group.id, 0) for group in batch))
    if rows and left_out == len(rows):
        raise InvalidInput(
            f"None of the {len(rows)} prompts fits into the model's context of "
            f"{engine.context_length if engine else 'unknown'} tokens. "
            "Choose shorter prompts or a model with a longer context."
        )
    return left_out


def answer_batch(
    engine: Engine | None, answer: Answer, pairs: list[tuple[GroupRow, values.Prompt]], number: int
) -> tuple[list[list[values.Sample]], list[tuple[GroupRow, values.Prompt]]]:
    """The samples of a batch, and its prompts without those that turned out not to fit the context."""
    try:
        return answer([p for _, p in pairs], number), pairs
    except ContextOverflow:
        fitting = [(g, p) for g, p in pairs if engine is None or not too_long(engine, p)]
        if len(fitting) == len(pairs):
            raise
    return (answer([p for _, p in fitting], number) if fitting else []), fitting


def write(
    stage: StageContext,
    places: Sequence[tuple[int, int]],
    made: Sequence[Sequence[values.Sample]],
    *,
    split: Split,
    checkpoint_id: int,
    seed: int,
) -> None:
    """Insert one batch of samples, and the empty labels of training samples, in one transaction.

    `places`: each prompt's group id and prompt id. Labels are made from the samples by one statement: beside a small
    model every row counts.
    """
    samples = [sample for several in made for sample in several]
    if not samples:
        return
    written_at = now()
    common = {
        "project_id": stage.round.project_id,
        "round_id": stage.round.id,
        "split": split,
        "seed": seed,
        "created_at": written_at,
    }
    whose = [place for place, several in zip(places, made, strict=True) for _ in several]
    columns: dict[str, list[Any]] = {
        "group_id": [group_id for group_id, _ in whose],
        "prompt_id": [prompt_id for _, prompt_id in whose],
        "position": [sample.position for sample in samples],
        # PostgreSQL stores no NUL character, and a page could not show one.
        "text": [clean(sample.text) for sample in samples],
        "finish_reason": [sample.finish_reason for sample in samples],
        "num_tokens": [sample.n_tokens for sample in samples],
        "logprob": [sample.logprob for sample in samples],
        # A file brought imported samples, no checkpoint.
        "checkpoint_id": [None if sample.kind == "import" else checkpoint_id for sample in samples],
        "kind": [sample.kind for sample in samples],
        "extra": [sample.extra for sample in samples],
        "score_like": [bool(SCORE_LIKE.search(sample.text)) for sample in samples],
    }
    with stage.writing() as db:
        insert_rows(db, tables.Sample, common, columns)
        if split is Split.train:
            for ids in group_values.chunks([group_id for group_id, _ in places], group_values.CHUNK):
                db.execute(empty_labels(ids, checkpoint_id, written_at))


def empty_labels(group_ids: Sequence[int], checkpoint_id: int, at: datetime) -> Insert:
    """The statement that gives each new sample of these groups its label, without a word yet."""
    sample, label = tables.Sample, tables.Label
    is_truncated = sample.finish_reason == "length"
    values_of = select(
        sample.id, sample.round_id, is_truncated, sample.num_tokens, literal(at, label.updated_at.type), sample.kind
    ).where(
        sample.group_id.in_(group_ids),
        or_(sample.checkpoint_id == checkpoint_id, sample.checkpoint_id.is_(None)),
        sample.kind.in_(tables.JUDGED),
    )
    columns = [label.sample_id, label.round_id, label.is_truncated, label.num_tokens, label.updated_at, label.kind]
    return insert(label).from_select(columns, values_of)
