"""What others said of an item: shown after one's own word, or where the round shows it before."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy.orm import Session

from backend.db import standing, tables
from backend.db.built import built_once, some
from backend.db.many import in_chunks
from backend.db.standing import ANY_LABELLING
from backend.services.access import Actor
from backend.services.decisions import Decision
from backend.values import DecisionKind

SHOWN = (*ANY_LABELLING, DecisionKind.flag, DecisionKind.note)


def others(
    db: Session, actor: Actor, sample_ids: Sequence[int], cut: float, *, judged: Collection[int]
) -> dict[int, tuple[Decision, ...]]:
    """Everything of others that stands on these items, flags and notes among it, whether it counts or not.

    `judged`: the items whose judge's view the actor may see; of the others nothing is told that it would follow from.
    """
    by_sample: dict[int, list[Decision]] = defaultdict(list)
    for ids in in_chunks(sample_ids):
        for row in db.connection().execute(_others(), {"sample_ids": ids, "user_id": actor.user_id}):
            decision = Decision.of(row, row.who, cut, tells_judge=row.sample_id in judged)
            by_sample[row.sample_id].append(decision)
    return {n: tuple(decisions) for n, decisions in by_sample.items()}


@built_once
def _others() -> Any:
    decision, user = tables.Decision, tables.User
    return (
        standing.everything(*decision.__table__.c, user.name.label("who"), kinds=SHOWN)
        .join(user, user.id == decision.user_id)
        .where(decision.sample_id.in_(some("sample_ids")), decision.user_id != bindparam("user_id"))
        .order_by(decision.id)
    )


def meanwhile(decisions: Sequence[Decision]) -> str | None:
    """What a curator did to the item, for the person whose word comes after it."""
    settled = [decision for decision in decisions if decision.is_adjudication]
    if settled:
        return f"{settled[-1].who} has settled this item; your word is kept and does not change the label."
    bulk = [decision for decision in decisions if decision.is_bulk]
    if bulk:
        return f"{bulk[-1].who} had decided this in a bulk action ({bulk[-1].kind}); your word stands above it now."
    return None
