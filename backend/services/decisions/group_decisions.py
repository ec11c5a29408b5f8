"""Decisions about a whole group: checked, and turned into verdict and score of each sample they speak of.

Best accepts, worst rejects, all bad rejects what was shown; a tie gives its samples one score and no verdict; a rank
spreads the scores evenly over the judge's scale, and its cut gives the verdicts.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.errors import InvalidInput
from backend.recipes import cut_of
from backend.services.decisions.votes import verdict_of
from backend.services.review_settings import Mode
from backend.values import DecisionKind, Verdict, mean_score

MAX_MEMBERS = 64


def check(kind: DecisionKind, value: dict[str, Any], member_ids: Sequence[int]) -> dict[str, Any]:
    """The value, if it speaks of samples of this group and of each at most once; raises `InvalidInput`."""
    if len(member_ids) > MAX_MEMBERS:
        raise InvalidInput(f"A group of more than {MAX_MEMBERS} samples is decided one sample at a time.")
    clean = ranked(value) if kind is DecisionKind.rank else preferred(value)
    named = [n for n in spoken_of(clean) if n is not None]
    strangers = sorted(set(named) - set(member_ids))
    if strangers:
        raise InvalidInput(f"Sample {strangers[0]} is not in this group. Reload the page.")
    if len(set(named)) < len(named):
        raise InvalidInput("A sample is named twice. Name each at most once.")
    if kind is DecisionKind.rank and len(named) < 2:
        raise InvalidInput("A rank names at least two samples, best first.")
    return clean


def preferred(value: dict[str, Any]) -> dict[str, Any]:
    bad, tied = value.get("all_bad"), value.get("tie")
    if isinstance(bad, list) and bad and all(is_id(n) for n in bad):
        return {"all_bad": bad}
    if isinstance(tied, list) and len(tied) > 1 and all(is_id(n) for n in tied):
        return {"tie": tied}
    best, worst = value.get("best"), value.get("worst")
    if is_id(best) and (worst is None or is_id(worst)):
        return {"best": best, "worst": worst}
    raise InvalidInput('Prefer names {"best": id, "worst": id or null}, {"tie": [ids]} or {"all_bad": [ids]}.')


def ranked(value: dict[str, Any]) -> dict[str, Any]:
    order = value.get("order")
    if not isinstance(order, list) or not order or not all(is_id(n) for n in order):
        raise InvalidInput('Rank names {"order": [ids, best first]}.')
    return {"order": order}


def is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def spoken_of(value: dict[str, Any]) -> list[int | None]:
    several = (value.get(name, ()) for name in ("tie", "all_bad", "order"))
    return [value.get("best"), value.get("worst"), *(n for some in several for n in some)]


def says(
    value: dict[str, Any], scores: dict[int, float | None], judge: dict[str, Any]
) -> dict[int, tuple[Verdict | None, float | None]]:
    """Verdict and score of each sample it speaks of. `scores`: the machine's; `judge`: the recipe's, with its scale."""
    if value.get("all_bad"):
        return dict.fromkeys(value["all_bad"], (Verdict.reject, None))
    if value.get("tie"):
        known = [score for n in value["tie"] if (score := scores.get(n)) is not None]
        mean = mean_score(known) if known else None
        return dict.fromkeys(value["tie"], (None, mean))
    if value.get("order"):
        order, (low, high) = value["order"], scale(judge)
        step = (high - low) / max(1, len(order) - 1)
        ranked_scores = {n: high - place * step for place, n in enumerate(order)}
        cut = cut_of(judge)
        return {n: (verdict_of(DecisionKind.score, score, cut), score) for n, score in ranked_scores.items()}
    best, worst = value.get("best"), value.get("worst")
    verdicts: dict[int, tuple[Verdict | None, float | None]] = (
        {best: (Verdict.accept, None)} if best is not None else {}
    )
    if worst is not None:
        verdicts[worst] = (Verdict.reject, None)
    return verdicts


def overrides(value: dict[str, Any], machine: dict[int, tuple[float | None, Verdict | None]]) -> bool:
    """Whether it contradicts the judge: another one first, a tie of two verdicts, all bad where one was accepted.

    `machine`: score and verdict of each member. Where the judge gave no score, there is nothing to contradict.
    """
    if value.get("all_bad"):
        return any(machine[n][1] is Verdict.accept for n in value["all_bad"])
    if value.get("tie"):
        return len({machine[n][1] for n in value["tie"]} - {None}) > 1
    first = value["order"][0] if value.get("order") else value["best"]
    compared = value.get("order") or machine
    scores = [machine[n][0] for n in compared]
    highest = max((score for score in scores if score is not None), default=None)
    return highest is not None and machine[first][0] != highest


def scale(judge: dict[str, Any]) -> tuple[float, float]:
    """The judge's scale, else 0 to 1."""
    low, high = judge.get("lowest"), judge.get("highest")
    return (0.0, 1.0) if low is None or high is None else (float(low), float(high))


def first_of(db: Session, sample_ids: Sequence[int]) -> dict[int, int]:
    """For each sample the first completion of its group: the group's item."""
    sample, first = tables.Sample, tables.Sample.__table__.alias("first")
    # A held-out group has a first completion of each checkpoint. What was imported has none, and is in no such group.
    have_none = or_(first.c.checkpoint_id.is_(None), sample.checkpoint_id.is_(None))
    is_same = or_(first.c.checkpoint_id == sample.checkpoint_id, have_none)
    query = (
        select(sample.id, first.c.id)
        .join(first, (first.c.group_id == sample.group_id) & is_same)
        .where(sample.id.in_(sample_ids), first.c.kind.in_(tables.JUDGED), first.c.position == 0)
    )
    return {sample_id: item_id for sample_id, item_id in db.execute(query)} if sample_ids else {}


def members(db: Session, group_ids: Sequence[int]) -> dict[int, list[int]]:
    """The completions of each group, by position."""
    sample = tables.Sample
    query = select(sample.group_id, sample.id).where(sample.group_id.in_(group_ids), sample.kind.in_(tables.JUDGED))
    by_group: dict[int, list[int]] = {n: [] for n in group_ids}
    for group_id, sample_id in db.execute(query.order_by(sample.position, sample.id)) if group_ids else ():
        by_group[group_id].append(sample_id)
    return by_group


def shown(
    mode: Mode, user_id: int, group_id: int, member_ids: Sequence[int], scores: dict[int, float | None]
) -> list[int]:
    """The samples an item shows: all of a group; of a pair the highest and the lowest score, in an order of its own.

    The order depends on person and group, so that no side gives an answer away, and stays when the page is reloaded.
    """
    if mode is not Mode.pair or len(member_ids) < 2:
        return list(member_ids)
    known = [n for n in member_ids if scores.get(n) is not None]
    place = {n: i for i, n in enumerate(member_ids)}
    known.sort(key=lambda n: (scores[n] or 0.0, -place[n]))
    has_two = len(known) > 1 and scores[known[0]] != scores[known[-1]]
    pair = [known[-1], known[0]] if has_two else [member_ids[0], member_ids[-1]]
    is_turned = hashlib.sha256(f"{user_id}:{group_id}".encode()).digest()[0] & 1
    return pair[::-1] if is_turned else pair
