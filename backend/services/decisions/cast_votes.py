"""The votes of a round as columns: what standing decisions say of items, as agreement and people's figures count it."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from backend.db.standing import ANY_LABELLING, TOGETHER
from backend.services.decisions.decision_columns import (
    ADJUDICATION,
    BATCH,
    BLIND,
    GOLD,
    LATE,
    OF_JUDGMENT,
    RANDOM,
    DecisionColumns,
    last_of_each,
)
from backend.values import DecisionKind

LEFT_OUT = ("on gold items", "adjudications", "bulk actions", "late: the item's reviewers were complete")
REPLACED = "replaced by the same person's later word"
NO_VERDICT, REJECT, ACCEPT = -1, 0, 1


@dataclass(frozen=True)
class CastVotes:
    """The last vote of each person on each item, as it was cast. `verdict`: one of the three above.

    `hidden`: nothing of the judge was seen before. `left_out` counts what is no vote, by reason.
    """

    sample: Any
    group: Any
    user: Any
    verdict: Any
    score: Any
    best: Any
    together: Any
    hidden: Any
    random: Any
    left_out: dict[str, int]

    def __len__(self) -> int:
        return len(self.sample)

    def where(self, mask: Any) -> "CastVotes":
        """Those votes alone."""
        columns = {name: column[mask] for name, column in vars(self).items() if name != "left_out"}
        return CastVotes(**columns, left_out=self.left_out)


def cast(decisions: DecisionColumns, cut: float, *, items_of: int | None = None, with_gold: bool = False) -> CastVotes:
    """The votes among a round's decisions.

    `cut`: from which score on a sample is accepted. `items_of`: only those on items that this person has decided.
    `with_gold`: what was said in time of gold items, too, after the others.
    """
    labelling = decisions.where(decisions.stands & decisions.is_kind(ANY_LABELLING))
    if items_of is not None:
        own = np.unique(decisions.sample[decisions.user == items_of])
        labelling = labelling.where(np.isin(labelling.sample, own))
    left_out, is_vote = Counter[str](), np.ones(len(labelling), dtype=bool)
    for flag, why in zip((GOLD, ADJUDICATION, BATCH, LATE), LEFT_OUT, strict=True):
        is_out = is_vote & labelling.has(flag)
        left_out[why] += int(is_out.sum())
        is_vote &= ~is_out
    votes = labelling.where(is_vote)
    places = last_of_each(votes.sample, votes.user, votes.is_kind(TOGETHER))
    left_out[REPLACED] = len(votes) - len(places)
    columns = _columns(votes.where(places), cut)
    if with_gold:
        on_gold = labelling.where(labelling.has(GOLD) & ~labelling.has(LATE))
        gold = _columns(on_gold.where(last_of_each(on_gold.sample, on_gold.user)), cut)
        columns = {name: np.concatenate([column, gold[name]]) for name, column in columns.items()}
    return CastVotes(**columns, left_out=dict(+left_out))


def _columns(votes: DecisionColumns, cut: float) -> dict[str, Any]:
    is_score = votes.is_kind((DecisionKind.score,)) & ~np.isnan(votes.score)
    score = np.where(is_score, votes.score, np.nan)
    verdict = np.where(is_score, np.where(votes.score >= cut, ACCEPT, REJECT), NO_VERDICT)
    verdict[votes.is_kind((DecisionKind.accept,))] = ACCEPT
    verdict[votes.is_kind((DecisionKind.reject,))] = REJECT
    return {
        "sample": votes.sample,
        "group": votes.group,
        "user": votes.user,
        "verdict": verdict,
        "score": score,
        "best": votes.best,
        "together": votes.is_kind(TOGETHER),
        "hidden": votes.has(BLIND) & ~votes.has(OF_JUDGMENT),
        "random": votes.has(RANDOM),
    }
