"""Two checkpoints on the same held-out prompts: who was right where, and whether chance explains the difference."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.differences import Difference, of_shares
from backend.values import JSON

MOST_KEPT = 1024
UNTOLD = "it is not kept of each prompt whether it was right"

_kept: dict[tuple[Any, ...], Difference] = {}
"""Differences by the two rows they were computed from: the overview asks every two seconds, and a row never changes."""


def of_pairs(
    db: Session, pairs: Mapping[int, tuple[int, int]], *, times: Mapping[int, int] | None = None
) -> dict[int, Difference]:
    """The difference of each pair of rows of held-out accuracy, (the first, the second), by the pair's key; pairs are
    left out of which a row is gone.

    `times`: of how many that are looked at together each is one, by the same key; 1 where that is not said.
    """
    metric, asked = tables.Metric, {id_ for pair in pairs.values() for id_ in pair}
    if not asked:
        return {}
    query = select(metric.id, metric.created_at).where(metric.id.in_(asked))
    written = dict(db.execute(query).tuples().all())
    of = {key: (times or {}).get(key, 1) for key in pairs}
    keys = {
        key: (old, written[old], new, written[new], of[key])
        for key, (old, new) in pairs.items()
        if old in written and new in written
    }
    hits = {key: kept for key, place in keys.items() if (kept := _kept.get(place)) is not None}
    if missing := keys.keys() - hits.keys():
        ids = {id_ for key in missing for id_ in pairs[key]}
        rows = {
            id_: (n, details)
            for id_, n, details in db.execute(select(metric.id, metric.n, metric.details).where(metric.id.in_(ids)))
        }
        if len(_kept) > MOST_KEPT:
            _kept.clear()
        for key in missing:
            old, new = pairs[key]
            if old not in rows or new not in rows:
                continue  # deleted since the statement before
            hits[key] = _kept[keys[key]] = of_rows(rows[old], rows[new], times=of[key])
    return hits


def of_rows(old: tuple[int, JSON], new: tuple[int, JSON], *, times: int = 1) -> Difference:
    """The difference of two measurements, each with how many prompts it counts and its details."""
    if not (names_all(*old) and names_all(*new)):
        return Difference(None, None, None, 0, why=UNTOLD)
    (was, was_not), (now, now_not) = ((set(row["right"]), set(row["wrong"])) for _, row in (old, new))
    return of_answers(was, was_not, now, now_not, times=times)


def of_answers(
    was: AbstractSet[int],
    was_not: AbstractSet[int],
    now: AbstractSet[int],
    now_not: AbstractSet[int],
    *,
    times: int = 1,
) -> Difference:
    """The difference of two accuracies over the prompts of which both are known, with McNemar's exact test: the prompts
    answered right and wrong before, and after.

    `times`: one of so many differences that are looked at together.
    """
    common = (was | was_not) & (now | now_not)
    before, after = common & was, common & now
    return of_shares(len(common), len(before), len(after - before), len(before - after), times=times)


def names_all(n: int | None, details: JSON) -> bool:
    """Whether each of the n prompts is there by its id. Earlier versions left out answers that could not be read, and
    a fall that comes of them would not show."""
    right, wrong = details.get("right"), details.get("wrong")
    return isinstance(right, list) and isinstance(wrong, list) and len(right) + len(wrong) == n
