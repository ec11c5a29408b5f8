"""Prompt sources: the groups that a step works on, written at the start of the first job that needs them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend import values
from backend.db import now, reading, tables
from backend.db.bulk import insert_rows
from backend.db.many import in_chunks
from backend.errors import InvalidInput
from backend.generators import Generator
from backend.pipeline import adopt
from backend.pipeline import groups as group_values
from backend.pipeline.known import known_labels, with_known
from backend.pipeline.stage import StageContext, derive_seed
from backend.prompt_sources import PromptSource
from backend.recipes import StepPlace
from backend.values import Group, SetUse, Split

NO_IMPORTS = (
    "The prompt sets of this round hold no imported completions, and its generator makes none. Choose sets "
    "imported with completions, pairs or labels, or another generator."
)
NO_ANSWERS = (
    "The prompts of this round have no known answers, and its generator takes nothing else. Import prompts with an "
    "answer column, or choose another generator."
)
NO_TASKS = (
    "No task could be made of the prompt sets of this round: they hold no texts, or texts that are too short or have "
    "no sentence within max_chars. Import documents, or choose other kinds of tasks."
)
NO_TEXTS = (
    "The prompt sets of this round hold no texts for which an input could be written. Import texts as prompts, or, "
    "where the source asks about known answers, prompts with an answer column."
)
NO_PROMPTS = "The prompt sets of this round hold no prompts. Import some or choose other sets."


def ask_due(stage: StageContext) -> None:
    """Carry out the prompt sources that stand between this job's step and the job before, each once."""
    for place in due(stage):
        with reading() as db:
            is_done = is_asked(db, stage.round.id, place)
        if not is_done:
            ask(stage, place)


def due(stage: StageContext) -> list[StepPlace]:
    """The prompt sources right before this job's step, in order."""
    places: list[StepPlace] = []
    for place in reversed(stage.places[: stage.step]):
        if not isinstance(place.step.part, PromptSource):
            break
        places.insert(0, place)
    return places


def is_asked(db: Session, round_id: int, place: StepPlace) -> bool:
    """Whether a source has run: what it asked is there, or it is noted that it left nothing."""
    steps = db.scalar(select(tables.Round.steps).where(tables.Round.id == round_id)) or {}
    group = tables.Group
    of_step = select(group.id).where(group.round_id == round_id, group.split == Split.train, group.step == place.index)
    return str(place.index) in steps or db.scalar(of_step.limit(1)) is not None


def ask(stage: StageContext, place: StepPlace) -> None:
    """Ask one source and write, in one transaction, its groups or which of those before it goes on with."""
    source = place.step.part
    assert isinstance(source, PromptSource)
    with reading() as db:
        groups, pool = _read_groups(db, stage, place) if source.reads_groups else ([], read_pool(db, stage, place))
    sources = [place.index for place in stage.places if isinstance(place.step.part, PromptSource)]
    path = ("prompts",) if place.index == sources[0] else ("prompts", place.index)
    questions = source.ask(groups, pool, limit=stage.round.num_prompts, seed=derive_seed(stage.round.seed, *path))
    if not questions and not source.reads_groups:
        raise InvalidInput(_nothing_to_ask(stage, place))
    new = [group for group in questions if group.id == 0]
    with stage.writing() as db:
        adopted = adopt.Adopted(new)
        if any(group.prompt.id == 0 for group in new):
            adopted = adopt.write_prompts(db, stage, new)
            if not adopted.groups and not source.reads_groups:
                raise InvalidInput(_none_is_new(adopted))
        if adopted.groups:
            is_own = source.asks_for_prompts
            has_answers = source.makes_answers or has_other_answers(adopted.groups, pool)
            write(db, stage.round.id, place.index, adopted.groups, is_own=is_own, has_answers=has_answers)
        if source.reads_groups or adopted.is_new:
            round_ = db.get_one(tables.Round, stage.round.id)
            kept = [group.id for group in questions] if source.narrows else None
            round_.steps = round_.steps | {str(place.index): {"groups": kept} | adopted.counts()}


def has_other_answers(groups: Sequence[Group], pool: Sequence[values.Prompt]) -> bool:
    """Whether a question has another known answer than its prompt: it is about a text whose question had one."""
    known = {prompt.id: prompt.answer for prompt in pool}
    return any(group.prompt.answer not in (None, known.get(group.prompt.id, group.prompt.answer)) for group in groups)


def write(
    db: Session, round_id: int, step: int, groups: Sequence[Group], *, is_own: bool = False, has_answers: bool = False
) -> None:
    """Insert new groups, in order. is_own: what they ask is not what their prompts say; has_answers: nor are the known
    answers theirs."""
    common = {"round_id": round_id, "split": Split.train, "step": step, "created_at": now()}
    columns: dict[str, Sequence[Any]] = {
        "prompt_id": [group.prompt.id for group in groups],
        "position": range(len(groups)),
    }
    if has_answers:
        columns["answer"] = [group.prompt.answer for group in groups]
    if step or is_own or has_answers or any(group.parent or group.trained for group in groups):
        columns |= {
            "parent_id": [group.parent.id if group.parent else None for group in groups],
            "messages": [group.prompt.messages for group in groups],
            "is_stripped": [group.trained is not None for group in groups],
            "cut": [group.cut for group in groups],
        }
    insert_rows(db, tables.Group, common, columns)


def read_pool(db: Session, stage: StageContext, place: StepPlace) -> list[values.Prompt]:
    """The prompts of the round's sets to sample from.

    Where no model is asked, prompts without a text that is taken would get no samples: they are left out.
    """
    prompt, prompt_set, source = tables.Prompt, tables.PromptSet, place.step.part
    reads_own = isinstance(source, PromptSource) and source.reads_own
    sets = [*stage.set_ids(SetUse.sample), *(adopt.own_sets(db, stage) if reads_own else [])]
    query = select(*group_values.PROMPT).where(
        prompt.prompt_set_id.in_(sets), group_values.is_no_probe(stage.project_id)
    )
    generators = _answering(stage, place)
    makes_answers = isinstance(source, PromptSource) and source.makes_answers
    if generators and not makes_answers and not any(generator.needs_engine for generator in generators):
        has_answer, imported = prompt.answer.is_not(None), select(tables.ImportedCompletion.prompt_id)
        has_text = [has_answer if generator.takes_answers else prompt.id.in_(imported) for generator in generators]
        query = query.where(or_(*has_text))
    prompts = [values.Prompt(*row) for row in db.connection().execute(query.order_by(prompt.id)).all()]
    if not reads_own:
        return prompts
    adopted = select(prompt.id).join(prompt_set, prompt_set.id == prompt.prompt_set_id)
    own = set(db.scalars(adopted.where(prompt_set.id.in_(sets), prompt_set.round_id.is_not(None))))
    return [replace(prompt, is_own=True) if prompt.id in own else prompt for prompt in prompts]


def _read_groups(db: Session, stage: StageContext, place: StepPlace) -> tuple[list[Group], list[values.Prompt]]:
    """The groups that a source works on, and the prompts that they come from."""
    rows, known = group_values.groups_for_step(db, stage, place.index), known_labels(db, stage.round.id)
    groups = [
        with_known(group_values.without_retracted(group), known)
        for some in in_chunks(rows)
        for group in group_values.load(db, some, place=place)
    ]
    source = place.step.part
    if isinstance(source, PromptSource) and source.reads_pool:
        return groups, read_pool(db, stage, place)
    return groups, list(group_values.roots_of(db, rows).values())


def _answering(stage: StageContext, place: StepPlace) -> list[Generator]:
    """The generators that answer what this source asks."""
    parts = (source_place.step.part for source_place in stage.places if source_place.source == place.index)
    return [part for part in parts if isinstance(part, Generator)]


def _none_is_new(adopted: adopt.Adopted) -> str:
    dropped = ", ".join(f"{count:,} {reason}" for reason, count in adopted.dropped.items())
    return (
        f"None of the tasks that this round's prompt source made is new: {dropped}. Launch with another seed, or with "
        "settings that make more different tasks."
    )


def _nothing_to_ask(stage: StageContext, place: StepPlace) -> str:
    """Why the pool is empty, for people."""
    generators, source = _answering(stage, place), place.step.part
    if isinstance(source, PromptSource) and source.makes_answers:
        return NO_TEXTS if source.has_targets else NO_TASKS
    if not generators or any(generator.needs_engine for generator in generators):
        return NO_PROMPTS
    return NO_ANSWERS if any(generator.takes_answers for generator in generators) else NO_IMPORTS
