"""Accepted samples of earlier rounds that a generator shows before each prompt: chosen at launch, read when it asks."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from backend import values
from backend.db import reading, standing, tables
from backend.db.many import in_chunks
from backend.errors import Conflict
from backend.generators import _few_shot
from backend.pipeline.answer import Ready
from backend.pipeline.groups import StageGroup
from backend.pipeline.stage import StageContext, derive_seed
from backend.prompt_sources import PromptSource
from backend.recipes import StepPlace
from backend.values import (
    JSON,
    DecisionKind,
    FewShot,
    FewShotChoice,
    LabelSource,
    Messages,
    RoundStatus,
    SampleKind,
    Split,
    Verdict,
)

MOST_READ = 10_000
"""So many accepted samples are looked at, the newest."""
MOST_KEPT = 500
"""So many of them may be shown in one round."""


def eligible(db: Session, project_id: int, choice: FewShotChoice, seed: int) -> list[FewShot]:
    """The samples that a round launched now may show, in the order in which they are kept; empty where there are none.

    None answers a prompt that a held-out set of the project asks in whatever spelling, nor a question of its own.
    """
    sample = tables.Sample
    query = _accepted(project_id, choice).order_by(sample.id.desc()).limit(MOST_READ)
    rows = db.execute(query).all()
    held_out = _held_out(db, project_id, {row.text_key for row in rows})
    by_id = {
        row.id: FewShot(row.id, row.text_key, row.messages, row.text, category_of(row.extra, choice.key))
        for row in rows
        if row.text_key not in held_out and row.text.strip() and _ends_with_a_question(row.messages)
    }
    if choice.choose != "agreed":
        return _few_shot.spread(list(by_id.values()), MOST_KEPT, derive_seed(seed, "few_shot"))
    people, scores = _accepting(db, list(by_id)), {row.id: row.score for row in rows}
    best = sorted(by_id, key=lambda id_: (-people[id_], -(scores[id_] or 0.0), id_))
    return [by_id[id_] for id_ in best[:MOST_KEPT]]


def frozen(pool: Sequence[FewShot]) -> JSON:
    """What a round keeps of the samples that it may show."""
    return {"ids": [few_shot.id for few_shot in pool], "hash": _hash(pool)}


def ready(stage: StageContext, choice: FewShotChoice) -> Ready:
    """What gives each prompt the samples that are shown before it; raises as `pool_of` does."""
    with reading() as db:
        pool = pool_of(db, stage, stage.place, choice)

    def with_few_shot(
        db: Session, groups: Sequence[StageGroup], prompts: Sequence[values.Prompt]
    ) -> list[values.Prompt]:
        keys = _text_keys(db, [group.prompt_id for group in groups])
        return [
            prompt if group.is_own else _shown(stage, choice, pool, group.position, prompt, keys[group.prompt_id])
            for group, prompt in zip(groups, prompts, strict=True)
        ]

    return with_few_shot


def shown_before(
    stage: StageContext, place: StepPlace, choice: FewShotChoice, groups: Sequence[values.Group]
) -> list[values.Prompt]:
    """The prompts of these groups, which are tried out, with the samples that are shown before each.

    None before questions that are not what their prompts say, as none is in the round itself.
    """
    asked = stage.places[place.source or 0].step.part
    is_own = bool(place.source) or (isinstance(asked, PromptSource) and (asked.asks_for_prompts or asked.makes_answers))
    if is_own or any(group.parent or group.trained for group in groups):
        return [group.prompt for group in groups]
    with reading() as db:
        pool = pool_of(db, stage, place, choice)
        keys = _text_keys(db, [group.prompt.id for group in groups])
    return [_shown(stage, choice, pool, group.position, group.prompt, keys.get(group.prompt.id, 0)) for group in groups]


def pool_of(db: Session, stage: StageContext, place: StepPlace, choice: FewShotChoice) -> list[FewShot]:
    """The samples that a step of the round may show.

    Raises `Conflict` where those that were chosen at launch are not as they were, or a held-out set asks now what one
    of them answers.
    """
    kept = stage.round.few_shot.get(str(place.index), {})
    pool = read(db, stage.project_id, kept.get("ids", []), choice.key)
    if kept and _hash(pool) != kept["hash"]:
        raise Conflict(
            f"Some of the {len(kept['ids'])} samples that {place} may show before its prompts are gone: the "
            "round they come from was deleted or archived. Restore it, or launch the round anew."
        )
    if num := len(_held_out(db, stage.project_id, {shown.text_key for shown in pool})):
        raise Conflict(
            f"A held-out set that came after the launch asks {num} of the prompts that {place} would show with their "
            "answers. Launch the round anew: it shows others."
        )
    return pool


def _shown(
    stage: StageContext,
    choice: FewShotChoice,
    pool: Sequence[FewShot],
    position: int,
    prompt: values.Prompt,
    text_key: int,
) -> values.Prompt:
    drawn = _few_shot.draw(
        pool,
        text_key=text_key,
        category=category_of(prompt.metadata, choice.key),
        choose=choice.choose,
        num=choice.num,
        # By its place in the round: ids may differ where several workers write.
        seed=stage.seed("few_shot", position),
    )
    return replace(prompt, few_shot=tuple(drawn))


def read(db: Session, project_id: int, ids: Sequence[int], key: str = "") -> list[FewShot]:
    """These samples of the project in this order, without those that are gone."""
    sample, prompt = tables.Sample, tables.Prompt
    query = select(sample.id, prompt.text_key, prompt.messages, sample.text, prompt.extra)
    query = query.join(prompt, prompt.id == sample.prompt_id)
    query = query.where(sample.project_id == project_id)
    by_id = {}
    for some in in_chunks(list(ids)):
        for id_, text_key, messages, text, extra in db.execute(query.where(sample.id.in_(some))):
            by_id[id_] = FewShot(id_, text_key, messages, text, category_of(extra, key))
    return [by_id[id_] for id_ in ids if id_ in by_id]


def as_asked(db: Session, sample: tables.Sample, messages: Messages) -> Messages:
    """The chat by which a sample was asked for, where samples were shown before its question; else none.

    What the step said beside the prompt, a condition or the extra template, is not in it.
    """
    ids = sample.extra.get(_few_shot.NOTED)
    if sample.kind != SampleKind.completion or not isinstance(ids, list):  # a file may note anything under that name
        return []
    shown = read(db, sample.project_id, ids)
    return _few_shot.with_few_shot(messages, shown) if shown else []


def category_of(metadata: JSON, key: str) -> str:
    """What the metadata says under that key, as text; empty where it says nothing."""
    value = metadata.get(key)
    return "" if value is None else str(value)


def _accepted(project_id: int, choice: FewShotChoice) -> Select[Any]:
    sample, label, group, prompt, round_ = tables.Sample, tables.Label, tables.Group, tables.Prompt, tables.Round
    query = (
        select(sample.id, sample.text, prompt.text_key, prompt.messages, prompt.extra, label.score)
        .join(label, label.sample_id == sample.id)
        .join(round_, round_.id == sample.round_id)
        .join(group, group.id == sample.group_id)
        .join(prompt, prompt.id == sample.prompt_id)
        .where(
            round_.project_id == project_id,
            # What was said of samples of any other may still change, and may be hidden.
            round_.status == RoundStatus.done,
            round_.archived_at.is_(None),
            label.verdict == Verdict.accept,
            label.is_truncated.is_(False),
            sample.split == Split.train,
            sample.turns.is_(None),
            # A critique answers a question of its own, and so does what was asked with a hint.
            group.messages.is_(None),
        )
    )
    query = query.where(round_.number.in_(choice.rounds)) if choice.rounds else query
    return query.where(label.source == LabelSource.person) if choice.by == "people" else query


def _held_out(db: Session, project_id: int, keys: set[int]) -> set[int]:
    """Those of these keys that a held-out prompt of the project has."""
    prompt, prompt_set = tables.Prompt, tables.PromptSet
    query = select(prompt.text_key).join(prompt_set, prompt_set.id == prompt.prompt_set_id)
    query = query.where(prompt_set.project_id == project_id, prompt_set.split == Split.held_out)
    return {key for some in in_chunks(sorted(keys)) for key in db.scalars(query.where(prompt.text_key.in_(some)))}


def _accepting(db: Session, ids: Sequence[int]) -> Counter[int]:
    """How many people more accept each of these samples than reject it; a score counts for neither."""
    decision, last = tables.Decision, dict[tuple[int, int], DecisionKind]()
    for some in in_chunks(list(ids)):
        query = standing.label_words(decision.sample_id, decision.user_id, decision.kind)
        for sample_id, user_id, kind in db.execute(query.where(decision.sample_id.in_(some)).order_by(decision.id)):
            last[sample_id, user_id] = kind
    counts = Counter[int]()
    for (sample_id, _), kind in last.items():
        counts[sample_id] += (kind is DecisionKind.accept) - (kind is DecisionKind.reject)
    return counts


def _text_keys(db: Session, prompt_ids: Sequence[int]) -> dict[int, int]:
    prompt, keys = tables.Prompt, dict[int, int]()
    for some in in_chunks(sorted(set(prompt_ids))):
        keys |= dict(db.execute(select(prompt.id, prompt.text_key).where(prompt.id.in_(some))).tuples().all())
    return keys


def _ends_with_a_question(messages: Messages) -> bool:
    return bool(messages) and messages[-1]["role"] == "user"


def _hash(pool: Sequence[FewShot]) -> str:
    """SHA-256 over what is shown of these samples, in order."""
    digest = hashlib.sha256()
    for few_shot in pool:
        line = json.dumps([few_shot.id, few_shot.messages, few_shot.text], ensure_ascii=False, sort_keys=True)
        digest.update(line.encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()
