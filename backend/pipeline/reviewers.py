"""How many people decided on each sample, for selectors that ask for a number of them."""

from collections import defaultdict
from collections.abc import Container, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from backend.db import standing, tables
from backend.db.many import in_chunks
from backend.db.standing import TOGETHER
from backend.values import Group

ENOUGH = 1_000_000
"""Of a sample whose label is known: no number of people says more."""


def with_reviewers(db: Session, groups: Sequence[Group], known: Container[int]) -> list[Group]:
    """The groups, their samples with the number of people whose word on them stands.

    A decision about a group is one on each of its samples. `known`: samples whose label a curator gave.
    """
    of_samples, of_groups = defaultdict[int, set[int]](set), defaultdict[int, set[int]](set)
    row = tables.Decision
    for ids in in_chunks([group.id for group in groups]):
        query = standing.label_words(row.group_id, row.sample_id, row.user_id, row.kind).where(row.group_id.in_(ids))
        for group_id, sample_id, user_id, kind in db.execute(query):
            reviewers = of_groups[group_id] if kind in TOGETHER else of_samples[sample_id]
            reviewers.add(user_id)

    def number(group_id: int, sample_id: int) -> int:
        return ENOUGH if sample_id in known else len(of_samples[sample_id] | of_groups[group_id])

    return [
        replace(
            group, samples=tuple(replace(sample, reviewers=number(group.id, sample.id)) for sample in group.samples)
        )
        for group in groups
    ]
