"""What others said of an item: shown after one's own word, or where the round shows it before."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.aliases import alias
from backend.services.access import Actor
from backend.services.labels import ANY_LABELLING
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
    """The standing decisions of others on these items. A gold item has none to show: it looks as if one came first."""
    decision, taken_back, user = tables.Decision, alias(tables.Decision, "taken_back"), tables.User
    query = (
        select(
            decision.sample_id, user.name, decision.kind, decision.score, decision.value, decision.note,
            decision.batch_id.is_not(None), decision.is_adjudication,
        )
        .join(user, user.id == decision.user_id)
        .outerjoin(taken_back, taken_back.retracts_id == decision.id)
        .where(decision.sample_id.in_(sample_ids), decision.user_id != actor.user_id, decision.kind.in_(SHOWN))
        .where(taken_back.id.is_(None), decision.is_gold.is_(False))
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
