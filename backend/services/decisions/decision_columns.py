"""The decisions of a round as columns of numbers, which stay between questions: each reads only what came since.

Figures over all that people said (agreement, reviewers) are sums over every decision. Rows of `decisions` are appended
and never updated, so those that were read need not be read again: the last rows and what was added are asked for, and
how many come before them is counted in an index by the same statement. Where that is another number than is kept (rows
were deleted, or PostgreSQL, which gives numbers out before they are committed, put one long before the last), all are
read anew, a page at a time.

One call at a time reads a round in a process; the others wait and read what came since. Memory: 76 bytes a decision
that is kept, and twice that while they are read or joined. Beside `MOST_ROWS` the round that was asked for last is kept
whatever its size: figures over it need all of it.
"""

import json
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

import numpy as np
from sqlalchemy import BigInteger, String, case, cast, extract, func, literal, null, select, type_coerce
from sqlalchemy.orm import Session, aliased

from backend.db import tables
from backend.db.standing import TOGETHER
from backend.services.decisions.acts import COUNTED_SECONDS
from backend.services.rounds.reading_lock import one_at_a_time
from backend.values import DecisionKind, Mode

KINDS = tuple(DecisionKind)
PLACES = {kind.value: place for place, kind in enumerate(KINDS)}
BLIND, RANDOM, GOLD, ADJUDICATION, LATE, BATCH, COPY, OF_JUDGMENT = (2**n for n in range(8))
"""Bits of `flags`. COPY: taking a removal back wrote it. OF_JUDGMENT: the item was shown as a judgment."""
NO_BEST, TIE, ALL_BAD = -1, -2, -3
"""Instead of the sample that a decision puts first."""
FEWEST_KEPT = 200
"""Fewer decisions are read anew each time."""
AGAIN = (64, 4_096)
"""So many of the last rows are asked for again, since one of a smaller number may have been committed; the second where
the first is too few."""
PAGE = 10_000
"""Rows that are read at a time where all are."""
MOST_ROUNDS, MOST_ROWS = 16, 2_000_000
"""The columns of so many rounds are kept, of so many rows together."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class DecisionColumns:
    """One line a decision, in order of their numbers.

    `kind`: the place in `KINDS`. `score`, `seconds`: NaN where there is none; of more than `COUNTED_SECONDS` so many.
    `best`: the sample that a decision on a group puts first, `TIE` or `ALL_BAD`. `at`: microseconds since 1970.
    `retracts`: the decision that it takes back, or 0. `stands`: nobody took it back.
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
    retracts: Any
    stands: Any

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
        return DecisionColumns(**{name: getattr(self, name)[mask] for name in COLUMNS})


COLUMNS = [field.name for field in fields(DecisionColumns)]
READ = [name for name in COLUMNS if name != "stands"]
"""In the order in which the query has them."""
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
    "retracts": np.int64,
    "stands": np.bool_,
}
_kept: "OrderedDict[tuple[Any, ...], DecisionColumns]" = OrderedDict()
_lock = Lock()


def read(db: Session, round_: tables.Round) -> DecisionColumns:
    """The round's decisions as they are now, retractions among them."""
    key = (str(db.get_bind().engine.url), round_.id, round_.created_at)
    with one_at_a_time(key):
        with _lock:
            kept = _kept.get(key)
        columns = _advanced(db, round_.id, kept) if kept is not None else None
        if columns is None:
            columns = _whole(db, round_.id)
        with _lock:
            _keep(key, columns)
    return columns


def _keep(key: tuple[Any, ...], columns: DecisionColumns) -> None:
    if len(columns) < FEWEST_KEPT:
        _kept.pop(key, None)
        return
    _kept[key] = columns
    _kept.move_to_end(key)
    while len(_kept) > MOST_ROUNDS or (len(_kept) > 1 and sum(map(len, _kept.values())) > MOST_ROWS):
        _kept.popitem(last=False)


def last_of_each(*keys: Any) -> Any:
    """The places, in order, of the last line of each combination of these keys."""
    order = np.lexsort((np.arange(len(keys[0])), *reversed(keys)))
    is_last = np.ones(len(order), dtype=bool)
    is_last[:-1] = False
    for key in keys:
        is_last[:-1] |= key[order][1:] != key[order][:-1]
    return np.sort(order[is_last])


def _whole(db: Session, round_id: int) -> DecisionColumns:
    return _joined([_columns(page) for page in _pages(db, _query(db, round_id))] or [_columns([])])


def _pages(db: Session, query: Any) -> Iterator[Sequence[Any]]:
    """The rows as the driver has them: to make SQLAlchemy's of them takes longer than to read them."""
    connection = db.connection()
    sql = str(query.compile(connection, compile_kwargs={"literal_binds": True}))
    driver: Any = connection.connection.driver_connection
    is_postgres = connection.dialect.name == "postgresql"
    with closing(driver.cursor("decision_columns", binary=True) if is_postgres else driver.cursor()) as cursor:
        cursor.execute(sql)
        while rows := cursor.fetchmany(PAGE):
            yield rows


def _advanced(db: Session, round_id: int, kept: DecisionColumns) -> DecisionColumns | None:
    """The kept columns with what came since; None where that is not all.

    The caller may see fewer rows than are kept: its view of the database may be older than that of who read them.
    """
    earlier = aliased(tables.Decision)
    for again in AGAIN:
        place = max(0, len(kept) - again)
        first = int(kept.id[place]) if place else 0
        before = select(func.count()).where(earlier.round_id == round_id, earlier.id < first).scalar_subquery()
        # By one statement: of two, the second may see rows that were committed after the first.
        query = _query(db, round_id).where(tables.Decision.id >= first).add_columns(before.label("before"))
        rows = db.connection().execute(query).all()
        if rows and rows[0].before == place:
            return _with_end(kept, place, _columns(rows))
        if not place:
            break
    return None


def _with_end(kept: DecisionColumns, place: int, end: DecisionColumns) -> DecisionColumns:
    """The kept columns up to that place, and these instead of the rest."""
    if all(np.array_equal(getattr(kept, name)[place:], getattr(end, name), equal_nan=True) for name in READ):
        return kept
    return _joined([kept.where(slice(place)), end])


def _joined(parts: Sequence[DecisionColumns]) -> DecisionColumns:
    """One after the other; what stands is told by all of them together."""
    columns = DecisionColumns(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS})
    columns.stands[:] = ~np.isin(columns.id, columns.retracts[columns.retracts > 0])
    return columns


def _query(db: Session, round_id: int) -> Any:
    """Past the column types where making Python's values takes longer than to read: names of kinds, and times."""
    decision = tables.Decision
    bits = (
        (decision.is_blind, BLIND),
        (decision.is_random, RANDOM),
        (decision.is_gold, GOLD),
        (decision.is_adjudication, ADJUDICATION),
        (decision.is_late, LATE),
        (decision.batch_id.is_not(None), BATCH),
        (decision.value["restores"].as_integer().is_not(None), COPY),
        (decision.mode == Mode.judgment.value, OF_JUDGMENT),
    )
    flags: Any = literal(0)
    for condition, bit in bits:
        flags = flags + case((condition, bit), else_=0)
    is_together = decision.kind.in_(TOGETHER)
    at: Any = type_coerce(decision.created_at, String)
    if db.get_bind().dialect.name == "postgresql":
        at = cast(extract("epoch", decision.created_at) * 1_000_000, BigInteger)
    return (
        select(
            decision.id,
            decision.sample_id.label("sample"),
            decision.group_id.label("group"),
            decision.user_id.label("user"),
            type_coerce(decision.kind, String).label("kind"),
            decision.score,
            decision.seconds,
            # JSON is read where it says something alone.
            case((is_together, decision.value), else_=null()).label("best"),
            at.label("at"),
            flags.label("flags"),
            func.coalesce(decision.retracts_id, 0).label("retracts"),
        )
        .where(decision.round_id == round_id)
        .order_by(decision.id)
    )


def _columns(rows: Sequence[Any]) -> DecisionColumns:
    listed: dict[str, Any] = dict(zip(READ, zip(*rows, strict=True), strict=False)) if rows else {}
    if rows:
        listed["kind"] = [PLACES[kind] for kind in listed["kind"]]
        listed["best"] = [NO_BEST if value is None else _best(value) for value in listed["best"]]
        if isinstance(listed["at"][0], str):
            listed["at"] = np.array(listed["at"], dtype="datetime64[us]")
    columns: dict[str, Any] = {name: np.array(listed.get(name, ()), dtype=TYPES[name]) for name in READ}
    columns["seconds"] = np.minimum(columns["seconds"], COUNTED_SECONDS)
    return DecisionColumns(**columns, stands=np.ones(len(rows), dtype=TYPES["stands"]))


def _best(value: dict[str, Any] | str) -> int:
    """Which of the group's samples the decision puts first, `TIE` or `ALL_BAD`. SQLite's driver leaves JSON a text."""
    if isinstance(value, str):
        value = json.loads(value)
    assert isinstance(value, dict)
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
