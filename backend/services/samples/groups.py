"""The groups of a round: all samples of a prompt in one row, with how many of them pass and their scores' spread.

Filters choose groups: those of which at least one sample passes. What a row says is of all its samples, or of those of
the steps that the filters name.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import blake2b

from sqlalchemy import case, false, func, not_, or_, select, true
from sqlalchemy.orm import Session

from backend import boundary
from backend.db import reading, tables
from backend.db.filters import Cursor, Filters, Sort, SortKey
from backend.db.listing import Count, Scope, scope
from backend.db.listing_groups import GroupTally, ShownLabels, all_groups, all_shown, tallies, walk
from backend.db.many import among
from backend.db.search import Patience
from backend.errors import InvalidInput, PermissionDenied
from backend.services.access import Actor
from backend.services.decisions import own_words
from backend.services.questions import filtering
from backend.services.rounds import get_row
from backend.services.samples import visibility
from backend.services.samples.rows import PREVIEW
from backend.services.samples.visibility import Hidden
from backend.values import Verdict

MAX_PAGE = 200
MAX_MEMBERS = 32
"""So many samples of a group are in its row."""


class GroupSortKey(StrEnum):
    number = "number"
    pass_rate = "pass_rate"
    spread = "spread"


@dataclass(frozen=True)
class GroupSort:
    """Groups without a pass rate (or spread) come last in both directions. Equal ones follow each other by number."""

    key: GroupSortKey = GroupSortKey.number
    descending: bool = False


BY_NUMBER = GroupSort()


@dataclass(frozen=True)
class GroupMember:
    """A sample in its group's row. `is_hidden`: what was said of it is withheld."""

    id: int
    kind: str
    step: int
    verdict: Verdict | None
    score: float | None
    is_hidden: bool = False


@dataclass(frozen=True)
class GroupRow:
    """A group in a list. `prompt`: what was asked, cut after `PREVIEW` characters.

    `num_samples`, `num_with_verdict` and `num_accepted` count completions and imports; `pass_rate` is accepted of those
    with a verdict, by the labels that stand, `spread` the standard deviation of the scores. Both are None where nothing
    was said, and where a blind review hides it (`is_hidden`). `samples`: the first ones, edits too; `num_more` others.
    """

    id: int
    prompt: str
    num_samples: int
    num_with_verdict: int
    num_accepted: int
    pass_rate: float | None
    spread: float | None
    samples: tuple[GroupMember, ...]
    num_more: int = 0
    is_hidden: bool = False


@dataclass(frozen=True)
class ListedGroups:
    """`sort` is the order the rows are in: by number where too many samples pass for another one.

    `is_partial`: all samples looked at for this page were of groups that other pages have; the next page goes on.
    """

    rows: tuple[GroupRow, ...]
    next_cursor: str | None
    count: Count
    sort: GroupSort
    is_partial: bool = False


@dataclass(frozen=True)
class GroupPlace:
    """A place in a sorted list: after the group with this number and key; None where it has no key."""

    sort: GroupSort
    key: float | None
    group_id: int

    def __str__(self) -> str:
        order = ("-" if self.sort.descending else "+") + self.sort.key
        return f"g{order}:{'' if self.key is None else repr(self.key)}:{self.group_id}"

    @classmethod
    def read(cls, text: str) -> "GroupPlace":
        """The place that was written so; an address may hold anything."""
        try:
            order, key, group_id = text.split(":")
            sort = GroupSort(GroupSortKey(order[2:]), {"-": True, "+": False}[order[1]])
            number, place = float(key) if key else None, int(group_id)
            if (number is not None and not math.isfinite(number)) or not 0 <= place <= boundary.MOST_ID:
                raise ValueError("not a place")
            return cls(sort, number, place)
        except (ValueError, KeyError, IndexError) as error:
            raise InvalidInput("This place in the list is not one. Go to the first page.") from error


def page(
    actor: Actor,
    round_id: int,
    filters: Filters | None = None,
    sort: GroupSort = BY_NUMBER,
    cursor: str | None = None,
    limit: int = 25,
) -> ListedGroups:
    """One page of a round's groups; the cursor's own order counts.

    Raises `PermissionDenied` for filters and orders that would tell what is hidden from the actor.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidInput(f"A page has 1 to {MAX_PAGE} groups, not {limit}. Ask for fewer and go on page by page.")
    filters, is_sorted = filters or Filters(), cursor is not None and cursor.startswith("g")
    place = GroupPlace.read(cursor) if cursor and is_sorted else None
    at = read_walked(cursor) if cursor and not is_sorted else None
    sort = place.sort if place else sort
    with reading() as db:
        round_ = get_row(db, actor, round_id)
        kept = visibility.hidden(db, actor, round_)
        visibility.refuse(actor, kept, filters, at.sort if at else Sort())
        refuse(kept, sort)
        filters = visibility.narrowed(kept, round_, filters)
        asked = scope(db, round_id, filters, filtering.among(db, actor, round_, filters))
        groups_page = None if at else ordered(asked, filters, sort, place, limit)
        groups_page = groups_page or walked(asked, filters, at, sort, limit)
        rows = read_rows(db, labels_shown(actor, kept, round_id), kept, filters, groups_page.ids)
    return ListedGroups(tuple(rows), groups_page.next, groups_page.count, groups_page.sort, groups_page.is_partial)


def read_walked(text: str) -> Cursor:
    """The place among samples that a page by number ended at; no other order of samples is one of groups."""
    at = Cursor.read(text)
    if at.backward or at.sort.key not in (SortKey.id, SortKey.prompt):
        raise InvalidInput("This place is one in a list of samples. Go to the first page.")
    return at


@dataclass(frozen=True)
class FoundGroups:
    """The numbers of a page's groups, and what `ListedGroups` says of it."""

    ids: tuple[int, ...]
    next: str | None
    count: Count
    sort: GroupSort
    is_partial: bool = False


def refuse(kept: Hidden, sort: GroupSort) -> None:
    """Raise where the order would tell what is hidden: it is that of labels, those that colleagues gave included."""
    if kept and sort.key is not GroupSortKey.number:
        word = sort.key.replace("_", " ")
        raise PermissionDenied(
            f"You cannot sort by {word} until this round is reviewed. {visibility.TOLD} Choose another."
        )


def may_sort(actor: Actor, round_id: int) -> bool:
    """Whether the actor may ask for the orders by pass rate and spread now."""
    with reading() as db:
        return not visibility.hidden(db, actor, get_row(db, actor, round_id))


def ordered(
    asked: Scope, filters: Filters, sort: GroupSort, place: GroupPlace | None, limit: int
) -> FoundGroups | None:
    """A page of all groups in the wanted order; None where the order is by number, or too many samples pass.

    Raises `InvalidInput` where too many pass now for a list that began in this order.
    """
    ids = None if sort.key is GroupSortKey.number else all_groups(asked, filters, Patience())
    if ids is None and place is not None:
        raise InvalidInput("More samples pass now than are sorted. Go to the first page.")
    if ids is None:
        return None
    by_group = tallies(asked.db, ids, filters.step)
    places = sorted((GroupPlace(sort, getattr(by_group[id_], sort.key), id_) for id_ in ids), key=standing)
    left = [group_place for group_place in places if place is None or standing(group_place) > standing(place)]
    following = str(left[limit - 1]) if len(left) > limit else None
    return FoundGroups(tuple(group_place.group_id for group_place in left[:limit]), following, Count(len(ids)), sort)


def walked(asked: Scope, filters: Filters, at: Cursor | None, sort: GroupSort, limit: int) -> FoundGroups:
    """A page by number: the order of the first sample of each group that passes."""
    walked_groups = walk(asked, filters, at, limit, Patience(), descending=is_newest_first(sort))
    order = replace(BY_NUMBER, descending=walked_groups.sort.descending)
    is_all = walked_groups.next is None and at is None
    following = str(walked_groups.next) if walked_groups.next else None
    is_partial = following is not None and len(walked_groups.ids) < limit
    return FoundGroups(walked_groups.ids, following, Count(len(walked_groups.ids), is_exact=is_all), order, is_partial)


def is_newest_first(sort: GroupSort) -> bool:
    return sort.key is GroupSortKey.number and sort.descending


def standing(place: GroupPlace) -> tuple[bool, float, int]:
    """What groups are compared by."""
    key, sign = place.key, -1 if place.sort.descending else 1
    return key is None, sign * (key or 0.0), place.group_id


def read_rows(
    db: Session, shown: ShownLabels, kept: Hidden, filters: Filters, group_ids: Sequence[int]
) -> list[GroupRow]:
    """The rows of these groups, in their order."""
    if not group_ids:
        return []
    asked, counts = read_questions(db, kept, group_ids), tallies(db, group_ids, filters.step, shown)
    members = read_members(db, filters, shown, group_ids)
    return [row_of(id_, asked[id_], counts[id_], *members[id_]) for id_ in group_ids]


def read_questions(db: Session, kept: Hidden, group_ids: Sequence[int]) -> dict[int, str]:
    """What the groups ask: their own last message, where they ask something else than their prompt.

    A question with a hint that training rows do not get is withheld with the judge's view.
    """
    group, prompt = tables.Group, tables.Prompt
    query = select(group.id, group.messages, group.is_stripped, func.substr(prompt.text, 1, PREVIEW))
    rows = db.execute(query.join(prompt, prompt.id == group.prompt_id).where(among(group.id, group_ids)))
    return {
        id_: str(messages[-1]["content"])[:PREVIEW] if messages and not (is_stripped and kept.judge) else text
        for id_, messages, is_stripped, text in rows
    }


def labels_shown(actor: Actor, kept: Hidden, round_id: int) -> ShownLabels:
    """What the actor may see of labels, as `visible_rows` has it; a text that a colleague wrote is a decision."""
    if not kept:
        return all_shown()
    label, is_known = tables.Label, own_words.is_decided(actor, [round_id])
    verdict, score = (None, None) if kept.judge else (label.machine_verdict, label.machine_score)
    return ShownLabels(
        case((is_known, label.verdict), else_=verdict),
        case((is_known, label.score), else_=score),
        not_(is_known) if kept.judge else false(),
        or_(label.kind.in_(tables.JUDGED), is_known) if kept.others else true(),
    )


def row_of(group_id: int, prompt: str, counted: GroupTally, members: Sequence[GroupMember], num_more: int) -> GroupRow:
    """A row; of a group with a sample that is hidden no figure is shown, since the others' would tell of it."""
    is_hidden = counted.num_hidden > 0
    if is_hidden:
        counted = GroupTally(counted.num_samples)
        # A file may have the best text first.
        members = sorted(members, key=lambda member: blake2b(str(member.id).encode()).digest())
    figures = (counted.num_samples, counted.num_with_verdict, counted.num_accepted, counted.pass_rate, counted.spread)
    return GroupRow(group_id, prompt, *figures, tuple(members), num_more, is_hidden)


def read_members(
    db: Session, filters: Filters, shown: ShownLabels, group_ids: Sequence[int]
) -> dict[int, tuple[list[GroupMember], int]]:
    """The first samples of each group by number, and how many more it has."""
    sample, label = tables.Sample, tables.Label
    named = (shown.verdict.label("verdict"), shown.score.label("score"), shown.is_hidden.label("is_hidden"))
    place = func.row_number().over(partition_by=sample.group_id, order_by=sample.id).label("place")
    number = func.count().over(partition_by=sample.group_id).label("number")
    query = select(sample.group_id, sample.id, label.kind, label.step, *named, place, number)
    query = query.join(label, label.sample_id == sample.id).where(among(sample.group_id, group_ids), shown.is_listed)
    query = query.where(label.step.in_(filters.step)) if filters.step else query
    columns = query.subquery().c
    members: dict[int, tuple[list[GroupMember], int]] = defaultdict(lambda: ([], 0))
    for row in db.execute(select(*columns).where(columns.place <= MAX_MEMBERS).order_by(columns.group_id, columns.id)):
        listed, _ = members[row.group_id]
        listed.append(GroupMember(row.id, row.kind, row.step, row.verdict, row.score, bool(row.is_hidden)))
        members[row.group_id] = listed, row.number - len(listed)
    return members
