"""People's labels as cases that a judge's template is tried on, split by prompt into seen and unseen ones."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.many import in_chunks
from backend.pipeline import groups as group_values
from backend.pipeline.chosen import require_rows
from backend.pipeline.groups import StageGroup
from backend.pipeline.health import evidence
from backend.values import Group

MOST_ROUNDS = 10
"""The round and so many above it give labels."""
MOST_LABELS = 400
"""Of more labels, those of prompts drawn at random."""
FEWEST_SEEN, FEWEST_UNSEEN = 10, 10
"""Labels that may be seen, and prompts that must not: of fewer groups drawn again an interval is far too narrow."""
SPLIT_SEED = 0
"""Prompts are on the same side in every rewrite, so that what was once seen is never called unseen."""


@dataclass(frozen=True)
class Case:
    """A text alone in its group, without labels, and whether people accept it. `key`: its prompt, whatever its set."""

    group: Group
    accepts: bool
    key: str

    @property
    def sample_id(self) -> int:
        return self.group.samples[0].id


def gather(db: Session, row: tables.Round) -> list[Case]:
    """The texts of a round and of those above it that people decided on, as the judge's health reads them.

    Blind words on items drawn at random or where nearly all were decided, and labels that were known from the start.
    """
    cases: list[Case] = []
    at: tables.Round | None = row
    for _ in range(MOST_ROUNDS):
        if at is None:
            break
        require_rows(db, at.id)
        witnesses = evidence.gather(db, at).witnesses
        cases += _cases(db, {witness.text.id: witness.accepts for witness in witnesses})
        at = db.get(tables.Round, at.parent_id) if at.parent_id is not None else None
    return _at_most(cases)


def split(cases: Sequence[Case]) -> tuple[list[Case], list[Case]]:
    """The labels that a rewrite may see, and those it must not: no prompt on both sides, of the prompts half each.

    On which side a prompt is depends on the prompt alone, so a label that comes later moves no other.
    """
    seen = [case for case in cases if _place(case.key) < 0.5]
    return seen, [case for case in cases if _place(case.key) >= 0.5]


def _cases(db: Session, accepts: dict[int, bool]) -> list[Case]:
    sample, group, prompt = tables.Sample, tables.Group, tables.Prompt
    cases: list[Case] = []
    for ids in in_chunks(sorted(accepts)):
        query = (
            select(sample.id, prompt.text_key, *group_values.group_columns())
            .join(group, group.id == sample.group_id)
            .join(prompt, prompt.id == group.prompt_id)
            .where(sample.id.in_(ids))
            .order_by(sample.id)
        )
        rows = [(id_, key, StageGroup(*columns)) for id_, key, *columns in db.execute(query)]
        groups = group_values.load(db, [group_row for *_, group_row in rows], labels=False)
        for (id_, key, _), loaded in zip(rows, groups, strict=True):
            alone = tuple(sample for sample in loaded.samples if sample.id == id_)
            cases.append(Case(replace(loaded, samples=alone), accepts[id_], str(key)))
    return cases


def _place(key: str, use: str = "side") -> float:
    """A number from 0 to 1 that is the prompt's own."""
    return random.Random(f"{SPLIT_SEED} {use} {key}").random()


def _at_most(cases: list[Case]) -> list[Case]:
    """No more labels than are tried, whole prompts, drawn at random."""
    of_prompt: dict[str, dict[int, Case]] = defaultdict(dict)
    for case in cases:
        of_prompt[case.key][case.sample_id] = case
    kept: list[Case] = []
    for key in sorted(of_prompt, key=lambda key: _place(key, "draw")):
        some = [of_prompt[key][id_] for id_ in sorted(of_prompt[key])]
        if kept and len(kept) + len(some) > MOST_LABELS:
            break
        kept += some[:MOST_LABELS]
    return kept
