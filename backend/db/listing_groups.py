"""Groups of samples by filter: few are sorted by what their labels say, many come in the order of their samples.

A group is listed where one of its samples passes the filters. No index has groups in the order of their pass rates, so
that order is for as many samples as one page may read (`SORTED`). Else a page walks through the samples that pass, in
their own order, and a group comes where the first of its samples does.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, false, func, select, true
from sqlalchemy.orm import Session

from backend.db import listing_among, tables
from backend.db.filters import Cursor, Filters, Sort, SortKey
from backend.db.listing import Row, Scope
from backend.db.listing_search import find
from backend.db.listing_wanted import WantedSamples, search
from backend.db.many import among, in_chunks
from backend.db.search import Patience
from backend.db.tables.sample import JUDGED
from backend.values import Verdict

SORTED = 20_000
"""So many samples that pass the filters are read for one page, and their groups sorted,"""
SORTED_GROUPS = 2_500
"""where they are of so many groups at most,"""
TALLIED = 100_000
"""which have so many samples in all, whether these pass or not."""
WALKED = 400
"""So many samples are read at once where they are not sorted, and `READS` times that for one page."""
READS = 6
COMPARED = 50
"""Of so many groups at once it is asked whether they began before."""


@dataclass(frozen=True)
class GroupTally:
    """What the labels of a group's completions and imports say; a text that a person edited was no try.

    `spread`: the standard deviation of their scores, None where fewer than two have one. `num_hidden`: so many of them
    are withheld from who asks.
    """

    num_samples: int = 0
    num_with_verdict: int = 0
    num_accepted: int = 0
    spread: float | None = None
    num_hidden: int = 0

    @property
    def pass_rate(self) -> float | None:
        """Accepted of those with a verdict; None where none has one."""
        return self.num_accepted / self.num_with_verdict if self.num_with_verdict else None


@dataclass(frozen=True)
class ShownLabels:
    """What of samples and labels somebody sees: columns of a query of both. `is_listed`: whether there is a sample."""

    verdict: ColumnElement[Any]
    score: ColumnElement[Any]
    is_hidden: ColumnElement[bool]
    is_listed: ColumnElement[bool]


def all_shown() -> ShownLabels:
    label = tables.Label
    return ShownLabels(label.verdict.expression, label.score.expression, false(), true())


def tallies(
    db: Session, group_ids: Sequence[int], steps: Sequence[int] = (), shown: ShownLabels | None = None
) -> dict[int, GroupTally]:
    """The tallies of these groups, by their samples of these steps, or of all; the database adds them up."""
    by_group, shown = dict.fromkeys(group_ids, GroupTally()), shown or all_shown()
    sample, label = tables.Sample, tables.Label
    lowest = func.min(shown.score).over(partition_by=sample.group_id)
    named = (shown.verdict.label("verdict"), shown.score.label("score"), shown.is_hidden.label("is_hidden"))
    query = select(sample.group_id, *named, lowest.label("lowest")).join(label, label.sample_id == sample.id)
    query = query.where(label.kind.in_(JUDGED), shown.is_listed)
    query = query.where(label.step.in_(steps)) if steps else query
    for chunk in in_chunks(group_ids):
        columns = query.where(among(sample.group_id, chunk)).subquery().c
        # The difference of two means loses its digits where scores are large and close: they begin at the lowest.
        above = columns.score - columns.lowest
        sums = select(
            columns.group_id,
            func.count(),
            func.count(columns.verdict),
            func.count(case((columns.verdict == Verdict.accept, 1))),
            func.count(case((columns.is_hidden, 1))),
            func.count(columns.score),
            func.avg(above),
            func.avg(above * above),
        )
        for group_id, number, decided, accepted, hidden, scored, mean, squares in db.execute(
            sums.group_by(columns.group_id)
        ):
            deviation = round(math.sqrt(max(0.0, squares - mean * mean)), 9) if scored > 1 else None
            by_group[group_id] = GroupTally(number, decided, accepted, deviation, hidden)
    return by_group


def join(asked: Scope) -> str:
    """SQLite keeps the order of a CROSS JOIN, and would begin with the labels of the whole round."""
    return "CROSS JOIN" if asked.is_sqlite else "JOIN"


def groups_of(asked: Scope, sample_ids: Sequence[int]) -> dict[int, int]:
    """The group of each sample, in their order."""
    groups: dict[int, int] = {}
    for chunk in in_chunks(sample_ids):
        ids = ", ".join(map(str, chunk))
        groups |= {id_: group for id_, group in asked.all(f"SELECT id, group_id FROM samples WHERE id IN ({ids})")}
    return {id_: groups[id_] for id_ in sample_ids}


def all_groups(asked: Scope, filters: Filters, patience: Patience) -> list[int] | None:
    """Every group with a sample that passes the filters; None where there are more than are sorted for a page."""
    is_searched = filters.text or filters.prompt or asked.among
    if not is_searched and not has_fewer_than(asked, SORTED + 1):
        return None
    got = find(asked, filters, Sort(), None, SORTED, patience=patience)
    if got.next is not None or got.is_partial:
        return None
    groups: set[int] = set()
    for chunk in in_chunks(got.ids):
        ids = ", ".join(map(str, chunk))
        groups.update(group for (group,) in asked.all(f"SELECT DISTINCT group_id FROM samples WHERE id IN ({ids})"))
        if len(groups) > SORTED_GROUPS:
            return None
    return sorted(groups) if has_at_most(asked, sorted(groups), TALLIED) else None


def has_fewer_than(asked: Scope, number: int) -> bool:
    """Whether fewer samples have the facets, whatever the ranges; asked before so many are read."""
    if not asked.facets or asked.ranges:
        return True
    some = (
        f"SELECT 1 FROM {asked.labels('sample_id')} WHERE round_id = :round AND facet {asked.any_facet} LIMIT {number}"
    )
    return bool(asked.row(f"SELECT count(*) FROM ({some}) AS c")[0] < number)


def has_at_most(asked: Scope, group_ids: Sequence[int], most: int) -> bool:
    """Whether the groups have no more samples than that; no more are counted."""
    for chunk in in_chunks(group_ids):
        ids = ", ".join(map(str, chunk))
        some = f"SELECT 1 FROM samples WHERE group_id IN ({ids}) LIMIT {most + 1}"
        most -= asked.row(f"SELECT count(*) FROM ({some}) AS c")[0]
        if most < 0:
            return False
    return True


@dataclass(frozen=True)
class WalkedGroups:
    """Groups in the order of their samples, which a search may choose, and the place to go on from; None at the end."""

    ids: tuple[int, ...]
    next: Cursor | None
    sort: Sort


def walk(
    asked: Scope, filters: Filters, cursor: Cursor | None, limit: int, patience: Patience, *, descending: bool
) -> WalkedGroups:
    """Up to `limit` groups that come first after the cursor; fewer where too few of the samples read begin one."""
    ids, at, sort = list[int](), cursor, Sort(descending=descending)
    wanted = search(asked, filters, patience)
    for _ in range(READS):
        got = find(asked, filters, sort, at, WALKED, patience=patience)
        sort = got.sort
        firsts: dict[int, int] = {}
        for sample_id, group_id in groups_of(asked, got.ids).items():
            firsts.setdefault(group_id, sample_id)
        left = limit - len(ids)
        fresh = begun_here(wanted, firsts, left + 1, descending=sort.descending)
        if len(fresh) > left:
            # The next page begins with the first sample of the first group that has no room on this one.
            last = got.ids[got.ids.index(firsts[fresh[left]]) - 1]
            return WalkedGroups((*ids, *fresh[:left]), after(asked, last, sort), sort)
        ids, at = ids + fresh, got.next
        if at is None or len(ids) == limit:
            break
    return WalkedGroups(tuple(ids), at, sort)


def after(asked: Scope, sample_id: int, sort: Sort) -> Cursor:
    """The place after a sample, in the samples' own order or in that of their prompts."""
    key = sample_id
    if sort.key is SortKey.prompt:
        key = asked.row("SELECT prompt_id FROM samples WHERE id = :id", id=sample_id)[0]
    return Cursor(key, sample_id, sort)


def begun_here(wanted: WantedSamples, firsts: dict[int, int], most: int, *, descending: bool) -> list[int]:
    """The first groups, in their order, of which no sample that passes comes before the one given."""
    fresh: list[int] = []
    for some in in_chunks(list(firsts), COMPARED):
        begun = begun_before(wanted, {id_: firsts[id_] for id_ in some}, descending=descending)
        fresh += [id_ for id_ in some if id_ not in begun]
        if len(fresh) >= most:
            break
    return fresh[:most]


def begun_before(wanted: WantedSamples, firsts: dict[int, int], *, descending: bool) -> set[int]:
    """The groups of which a sample that passes the filters comes before the one given."""
    if not firsts:
        return set()
    asked, edge = wanted.asked, "max" if descending else "min"
    of_these = (
        f" FROM samples AS s {join(asked)} labels AS l ON l.sample_id = s.id"
        f" WHERE s.group_id IN ({', '.join(map(str, firsts))}) AND {asked.where(asked.any_facet, 'l.')}"
    )
    if not (wanted.searches or asked.among):
        ends = asked.all(f"SELECT s.group_id, {edge}(s.id){of_these} GROUP BY s.group_id")
        return {group_id for group_id, id_ in ends if is_before(id_, firsts[group_id], descending=descending)}
    listed = asked.all(f"SELECT s.id, s.group_id{of_these}")
    group_of = {id_: group for id_, group in listed if is_before(id_, firsts[group], descending=descending)}
    looked_up = [part for part in wanted.searches if part.expression]
    begun: set[int] = set()
    for chunk in in_chunks(list(group_of)):
        rows: list[Row] = [(id_, id_) for id_ in chunk if group_of[id_] not in begun]
        rows = wanted.checked(wanted.passing(rows, looked_up), wanted.searches)
        begun |= {group_of[id_] for _, id_ in listing_among.within(asked, rows)}
    return begun


def is_before(sample_id: int, other_id: int, *, descending: bool) -> bool:
    return sample_id > other_id if descending else sample_id < other_id
