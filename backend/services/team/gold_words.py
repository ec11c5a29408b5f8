"""What people said of gold items, and how often that was right."""

from collections import Counter

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.standing import LABELLING
from backend.services.decisions.decision_columns import ADJUDICATION, BATCH, GOLD, DecisionColumns, last_of_each
from backend.services.decisions.rules import cut_of_round
from backend.values import DecisionKind, Verdict


def of_people(
    db: Session, round_: tables.Round, decisions: DecisionColumns, of: int | None = None
) -> dict[int, tuple[int, int]]:
    """How many gold items each person, or `of` one, met, and on how many their last word was right."""
    gold = tables.GoldItem
    known = dict(db.execute(select(gold.sample_id, gold.verdict).where(gold.round_id == round_.id)).tuples().all())
    on_gold = decisions.stands & decisions.is_kind(LABELLING) & decisions.has(GOLD)
    on_gold &= ~decisions.has(ADJUDICATION | BATCH) & np.isin(decisions.sample, [*known])
    on_known = decisions.where(on_gold if of is None else on_gold & (decisions.user == of))
    last = on_known.where(last_of_each(on_known.sample, on_known.user))
    is_score = last.is_kind((DecisionKind.score,))
    is_above = np.nan_to_num(last.score) >= cut_of_round(round_)
    accepts = np.where(is_score, is_above, last.is_kind((DecisionKind.accept,)))
    seen, right = Counter[int](), Counter[int]()
    for user_id, sample_id, is_accepted in zip(last.user.tolist(), last.sample.tolist(), accepts.tolist(), strict=True):
        seen[user_id] += 1
        right[user_id] += is_accepted == (known[sample_id] is Verdict.accept)
    return {user_id: (number, right[user_id]) for user_id, number in seen.items()}
