"""What others said of an item: shown after one's own word, or where the round shows it before."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from backend.db import standing, tables
from backend.db.standing import ANY_LABELLING
from backend.services.access import Actor
from backend.values import DecisionKind

SHOWN = (*ANY_LABELLING, DecisionKind.flag, DecisionKind.note)


@dataclass(frozen=True)
class Other:
    """One standing decision of somebody else."""

    who: str
    kind: DecisionKind
    score: float | None
    value: dict[str, Any]
    note: str
    is_bulk: bool = False
    is_adjudication: bool = False


def others(db: Session, actor: Actor, sample_ids: Sequence[int]) -> dict[int, tuple[Other, ...]]:
    """Everything of others that stands on these items, flags and notes among it, whether it counts or not."""
    decision, user = tables.Decision, tables.User
    query = (
        standing.everything(
            decision.sample_id, user.name, decision.kind, decision.score, decision.value, decision.note,
            decision.batch_id.is_not(None), decision.is_adjudication, kinds=SHOWN,
        )
        .join(user, user.id == decision.user_id)
        .where(decision.sample_id.in_(sample_ids), decision.user_id != actor.user_id)
        .order_by(decision.id)
    )  # fmt: skip
    found: dict[int, list[Other]] = defaultdict(list)
    for sample_id, *said in db.execute(query) if sample_ids else ():
        found[sample_id].append(Other(*said))
    return {n: tuple(said) for n, said in found.items()}


def meanwhile(said: Sequence[Other]) -> str | None:
    """What a curator did to the item, for the person whose word comes after it."""
    settled = [one for one in said if one.is_adjudication]
    if settled:
        return f"{settled[-1].who} has settled this item; your word is kept and does not change the label."
    bulk = [one for one in said if one.is_bulk]
    if bulk:
        return f"{bulk[-1].who} had decided this in a bulk action ({bulk[-1].kind}); your word stands above it now."
    return None
