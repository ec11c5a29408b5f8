"""The votes of a round: what standing decisions say of items, as agreement and people's own figures count it."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import standing, tables
from backend.db.standing import ANY_LABELLING, TOGETHER
from backend.services.decisions.best import best_of
from backend.services.decisions.labels import Rules
from backend.services.decisions.verdicts import Vote, verdict_of
from backend.values import DecisionKind, Mode

LEFT_OUT = ("on gold items", "adjudications", "bulk actions", "late: the item's reviewers were complete")
REPLACED = "replaced by the same person's later word"


@dataclass(frozen=True)
class Votes:
    """`on_gold`: words on gold items, in no figure but a person's own. `left_out` counts what is no vote, by reason."""

    cast: tuple[Vote, ...]
    on_gold: tuple[Vote, ...]
    left_out: dict[str, int]


def read(db: Session, round_id: int, *, items_of: int | None = None) -> Votes:
    """The votes of a round, in the order in which they were cast; everything else that stands is counted by reason.

    items_of: only those on the items that this person has decided.
    """
    decision = tables.Decision
    query = (
        standing.everything(
            decision.sample_id,
            decision.group_id,
            decision.user_id,
            decision.kind,
            decision.score,
            decision.value,
            decision.mode,
            decision.is_blind,
            decision.is_random,
            decision.is_gold,
            decision.is_adjudication,
            decision.is_late,
            decision.batch_id,
            decision.is_override,
            kinds=ANY_LABELLING,
        )
        .where(decision.round_id == round_id)
        .order_by(decision.id)
    )
    if items_of is not None:
        own = select(decision.sample_id).where(decision.round_id == round_id, decision.user_id == items_of)
        query = query.where(decision.sample_id.in_(own.correlate(None)))
    cut = Rules(db, {round_id}).cuts.get(round_id, 0.5)
    last: dict[tuple[int, int, bool], Vote] = {}
    on_gold: dict[tuple[int, int], Vote] = {}
    left_out: Counter[str] = Counter()
    for row in db.execute(query):
        why = _no_vote(row)
        if why:
            left_out[why] += 1
            if row.is_gold and not row.is_late:
                on_gold[row.sample_id, row.user_id] = _vote(row, cut)
            continue
        vote = _vote(row, cut)
        key = (vote.sample_id, vote.user_id, vote.best is not None)
        if last.pop(key, None) is not None:
            left_out[REPLACED] += 1
        last[key] = vote
    return Votes(tuple(last.values()), tuple(on_gold.values()), dict(left_out))


def _no_vote(row: Any) -> str | None:
    is_out = (row.is_gold, row.is_adjudication, row.batch_id is not None, row.is_late)
    return next((why for why, is_so in zip(LEFT_OUT, is_out, strict=True) if is_so), None)


def _vote(row: Any, cut: float) -> Vote:
    score = float(row.score) if row.kind is DecisionKind.score and row.score is not None else None
    return Vote(
        row.sample_id,
        row.user_id,
        verdict_of(row.kind, score, cut),
        score,
        group_id=row.group_id,
        best=_best(row),
        judge_hidden=row.is_blind and row.mode != Mode.judgment,
        is_random=row.is_random,
        is_override=row.is_override,
    )


def _best(row: Any) -> int | str | None:
    """Which of the group the person put first."""
    return best_of(row.value or {}) if row.kind in TOGETHER else None
