"""Prompts without samples in this round -> generator -> samples, batch by batch."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend import values
from backend.db import now, reading, tables
from backend.db.bulk import insert_rows
from backend.errors import InvalidInput
from backend.pipeline import groups as group_values
from backend.pipeline import left_out
from backend.pipeline.answer import answer_missing
from backend.pipeline.bind import engine_for
from backend.pipeline.stage import Finish, StageContext, derive_seed
from backend.values import SetUse, Split, Stage


def choose_prompts(stage: StageContext) -> None:
    """Write the round's groups, once: the prompts its source chooses from the round's prompt sets.

    Where no model is asked, prompts without imported completions would get no samples; they are not chosen.
    """
    generator = stage.recipe.generator
    with reading() as db:
        if group_values.group_rows(db, stage.round.id, Split.train):
            return
        sets = stage.set_ids(SetUse.sample)
        query = select(*group_values.PROMPT).where(tables.Prompt.prompt_set_id.in_(sets)).order_by(tables.Prompt.id)
        if not generator.needs_engine:
            query = query.where(tables.Prompt.id.in_(select(tables.ImportedCompletion.prompt_id)))
        seeds = [values.Prompt(*row) for row in db.connection().execute(query).all()]
    seed = derive_seed(stage.round.seed, "prompts")
    chosen = stage.recipe.prompt_source.prompts(None, seeds, limit=stage.round.num_prompts, seed=seed)
    if not chosen and not generator.needs_engine:
        raise InvalidInput(
            "The prompt sets of this round hold no imported completions, and its generator makes none. Choose sets "
            "imported with completions, pairs or labels, or another generator."
        )
    if not chosen:
        raise InvalidInput("The prompt sets of this round hold no prompts. Import some or choose other sets.")
    common = {"round_id": stage.round.id, "split": Split.train, "created_at": now()}
    columns = {"prompt_id": [p.id for p in chosen], "position": range(len(chosen))}
    with stage.writing() as db:
        insert_rows(db, tables.Group, common, columns)


def count_imported(db: Session, rows: Sequence[group_values.GroupRow]) -> int:
    """How many completions files brought for these groups' prompts."""
    row, total = tables.ImportedCompletion, 0
    for some in group_values.chunks(rows, group_values.CHUNK):
        total += db.scalar(select(func.count()).where(row.prompt_id.in_([g.prompt_id for g in some]))) or 0
    return total


def run(stage: StageContext) -> Finish:
    """Make every missing sample of the round."""
    choose_prompts(stage)
    generator = stage.recipe.generator
    with reading() as db:
        rows = group_values.group_rows(db, stage.round.id, Split.train)
        imported = count_imported(db, rows) if generator.takes_imported else 0
    if left_out.is_retry(stage):
        stage.progress.start(len({row.group_id for row in left_out.asked(stage)}), "prompts")
    else:
        stage.progress.start(len(rows) * generator.samples_per_prompt + imported, "samples")
    # A generator that asks no model gets None.
    opened: Any = engine_for(stage.round.policy_id) if generator.needs_engine else nullcontext()
    with opened as engine:

        def answer(prompts: Sequence[values.Prompt], number: int) -> list[list[values.Sample]]:
            if imported:
                with reading() as db:
                    prompts = group_values.with_imported(db, prompts)
            return generator.generate(engine, prompts, seed=derive_seed(stage.round.seed, "generate", number))

        answer_missing(
            stage, rows, engine=engine, checkpoint_id=stage.round.policy_id, answer=answer, seed=stage.round.seed
        )
        notes = engine.notes() if engine is not None else ()

    def finish(db: Session) -> None:
        made = db.execute(
            select(
                func.count(),
                func.coalesce(func.sum(tables.Label.num_tokens), 0),
                func.count().filter(tables.Label.is_truncated),
            ).where(tables.Label.round_id == stage.round.id, tables.Label.kind.in_(tables.JUDGED))
        ).one()
        left_out.note_served(db, stage.round.policy_id, notes)
        found = db.get_one(tables.Round, stage.round.id)
        found.counts = found.counts | {
            "prompts": len(rows),
            "left_out": left_out.counts(db, stage.round.id, Stage.generate),
            "samples": made[0],
            "tokens": int(made[1]),
            "truncated": made[2],
        }

    return finish
