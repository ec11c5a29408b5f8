"""Which samples a person has decided on, or wrote: of these nothing is hidden from them any more."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session, aliased

from backend.db import tables
from backend.db.many import among, in_chunks
from backend.db.standing import ANY_LABELLING, TOGETHER
from backend.services.access import Actor


def is_decided(actor: Actor, round_ids: Sequence[int] | Select[int]) -> ColumnElement[bool]:
    """Of samples of these rounds: the actor gave a label, kept or not, alone or with the group, or wrote the text."""
    sample, decision = tables.Sample, tables.Decision
    # Lists that the database makes once: a query for each sample would go through all decisions of the person.
    mine = and_(decision.user_id == actor.user_id, decision.round_id.in_(round_ids))
    alone = select(decision.sample_id).where(mine, decision.kind.in_(ANY_LABELLING))
    together = select(decision.group_id).where(mine, decision.kind.in_(TOGETHER))
    # Never NULL, which neither holds nor fails: most texts have no author.
    wrote = and_(sample.author_id.is_not(None), sample.author_id == actor.user_id)
    return or_(sample.id.in_(alone), sample.group_id.in_(together), wrote)


def decided(db: Session, actor: Actor, sample_ids: Sequence[int]) -> set[int]:
    """Those of the samples for which `is_decided` holds."""
    sample, other = tables.Sample, aliased(tables.Sample)
    ids: set[int] = set()
    for chunk in in_chunks(sample_ids):
        rounds = select(other.round_id).where(among(other.id, chunk))
        ids.update(db.scalars(select(sample.id).where(among(sample.id, chunk), is_decided(actor, rounds))))
    return ids
