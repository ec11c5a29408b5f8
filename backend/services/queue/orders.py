"""Walks through a round's undecided samples, page by page, each along an index and none through what is decided.

A walk says which samples are likely to be next; whether a person may have one of them is asked a page at a time
(review_pick.py), so that no walk has to know of leases.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from enum import StrEnum

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.filters import Cursor, Filters, Sort, SortKey
from backend.db.listing import listed_rows, place, scope
from backend.db.listing_two_keys import first_of
from backend.db.many import in_chunks
from backend.pipeline.informativeness.signs import near_the_cut
from backend.recipes import cut_of, judge_of
from backend.services.queue.draw import OPEN, at_random
from backend.services.review_settings import ReviewSettings
from backend.values import LabelSource, Split

FIRST_PAGE, PAGE = 120, 250
DUPLICATE, REPEATED, KNOWN_GROUP = 0.05, 0.95, 0.8
"""What the informativeness is multiplied by where the same text was confirmed; what it is at least where that was
overridden; and what it is multiplied by where another sample of the prompt was decided, of which nobody else has seen
any. Set by hand, not measured."""

Pages = Iterator[list[int]]


class Order(StrEnum):
    sequential = "sequential"
    random = "random"
    disagreement = "disagreement"
    informativeness = "worth"


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
        some = list(db.scalars(query.where(sample.position == 0, sample.id > after).order_by(sample.id).limit(PAGE)))
        if not some:
            return
        yield some
        after = some[-1]


def by_informativeness(db: Session, round_: tables.Round, user_id: int) -> Pages:
    """The most informative first; rounds judged before informativeness was written are asked near the cut."""
    row, last, size = tables.Informativeness, None, FIRST_PAGE
    query = select(row.sample_id, row.informativeness).where(row.round_id == round_.id, row.is_open)
    while True:
        page = query
        if last is not None:
            value, sample_id = row.informativeness, row.sample_id
            page = query.where(or_(value < last[1], and_(value == last[1], sample_id < last[0])))
        rows = db.execute(page.order_by(row.informativeness.desc(), row.sample_id.desc()).limit(size)).all()
        if not rows and last is None:
            yield near_cut(db, round_)
            return
        known = {n: value for n, value in rows}
        if last is None:
            known = with_what_is_known(db, known | beside_overrides(db, round_.id, user_id))
        yield sorted(known, key=lambda n: (-known[n], n))
        if len(rows) < size:
            return
        last, size = (rows[-1][0], rows[-1][1]), PAGE


def beside_overrides(db: Session, round_id: int, user_id: int) -> dict[int, float]:
    """The open samples of the groups in which the person overrode the judge last."""
    decision, sample, row = tables.Decision, tables.Sample, tables.Informativeness
    last = (
        select(decision.group_id, decision.is_override)
        .where(decision.round_id == round_id, decision.user_id == user_id)
        .order_by(decision.id.desc())
        .limit(50)
    )
    groups = sorted({group_id for group_id, is_override in db.execute(last) if is_override})
    query = (
        select(row.sample_id, row.informativeness)
        .join(sample, sample.id == row.sample_id)
        .where(sample.group_id.in_(groups), row.is_open)
    )
    return {n: value for n, value in db.execute(query)} if groups else {}


def with_what_is_known(db: Session, known: dict[int, float]) -> dict[int, float]:
    """The informativeness of samples, given what people decided of equal texts and of others in the same groups."""
    sample, label = tables.Sample, tables.Label
    here = dict(db.execute(select(sample.id, sample.group_id).where(sample.id.in_(known))).tuples().all())
    query = (
        select(sample.group_id, sample.text, label.verdict, label.machine_verdict)
        .join(label, label.sample_id == sample.id)
        .where(sample.group_id.in_(set(here.values())), sample.kind.in_(tables.JUDGED))
        .where(label.source == LabelSource.person, label.verdict.is_not(None))
    )
    decided: dict[int, dict[str, tuple[bool, object]]] = defaultdict(dict)
    for group_id, text, verdict, machine in db.execute(query) if here else ():
        decided[group_id][text] = (machine not in (None, verdict), machine)
    told = [n for n, group_id in here.items() if group_id in decided]
    texts = select(sample.id, sample.text, label.machine_verdict).join(label, label.sample_id == sample.id)
    adjusted_ = {
        n: adjusted(known[n], decided[here[n]].get(text), machine)
        for n, text, machine in (db.execute(texts.where(sample.id.in_(told))) if told else ())
    }
    return known | adjusted_


def adjusted(value: float, same: tuple[bool, object] | None, machine_verdict: object) -> float:
    if same is None or same[1] is not machine_verdict:
        return value * KNOWN_GROUP
    return max(value, REPEATED) if same[0] else value * DUPLICATE


def near_cut(db: Session, round_: tables.Round) -> list[int]:
    """Candidates without a verdict, of large spread and on both sides of the cut, the most wavering first."""
    cut, label = cut_of(judge_of(round_.recipe, round_.phase)), tables.Label

    def some(sort: Sort, **filters: object) -> list[int]:
        asked = Filters(**{"source": OPEN} | filters)  # type: ignore[arg-type]
        return [row[1] for row in listed_rows(scope(db, round_.id, asked), sort, None, PAGE)]

    ids: Sequence[int] = [
        *some(Sort(SortKey.spread, descending=True)),
        *some(Sort(), source=("none",), is_unparsed=True),
        *some(Sort(SortKey.score), min_score=cut),
        *some(Sort(SortKey.score, descending=True), max_score=cut),
    ]
    known: dict[int, float] = {}
    for chunk in in_chunks(ids):
        query = select(label.sample_id, label.machine_score, label.machine_spread)
        for sample_id, score, spread in db.execute(query.where(label.sample_id.in_(chunk))):
            known[sample_id] = near_the_cut(score, spread, cut=cut)
    return sorted(known, key=lambda n: (-known[n], n))
