"""Questions without samples of this step -> generator -> samples, batch by batch."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, nullcontext
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend import values
from backend.db import reading, tables
from backend.db.many import in_chunks
from backend.engines import Engine
from backend.generators import Generator
from backend.pipeline import documents, few_shot, left_out
from backend.pipeline import groups as group_values
from backend.pipeline.answer import answer_missing
from backend.pipeline.ask import ask_due
from backend.pipeline.bind import acting, bound_to, opened_for
from backend.pipeline.critiques import with_critiques
from backend.pipeline.grow import grow_missing
from backend.pipeline.stage import Finish, StageContext, nothing_more
from backend.prompt_sources import PromptSource
from backend.recipes import POLICY
from backend.values import Stage


def count_imported(db: Session, rows: Sequence[group_values.StageGroup]) -> int:
    """How many completions files brought for these groups' prompts."""
    row, total = tables.ImportedCompletion, 0
    for some in in_chunks(rows):
        total += db.scalar(select(func.count()).where(row.prompt_id.in_([g.prompt_id for g in some]))) or 0
    return total


def count_answers(db: Session, rows: Sequence[group_values.StageGroup]) -> int:
    """How many of these groups' questions have a known answer."""
    group, prompt, total = tables.Group, tables.Prompt, 0
    known = group.answer.is_not(None) | prompt.answer.is_not(None)
    query = select(func.count()).select_from(group).join(prompt, prompt.id == group.prompt_id).where(known)
    for some in in_chunks(rows):
        total += db.scalar(query.where(group.id.in_([g.id for g in some]))) or 0
    return total


def takes_imported(stage: StageContext, generator: Generator) -> bool:
    """Whether imported completions become samples here: once, and where they answer what is asked."""
    place = stage.place
    asked = stage.places[place.source or 0].step.part
    is_of_pool = isinstance(asked, PromptSource) and not (asked.reads_groups or asked.asks_for_prompts)
    before = [stage.places[n].step.part for n in place.texts]
    are_taken = any(isinstance(part, Generator) and part.takes_imported for part in before)
    return generator.takes_imported and is_of_pool and not are_taken


def asked_engines(
    stage: StageContext, generator: Generator, known: Mapping[int, Any], stack: ExitStack
) -> dict[str, Engine]:
    """The engines of the roles that a generator asks beside its own, open until the stack is closed.

    known: those that are open, by checkpoint. Roles that may be unbound, and are, are left out.
    """
    opened, engines = dict(known), dict[str, Engine]()
    for role in generator.asked_roles:
        checkpoint_id = bound_to(stage.round, role, stage.step, may_be_unbound=role in generator.optional_roles)
        if checkpoint_id is None:
            continue
        if opened.get(checkpoint_id) is None:
            opened[checkpoint_id] = stack.enter_context(opened_for(stage, checkpoint_id))
        engines[role] = opened[checkpoint_id]
    return engines


def run(stage: StageContext) -> Finish:
    """Make every missing sample of the step."""
    ask_due(stage)
    generator, role = stage.place.step.part, stage.place.step.by
    assert isinstance(generator, Generator)
    # Texts that no model writes are nobody's, whatever their role is called.
    checkpoint_id = acting(stage.round, role if generator.needs_engine else POLICY, stage.step)
    with reading() as db:
        rows = group_values.groups_for_step(db, stage)
        imported = count_imported(db, rows) if takes_imported(stage, generator) else 0
        known = count_answers(db, rows) if generator.takes_answers else 0
    if left_out.is_retry(stage):
        stage.progress.start(len({row.group_id for row in left_out.asked(stage)}), "prompts")
    elif generator.makes_groups:
        stage.progress.start(len(rows), "prompts")
    else:
        stage.progress.start(len(rows) * generator.samples_per_prompt + imported + known, "samples")
    # A generator that asks no model gets None, and where nothing is asked no model is loaded.
    opened: Any = opened_for(stage, checkpoint_id) if generator.needs_engine and rows else nullcontext()
    generator = documents.ready(stage, generator)
    with opened as engine:

        def answer(prompts: Sequence[values.Prompt], number: int) -> list[list[values.Sample]]:
            if imported:
                with reading() as db:
                    prompts = group_values.with_imported(db, prompts)
            return generator.generate(engine, prompts, seed=stage.seed("generate", number))

        place: dict[str, Any] = {
            "engine": engine,
            "checkpoint_id": checkpoint_id,
            "seed": stage.round.seed,
            "role": role,
        }
        if generator.makes_groups:
            with ExitStack() as stack:
                engines = asked_engines(stage, generator, {checkpoint_id: engine}, stack)

                def grow(prompts: Sequence[values.Prompt], number: int) -> list[list[values.Group]]:
                    return generator.grow(engine, prompts, seed=stage.seed("generate", number), engines=engines)

                grow_missing(stage, rows, grow=grow, **place)
        else:
            # An environment may be one for all episodes, or ask in a way of its own.
            place["may_overlap"] = not generator.plays
            if generator.takes_critiques:
                key = generator.critique_question
                place["ready"] = lambda db, groups, prompts: with_critiques(db, stage.project_id, key, groups, prompts)
            if generator.few_shot is not None:
                place["ready"] = few_shot.ready(stage, generator.few_shot)
            answer_missing(stage, rows, answer=answer, step=stage.step, **place)
    if stage.helper is not None:
        return nothing_more

    def finish(db: Session) -> None:
        counts = db.execute(
            select(
                func.count(),
                func.coalesce(func.sum(tables.Label.num_tokens), 0),
                func.count().filter(tables.Label.is_truncated),
            ).where(tables.Label.round_id == stage.round.id, tables.Label.kind.in_(tables.JUDGED))
        ).one()
        round_ = db.get_one(tables.Round, stage.round.id)
        round_.counts = round_.counts | {
            "prompts": len(rows) if stage.is_first else round_.counts.get("prompts", 0),
            "left_out": left_out.counts(db, stage.round.id, Stage.generate),
            "samples": counts[0],
            "tokens": int(counts[1]),
            "truncated": counts[2],
        }

    return finish
