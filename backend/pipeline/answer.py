"""Answering prompts batch by batch: shared by the generate stage and by measuring."""

import logging
import re
from collections.abc import Callable, Sequence

from sqlalchemy import insert

from backend import values
from backend.db import now, reading, tables
from backend.engines import Engine
from backend.errors import InvalidInput
from backend.pipeline import groups as group_values
from backend.pipeline.behind import WriteBehind
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
    stage: StageContext, rows: Sequence[tables.Group], *, engine: Engine, checkpoint_id: int, answer: Answer, seed: int
) -> int:
    """Answer the batches that have no samples of this checkpoint yet; return how many prompts were too long.

    Batches are cut by position and written whole, so a rerun sees the same batches and makes the same samples.
    """
    left_out = 0
    with WriteBehind() as behind:
        for number, batch in enumerate(group_values.chunks(rows, stage.recipe.groups_per_batch)):
            with reading() as db:
                have = group_values.samples_of(db, batch, checkpoint_id=checkpoint_id)
                prompts = group_values.prompts_of(db, batch)
            pairs = [(g, p) for g, p in zip(batch, prompts, strict=True) if have[g.id] or not too_long(engine, p)]
            left_out += len(batch) - len(pairs)
            if pairs and not any(have.values()):
                made = answer([p for _, p in pairs], number)
                behind(write, stage, [g for g, _ in pairs], made, checkpoint_id=checkpoint_id, seed=seed)
                stage.progress.advance(sum(len(samples) for samples in made))
            else:
                stage.progress.advance(sum(len(have[g.id]) for g, _ in pairs))
    if rows and left_out == len(rows):
        raise InvalidInput(
            f"None of the {len(rows)} prompts fits into the model's context of {engine.context_length} tokens. "
            "Choose shorter prompts or a model with a longer context."
        )
    return left_out


def write(
    stage: StageContext,
    groups: Sequence[tables.Group],
    made: Sequence[Sequence[values.Sample]],
    *,
    checkpoint_id: int,
    seed: int,
) -> None:
    """Insert one batch of samples, and the empty labels of training samples, in one transaction."""
    rows = [
        {
            "project_id": stage.round.project_id,
            "round_id": stage.round.id,
            "group_id": group.id,
            "prompt_id": group.prompt_id,
            "checkpoint_id": checkpoint_id,
            "split": group.split,
            "kind": "completion",
            "position": sample.position,
            # PostgreSQL stores no NUL character, and a page could not show one.
            "text": sample.text.replace("\x00", "\ufffd"),
            "finish_reason": sample.finish_reason,
            "num_tokens": sample.n_tokens,
            "logprob": sample.logprob,
            "seed": seed,
            "score_like": bool(SCORE_LIKE.search(sample.text)),
            "created_at": now(),
        }
        for group, samples in zip(groups, made, strict=True)
        for sample in samples
    ]
    if not rows:
        return
    with stage.writing() as db:
        ids = db.scalars(insert(tables.Sample).returning(tables.Sample.id, sort_by_parameter_order=True), rows).all()
        if groups[0].split is Split.train:
            labels = [
                {
                    "sample_id": sample_id,
                    "round_id": stage.round.id,
                    "source": values.LabelSource.none,
                    "is_truncated": row["finish_reason"] == "length",
                    "num_tokens": row["num_tokens"],
                    "updated_at": now(),
                }
                for sample_id, row in zip(ids, rows, strict=True)
            ]
            db.execute(insert(tables.Label), labels)
