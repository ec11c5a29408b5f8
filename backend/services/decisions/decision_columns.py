"""The decisions of a round as columns of numbers, which stay between questions: each reads only what came since.

Figures over all that people said (agreement, reviewers) are sums over every decision. Rows of `decisions` are appended
and never updated, so those that were read need not be read again: what is added is asked for, and how many there are is
counted in an index. Where that is another number than is kept (rows were deleted, or PostgreSQL, which gives numbers
out before they are committed, put one long before the last), all are read anew.
"""

from collections import OrderedDict
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

import numpy as np
from sqlalchemy import case, func, literal, null, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.standing import TOGETHER
from backend.services.decisions.acts import COUNTED_SECONDS
from backend.values import DecisionKind, Mode

KINDS = tuple(DecisionKind)
BLIND, RANDOM, GOLD, ADJUDICATION, LATE, BATCH, OVERRIDE, COPY, OF_JUDGMENT = (2**n for n in range(9))
"""Bits of `flags`. COPY: taking a removal back wrote it. OF_JUDGMENT: the item was shown as a judgment."""
NO_BEST, TIE, ALL_BAD = -1, -2, -3
"""Instead of the sample that a decision puts first."""
FEWEST_KEPT = 200
"""Fewer decisions are read anew each time."""
AGAIN = 64
"""So many of the last rows are asked for again: one of a smaller number may have been committed since."""
MOST_ROUNDS, MOST_ROWS = 16, 2_000_000
"""The columns of so many rounds are kept, of so many rows together: a row takes 60 bytes."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class DecisionColumns:
    """One line a decision, in order of their numbers.

    `kind`: the place in `KINDS`. `score`, `seconds`: NaN where there is none; of more than `COUNTED_SECONDS` so many.
    `best`: the sample that a decision on a group puts first, `TIE` or `ALL_BAD`. `at`: microseconds since 1970.
    `stands`: nobody took it back. `together`: value and mode of each decision on a group, by its number.
    """

    id: Any
    sample: Any
    group: Any
    user: Any
    kind: Any
    score: Any
    seconds: Any
    best: Any
    at: Any
    flags: Any
    stands: Any
    together: dict[int, tuple[dict[str, Any], str]]

    def __len__(self) -> int:
        return len(self.id)

    def has(self, flag: int) -> Any:
        """Which decisions have one of these flags."""
        return (self.flags & flag) != 0

    def is_kind(self, kinds: tuple[DecisionKind, ...]) -> Any:
        """Which decisions are of these kinds."""
        return np.isin(self.kind, [KINDS.index(kind) for kind in kinds])

    def where(self, mask: Any) -> "DecisionColumns":
        """Those lines alone."""
        columns = {name: getattr(self, name)[mask] for name in COLUMNS}
        return DecisionColumns(**columns, together=self.together)


COLUMNS = [field.name for field in fields(DecisionColumns) if field.name != "together"]
TYPES = {
    "id": np.int64,
    "sample": np.int64,
    "group": np.int64,
    "user": np.int64,
    "kind": np.int8,
    "score": np.float64,
    "seconds": np.float64,
    "best": np.int64,
    "at": np.int64,
    "flags": np.int16,
    "stands": np.bool_,
}
_kept: "OrderedDict[tuple[Any, ...], DecisionColumns]" = OrderedDict()
_lock = Lock()


def read(db: Session, round_: tables.Round) -> DecisionColumns:
    """The round's decisions as they are now, retractions among them."""
    key = (str(db.get_bind().engine.url), round_.id, round_.created_at)
    with _lock:
        kept = _kept.get(key)
    columns = _advanced(db, round_.id, kept) if kept is not None else None
    if columns is None:
        columns = _columns(db.execute(_query(round_.id)).all())
    with _lock:
        if len(columns) < FEWEST_KEPT:
            _kept.pop(key, None)
            return columns
        _kept[key] = columns
        _kept.move_to_end(key)
        while len(_kept) > MOST_ROUNDS or (len(_kept) > 1 and sum(map(len, _kept.values())) > MOST_ROWS):
            _kept.popitem(last=False)
    return columns


def last_of_each(*keys: Any) -> Any:
    """The places, in order, of the last line of each combination of these keys."""
    order = np.lexsort((np.arange(len(keys[0])), *reversed(keys)))
    is_last = np.ones(len(order), dtype=bool)
    is_last[:-1] = False
    for key in keys:
        is_last[:-1] |= key[order][1:] != key[order][:-1]
    return np.sort(order[is_last])


def _advanced(db: Session, round_id: int, kept: DecisionColumns) -> DecisionColumns | None:
    """The kept columns with what came since; None where that is not all."""
    if not len(kept):
        return None
    beyond = int(kept.id[-AGAIN]) if len(kept) > AGAIN else 0
    known = set(kept.id[-AGAIN:].tolist())
    asked = _query(round_id).where(tables.Decision.id > beyond - 1)
    fresh = [row for row in db.execute(asked) if row.id not in known]
    columns = kept
    if fresh:
        more = _columns(fresh)
        joined = {name: np.concatenate([getattr(kept, name), getattr(more, name)]) for name in COLUMNS}
        order = np.argsort(joined["id"], kind="stable")
        joined = {name: column[order] for name, column in joined.items()}
        joined["stands"] &= ~np.isin(joined["id"], [row.retracts_id for row in fresh if row.retracts_id is not None])
        columns = DecisionColumns(**joined, together=kept.together | more.together)
    decision = tables.Decision
    number = select(func.count()).where(decision.round_id == round_id, decision.id <= int(columns.id[-1]))
    return columns if db.scalar(number) == len(columns) else None


def _query(round_id: int) -> Any:
    decision = tables.Decision
    bits = (
        (decision.is_blind, BLIND),
        (decision.is_random, RANDOM),
        (decision.is_gold, GOLD),
        (decision.is_adjudication, ADJUDICATION),
        (decision.is_late, LATE),
        (decision.batch_id.is_not(None), BATCH),
        (decision.is_override, OVERRIDE),
        (decision.value["restores"].as_integer().is_not(None), COPY),
        (decision.mode == Mode.judgment.value, OF_JUDGMENT),
    )
    flags: Any = literal(0)
    for condition, bit in bits:
        flags = flags + case((condition, bit), else_=0)
    is_together = decision.kind.in_(TOGETHER)
    return (
        select(
            decision.id,
            decision.sample_id,
            decision.group_id,
            decision.user_id,
            decision.kind,
            decision.score,
            decision.seconds,
            decision.created_at,
            decision.retracts_id,
            decision.mode,
            # JSON is read where it says something alone.
            case((is_together, decision.value), else_=null()).label("value"),
            flags.label("flags"),
        )
        .where(decision.round_id == round_id)
        .order_by(decision.id)
    )


def _columns(rows: Any) -> DecisionColumns:
    places = {kind: place for place, kind in enumerate(KINDS)}
    gone = {row.retracts_id for row in rows if row.retracts_id is not None}
    together = {row.id: (row.value or {}, str(row.mode)) for row in rows if row.kind in TOGETHER}
    listed: dict[str, list[Any]] = {
        "id": [row.id for row in rows],
        "sample": [row.sample_id for row in rows],
        "group": [row.group_id for row in rows],
        "user": [row.user_id for row in rows],
        "kind": [places[row.kind] for row in rows],
        "score": [np.nan if row.score is None else row.score for row in rows],
        "seconds": [np.nan if row.seconds is None else min(row.seconds, COUNTED_SECONDS) for row in rows],
        "best": [_best(together[row.id][0]) if row.id in together else NO_BEST for row in rows],
        "at": [microseconds(row.created_at) for row in rows],
        "flags": [row.flags for row in rows],
        "stands": [row.id not in gone for row in rows],
    }
    columns: dict[str, Any] = {name: np.array(values, dtype=TYPES[name]) for name, values in listed.items()}
    return DecisionColumns(**columns, together=together)


def _best(value: dict[str, Any]) -> int:
    """Which of the group's samples the decision puts first, `TIE` or `ALL_BAD`."""
    if value.get("all_bad"):
        return ALL_BAD
    if value.get("tie"):
        return TIE
    order = value.get("order") or [value.get("best")]
    return int(order[0]) if order[0] is not None else TIE


def microseconds(at: datetime) -> int:
    """The number of `at` that stands for a time."""
    return (at - EPOCH) // timedelta(microseconds=1)


def moment(at: int) -> datetime:
    """The time that a number of `at` stands for."""
    return EPOCH + timedelta(microseconds=int(at))
