"""Texts that become prompts: written to a prompt set that the round makes, each question once and none held out."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.boundary import clean
from backend.db import now, tables
from backend.db.bulk import insert_rows
from backend.db.many import in_chunks
from backend.pipeline.chosen import ancestors
from backend.pipeline.stage import StageContext
from backend.sameness import text_key
from backend.values import Group, Messages, SetUse, Split

DUPLICATE, KNOWN, HELD_OUT = "same as a text before", "same as a prompt there is", "same as a held-out prompt"


@dataclass(frozen=True)
class Adopted:
    """Groups whose prompts have rows, and how many texts were dropped for which reason; `is_new`: prompts were made."""

    groups: list[Group]
    dropped: dict[str, int] = field(default_factory=dict)
    is_new: bool = False

    def counts(self) -> dict[str, Any]:
        """What the step notes on the round."""
        return {"adopted": len(self.groups), "dropped": self.dropped} if self.is_new else {}


def own_sets(db: Session, stage: StageContext) -> list[int]:
    """The prompt sets that the rounds above made, by id."""
    row, set_ids = tables.PromptSet, list[int]()
    for ids in in_chunks(ancestors(db, stage.round.parent_id)):
        set_ids += db.scalars(select(row.id).where(row.round_id.in_(ids)))
    return sorted(set_ids)


def pool_texts(db: Session, stage: StageContext) -> list[str]:
    """What the prompts of the round's sets and those that the rounds above adopted ask, in order of their ids."""
    prompt = tables.Prompt
    sets = [*stage.set_ids(SetUse.sample), *own_sets(db, stage)]
    return list(db.scalars(select(prompt.text).where(prompt.prompt_set_id.in_(sets)).order_by(prompt.id)))


def write_prompts(db: Session, stage: StageContext, groups: Sequence[Group]) -> Adopted:
    """Write the prompts without a row to a new set; return the groups that are left, with their prompts' ids.

    Imports into the project that have not ended wait for the end of the caller's transaction, or this for theirs.
    """
    project = tables.Project
    db.execute(select(project.id).where(project.id == stage.project_id).with_for_update(key_share=True))
    texts = [clean(group.prompt.messages[-1]["content"]) for group in groups]
    keys = [text_key(text) for text in texts]
    row = tables.PromptSet
    held_out = db.scalars(select(row.id).where(row.project_id == stage.project_id, row.split == Split.held_out)).all()
    own = db.scalars(select(row.id).where(row.round_id == stage.round.id)).all()
    measured = _asked(db, held_out, keys)
    known = _asked(db, [*stage.set_ids(SetUse.sample), *own_sets(db, stage), *own], keys)
    kept: list[tuple[Group, str, int]] = []
    dropped, seen = Counter[str](), set[int]()
    for group, text, key in zip(groups, texts, keys, strict=True):
        reason = HELD_OUT if key in measured else KNOWN if key in known else DUPLICATE if key in seen else ""
        if reason:
            dropped[reason] += 1
        else:
            seen.add(key)
            kept.append((group, text, key))
    if not kept:
        return Adopted([], dict(dropped), is_new=True)
    ids = _insert(db, stage, kept)
    rows = [
        replace(adopted, prompt=replace(adopted.prompt, id=id_)) for (adopted, _, _), id_ in zip(kept, ids, strict=True)
    ]
    return Adopted(rows, dict(dropped), is_new=True)


def content_hash(messages: Messages) -> str:
    """The SHA-256 of the messages' canonical JSON, by which an import knows two prompts as the same."""
    text = json.dumps(messages, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _asked(db: Session, sets: Sequence[int], keys: Iterable[int]) -> set[int]:
    """Which of these questions the sets ask."""
    prompt, hashes = tables.Prompt, set[int]()
    for some in in_chunks(sorted(set(keys))):
        query = select(prompt.text_key).where(prompt.prompt_set_id.in_(sets), prompt.text_key.in_(some))
        hashes |= set(db.scalars(query))
    return hashes


def _insert(db: Session, stage: StageContext, kept: Sequence[tuple[Group, str, int]]) -> list[int]:
    """Write a set and its prompts; return the prompts' ids, in order."""
    prompt = tables.Prompt
    prompt_set = tables.PromptSet(
        project_id=stage.round.project_id,
        name=_free_name(db, stage),
        split=Split.train,
        origin=f"adopted in round {stage.round.number}",
        num_prompts=len(kept),
        created_by=stage.round.created_by,
        round_id=stage.round.id,
    )
    db.add(prompt_set)
    db.flush()
    messages: list[Messages] = [[{"role": "user", "content": text}] for _, text, _ in kept]
    common: dict[str, Any] = {"prompt_set_id": prompt_set.id, "created_at": now()}
    columns: dict[str, Sequence[Any]] = {
        "position": range(len(kept)),
        "messages": messages,
        "answer": [group.prompt.answer for group, _, _ in kept],
        "extra": [group.prompt.metadata for group, _, _ in kept],
        "text": [text for _, text, _ in kept],
        "content_hash": [content_hash(message) for message in messages],
        "text_key": [key for _, _, key in kept],
        "sample_id": [group.parent.id if group.parent else None for group, _, _ in kept],
    }
    insert_rows(db, prompt, common, columns)
    return list(db.scalars(select(prompt.id).where(prompt.prompt_set_id == prompt_set.id).order_by(prompt.position)))


def _free_name(db: Session, stage: StageContext) -> str:
    """A name that no set of the project has."""
    row, plain = tables.PromptSet, f"round {stage.round.number}, own prompts"
    taken = set(
        db.scalars(select(row.name).where(row.project_id == stage.round.project_id, row.name.like(f"{plain}%")))
    )
    numbered = (f"{plain} {number}" for number in range(2, len(taken) + 3))
    return next(name for name in (plain, *numbered) if name not in taken)
