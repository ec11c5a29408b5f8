"""Walks through a round's undecided samples, page by page, each along an index and none through what is decided.

A walk says which samples are likely to be next; whether a person may have one of them is asked a page at a time
(review_pick.py), so that no walk has to know of leases.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import Integer, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.aliases import alias
from backend.db.built import built_once, is_among, is_any, run
from backend.db.filters import Cursor, Filters, Sort, SortKey
from backend.db.listing import listed_rows, place, scope
from backend.db.listing_two_keys import first_of
from backend.db.many import in_chunks
from backend.pipeline.informativeness.repeats import BEHIND
from backend.pipeline.informativeness.signs import near_the_cut
from backend.recipes import cut_of, judge_of
from backend.services.queue.draw import OPEN, at_random
from backend.services.review_settings import ReviewSettings
from backend.values import LabelSource, Split

FIRST_PAGE, PAGE = 120, 250
KNOWN_GROUP = 0.8
"""What the informativeness is multiplied by where another text of the prompt was decided. Set by hand, not measured."""
MOST_BEHIND = PAGE
"""Once so many samples are put behind because their text was decided, no more are looked for: bounds what a claim reads
in a round that was judged when repeats were not yet put behind."""

Pages = Iterator[list[int]]


class Order(StrEnum):
    sequential = "sequential"
    random = "random"
    disagreement = "disagreement"
    informativeness = "informativeness"

    @classmethod
    def _missing_(cls, value: object) -> "Order | None":
        """A desk that stays open over the update to 0050 asks by the former name until it is loaded again."""
        return cls.informativeness if value == "worth" else None


def walk(db: Session, round_: tables.Round, settings: ReviewSettings, order: Order, after: int, user_id: int) -> Pages:
    """The pages of this order."""
    if order is Order.random:
        yield from at_random(db, round_.id, settings, user_id)
    elif order is Order.disagreement:
        yield from by_spread(db, round_.id)
    elif order is Order.informativeness:
        yield from by_informativeness(db, round_, user_id)
    if order is Order.disagreement:
        return
    if settings.by_group:
        yield from group_by_group(db, round_.id, after, user_id)
    else:
        yield from along(db, round_.id, Sort(), after=after)


def along(db: Session, round_id: int, sort: Sort, *, after: int = 0, filters: Filters | None = None) -> Pages:
    """Samples without a person's label, straight from the lists' index ranges."""
    asked = filters or Filters(source=OPEN)
    where = scope(db, round_id, asked)
    cursor = Cursor(after, after, sort) if after else None
    size = FIRST_PAGE
    while True:
        rows = listed_rows(where, sort, cursor, size)
        yield [sample_id for _, sample_id in rows]
        if len(rows) < size:
            return
        cursor, size = place(rows[-1], sort), min(2 * size, 4 * PAGE)


def by_spread(db: Session, round_id: int) -> Pages:
    """Where the judge's repeated scores differ, most first."""
    where, sort = scope(db, round_id, Filters(source=OPEN)), Sort(SortKey.spread, descending=True)
    cursor: Cursor | None = None
    while rows := listed_rows(where, sort, cursor, PAGE):
        yield [sample_id for spread, sample_id in rows if first_of(spread) > 0]
        if first_of(rows[-1][0]) <= 0:
            return
        cursor = place(rows[-1], sort)


def group_by_group(db: Session, round_id: int, after: int, user_id: int) -> Pages:
    """First samples of groups, by number; past the first pages, from where the person last was, then all between."""
    lease = tables.Lease
    begin = heads(db, round_id, after)
    yield from (page for page, _ in zip(begin, range(2), strict=False))
    mine = select(func.max(lease.sample_id)).where(lease.round_id == round_id, lease.user_id == user_id)
    last = db.scalar(mine)
    if last is not None and last > after:
        yield from heads(db, round_id, last)
    yield from begin


def heads(db: Session, round_id: int, after: int) -> Pages:
    sample = tables.Sample
    query = select(sample.id).where(
        sample.round_id == round_id, sample.split == Split.train, sample.kind.in_(tables.JUDGED)
    )
    while True:
        page = list(db.scalars(query.where(sample.position == 0, sample.id > after).order_by(sample.id).limit(PAGE)))
        if not page:
            return
        yield page
        after = page[-1]


def by_informativeness(db: Session, round_: tables.Round, user_id: int) -> Pages:
    """The most informative first; rounds judged before informativeness was written are asked near the cut.

    What people decided of a text counts for the same text elsewhere in its group: there it is behind all others. So are
    repeats of a text, which have a value below 0 (pipeline/informativeness/repeats.py).
    """
    last: Any = None
    size, behind = FIRST_PAGE, dict[int, float]()
    while True:
        where = {"round_id": round_.id, "size": size}
        if last is not None:
            where |= {"value": last.informativeness, "sample_id": last.sample_id}
        rows = run(db, _by_informativeness(last is not None), where).all()
        if not rows and last is None:
            yield near_cut(db, round_)
            return
        known = {row.sample_id: row.informativeness for row in rows if row.informativeness >= 0}
        repeats = [row.sample_id for row in rows if row.informativeness < 0]
        if last is None:
            known |= beside_overrides(db, round_.id, user_id)
        if known and len(behind) < MOST_BEHIND:
            known = with_what_is_known(db, known)
        behind |= {n: value for n, value in known.items() if value < 0}
        yield sorted(known.keys() - behind.keys(), key=lambda n: (-known[n], n))
        if repeats or len(rows) < size:
            yield sorted(behind, key=lambda n: (-behind[n], n))
            yield repeats
            behind = {}
        if len(rows) < size:
            return
        last, size = rows[-1], PAGE


@built_once
def _by_informativeness(goes_on: bool) -> Any:
    row = tables.Informativeness
    query = select(row.sample_id, row.informativeness.label("informativeness"))
    query = query.where(row.round_id == bindparam("round_id"), row.is_open)
    if goes_on:
        value: Any = bindparam("value")
        is_same = and_(row.informativeness == value, row.sample_id < bindparam("sample_id"))
        query = query.where(or_(row.informativeness < value, is_same))
    return query.order_by(row.informativeness.desc(), row.sample_id.desc()).limit(bindparam("size", type_=Integer))


def beside_overrides(db: Session, round_id: int, user_id: int) -> dict[int, float]:
    """The open samples of the groups in which the person overrode the judge last; of many the most informative."""
    rows = run(db, _beside_overrides(), {"round_id": round_id, "user_id": user_id})
    return {n: value for n, value in rows}


@built_once
def _beside_overrides() -> Any:
    decision, sample, row = tables.Decision, tables.Sample, tables.Informativeness
    last = (
        select(decision.group_id, decision.is_override)
        .where(decision.round_id == bindparam("round_id"), decision.user_id == bindparam("user_id"))
        .order_by(decision.id.desc())
        .limit(50)
        .subquery("last")
    )
    return (
        select(row.sample_id, row.informativeness)
        .join(sample, sample.id == row.sample_id)
        .where(sample.group_id.in_(select(last.c.group_id).where(last.c.is_override)), row.is_open)
        .where(row.informativeness >= 0)
        .order_by(row.informativeness.desc(), row.sample_id.desc())
        .limit(2 * PAGE)
    )


def with_what_is_known(db: Session, known: dict[int, float]) -> dict[int, float]:
    """The informativeness of samples, given what people decided in their groups; below 0 where it is of their text."""
    told = dict(known)
    for ids in in_chunks(list(known)):
        # Each decided sample is read once, and compared here: in SQL it would be compared with every open one.
        decided: dict[int, set[str]] = defaultdict(set)
        for group_id, text in run(db, _decided_beside(), {"sample_ids": ids}):
            decided[group_id].add(text.strip())
        if not decided:
            continue
        asked = {"sample_ids": ids, "group_ids": list(decided)}
        for n, group_id, text, is_episode in run(db, _beside_decided(), asked):
            is_decided = not is_episode and text.strip() in decided[group_id]
            told[n] = known[n] - BEHIND if is_decided else known[n] * KNOWN_GROUP
    return told


@built_once
def _decided_beside() -> Any:
    """The texts that people decided in the groups of some samples, each decided sample once."""
    label, sample, here = tables.Label, tables.Sample, alias(tables.Sample, "here")
    groups = select(here.group_id).where(is_any(here.id, "sample_ids"))
    return (
        select(sample.group_id, sample.text)
        .join(label, label.sample_id == sample.id)
        .where(sample.group_id.in_(groups), is_among(sample.kind, tables.JUDGED))
        .where(label.source == LabelSource.person, label.verdict.is_not(None))
    )


@built_once
def _beside_decided() -> Any:
    """Those of some samples that are in some groups, with their texts; of an episode that is its last message alone."""
    sample = tables.Sample
    return select(sample.id, sample.group_id, sample.text, sample.turns.is_not(None)).where(
        is_any(sample.id, "sample_ids"), is_any(sample.group_id, "group_ids")
    )


def near_cut(db: Session, round_: tables.Round) -> list[int]:
    """Candidates without a verdict, of large spread and on both sides of the cut, the most wavering first."""
    cut, label = cut_of(judge_of(round_.recipe, round_.phase)), tables.Label

    everything = scope(db, round_.id, Filters())

    def first(sort: Sort, **filters: object) -> list[int]:
        asked = Filters(**{"source": OPEN} | filters)  # type: ignore[arg-type]
        return [row[1] for row in listed_rows(everything.narrowed(asked), sort, None, PAGE)]

    ids: Sequence[int] = [
        *first(Sort(SortKey.spread, descending=True)),
        *first(Sort(), source=("none",), is_unparsed=True),
        *first(Sort(SortKey.score), min_score=cut),
        *first(Sort(SortKey.score, descending=True), max_score=cut),
    ]
    known: dict[int, float] = {}
    for chunk in in_chunks(ids):
        query = select(label.sample_id, label.machine_score, label.machine_spread)
        for sample_id, score, spread in db.execute(query.where(label.sample_id.in_(chunk))):
            known[sample_id] = near_the_cut(score, spread, cut=cut)
    return sorted(known, key=lambda n: (-known[n], n))
