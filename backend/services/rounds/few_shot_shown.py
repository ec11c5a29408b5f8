"""Which of the samples that a round shows before its prompts are told to whom.

That a later round may show a sample says that it was accepted. While the round that it comes from is open again,
whoever decides is not told that.
"""

import json
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.many import in_chunks
from backend.generators._few_shot import NOTED
from backend.services.access import Actor, role_of
from backend.values import JSON, Role, RoundStatus

OPEN = (RoundStatus.running, RoundStatus.review)
"""Rounds in which people decide, or will."""


def hidden_ids(db: Session, actor: Actor, rounds: Iterable[tables.Round]) -> frozenset[int]:
    """The ids of samples that these rounds of one project show and that come from a round which is open again.

    Empty for curators, who see everything.
    """
    showing = [round_ for round_ in rounds if round_.few_shot]
    role = role_of(db, actor, showing[0].project_id) if showing else None
    if not showing or (role is not None and role.rank >= Role.curator.rank):
        return frozenset()
    sample, round_ = tables.Sample, tables.Round
    ids = {id_ for row in showing for step in row.few_shot.values() for id_ in step["ids"]}
    query = select(sample.id).join(round_, round_.id == sample.round_id).where(round_.status.in_(OPEN))
    return frozenset(id_ for some in in_chunks(sorted(ids)) for id_ in db.scalars(query.where(sample.id.in_(some))))


def told(few_shot: JSON, hidden: frozenset[int]) -> JSON:
    """What a round keeps of the samples that it may show; of a step with hidden ones their number and hash."""
    return {
        step: {"num_ids": len(kept["ids"]), "hash": kept["hash"]} if hidden.intersection(kept["ids"]) else kept
        for step, kept in few_shot.items()
    }


def noted(extra: JSON, hidden: frozenset[int]) -> JSON:
    """What a sample's maker noted, without which samples were shown where some of them are hidden."""
    return {name: value for name, value in extra.items() if name != NOTED} if shows(extra, hidden) else extra


def noted_text(extra: str, hidden: frozenset[int]) -> str:
    """The same of its JSON as text."""
    return json.dumps(noted(json.loads(extra), hidden), ensure_ascii=False) if hidden and NOTED in extra else extra


def shows(extra: JSON, hidden: frozenset[int]) -> bool:
    """Whether one of the hidden samples was shown before a sample's prompt."""
    ids = extra.get(NOTED)
    return bool(hidden) and isinstance(ids, list) and any(id_ in hidden for id_ in ids if isinstance(id_, int))
