"""The groups of a round: all samples of a prompt in one row, with how many of them pass and their scores' spread.

Filters choose groups: those of which at least one sample passes. What a row says is of all its samples, or of those of
the steps that the filters name.
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from backend import boundary
from backend.db import reading
from backend.db.filters import Cursor, Filters, Sort, SortBy, SortKey, read_signed
from backend.db.listing import Count, Scope, scope
from backend.db.listing_groups import all_groups, tallies, walk
from backend.db.search import Patience
from backend.errors import InvalidInput, PermissionDenied
from backend.services.access import Actor
from backend.services.questions import filtering
from backend.services.rounds import get_row
from backend.services.samples import visibility
from backend.services.samples.group_rows import GroupRow, labels_shown, read_rows
from backend.services.samples.visibility import Hidden

MAX_PAGE = 200


class GroupSortKey(StrEnum):
    number = "number"
    pass_rate = "pass_rate"
    spread = "spread"


@dataclass(frozen=True)
class GroupSort(SortBy[GroupSortKey]):
    """Groups without a pass rate (or spread) come last in both directions. Equal ones follow each other by number."""

    key: GroupSortKey = GroupSortKey.number

    @classmethod
    def read(cls, text: str) -> "GroupSort":
        """The order that was written so; raises `ValueError`."""
        key, descending = read_signed(text, GroupSortKey)
        return cls(key, descending=descending)


BY_NUMBER = GroupSort()


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
        return f"g{self.sort}:{'' if self.key is None else repr(self.key)}:{self.group_id}"

    @classmethod
    def read(cls, text: str) -> "GroupPlace":
        """The place that was written so; an address may hold anything."""
        try:
            order, key, group_id = text.split(":")
            sort = GroupSort.read(order[1:])
            number, place = float(key) if key else None, int(group_id)
            if (number is not None and not math.isfinite(number)) or not 0 <= place <= boundary.MOST_ID:
                raise ValueError("not a place")
            return cls(sort, number, place)
        except ValueError as error:
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
