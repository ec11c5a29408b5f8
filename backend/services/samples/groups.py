"""The groups of a round: all samples of a prompt in one row, with how many of them pass and their scores' spread.

Filters choose groups: those of which at least one sample passes. What a row says is of all its samples, or of those of
the steps that the filters name.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend import boundary
from backend.db import reading, tables
from backend.db.filters import Cursor, Filters, Sort
from backend.db.listing import Count, Scope, scope
from backend.db.listing_groups import Tally, all_groups, keys, tally, walk
from backend.db.many import among
from backend.db.search import Patience
from backend.errors import InvalidInput, PermissionDenied
from backend.services.access import Actor
from backend.services.decisions import decided
from backend.services.rounds import get_row
from backend.services.samples import visibility
from backend.services.samples.rows import PREVIEW
from backend.services.samples.visibility import Hidden
from backend.values import Message, Verdict

MAX_PAGE = 200


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

    `num_samples`, `num_decided` and `num_accepted` count completions and imports; `pass_rate` is accepted of decided,
    by the labels that stand, `spread` the standard deviation of the scores. Both are None where nothing was said, and
    where a blind review hides it (`is_hidden`).
    """

    id: int
    prompt: str
    num_samples: int
    num_decided: int
    num_accepted: int
    pass_rate: float | None
    spread: float | None
    samples: tuple[GroupMember, ...]
    is_hidden: bool = False


@dataclass(frozen=True)
class GroupPage:
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
) -> GroupPage:
    """One page of a round's groups; the cursor's own order counts.

    Raises `PermissionDenied` for filters and orders that would tell what is hidden from the actor.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidInput(f"A page has 1 to {MAX_PAGE} groups, not {limit}. Ask for fewer and go on page by page.")
    filters, is_sorted = filters or Filters(), cursor is not None and cursor.startswith("g")
    place = GroupPlace.read(cursor) if cursor and is_sorted else None
    at = Cursor.read(cursor) if cursor and not is_sorted else None
    sort = place.sort if place else sort
    with reading() as db:
        round_ = get_row(db, actor, round_id)
        kept = visibility.hidden(db, actor, round_)
        visibility.refuse(kept, filters, Sort())
        refuse(kept, sort)
        filters = visibility.narrowed(kept, round_, filters)
        asked = scope(db, round_id, filters, decided.among(actor, round_, filters))
        found = None if at else ordered(asked, filters, sort, place, limit)
        found = found or walked(asked, filters, at, sort, limit)
        rows = read_rows(db, actor, kept, filters, found.ids)
    return GroupPage(tuple(rows), found.next, found.count, found.sort, found.is_partial)


@dataclass(frozen=True)
class FoundGroups:
    """The numbers of a page's groups, and what `GroupPage` says of it."""

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


def ordered(
    asked: Scope, filters: Filters, sort: GroupSort, place: GroupPlace | None, limit: int
) -> FoundGroups | None:
    """A page of all groups in the wanted order; None where the order is by number, or too many samples pass."""
    if sort.key is GroupSortKey.number:
        return None
    ids = all_groups(asked, filters, Patience())
    if ids is None:
        return None
    found = keys(asked, ids, filters.step)
    places = sorted((GroupPlace(sort, getattr(found[id_], sort.key), id_) for id_ in ids), key=standing)
    left = [one for one in places if place is None or standing(one) > standing(place)]
    following = str(left[limit - 1]) if len(left) > limit else None
    return FoundGroups(tuple(one.group_id for one in left[:limit]), following, Count(len(ids)), sort)


def walked(asked: Scope, filters: Filters, at: Cursor | None, sort: GroupSort, limit: int) -> FoundGroups:
    """A page by number: the order of the first sample of each group that passes."""
    order = replace(BY_NUMBER, descending=at.sort.descending if at else is_newest_first(sort))
    found = walk(asked, filters, at, limit, Patience(), descending=order.descending)
    is_all = found.next is None and at is None
    following = str(found.next) if found.next else None
    is_partial = following is not None and len(found.ids) < limit
    return FoundGroups(found.ids, following, Count(len(found.ids), is_exact=is_all), order, is_partial)


def is_newest_first(sort: GroupSort) -> bool:
    return sort.key is GroupSortKey.number and sort.descending


def standing(place: GroupPlace) -> tuple[bool, float, int]:
    """What groups are compared by."""
    key, sign = place.key, -1 if place.sort.descending else 1
    return key is None, sign * (key or 0.0), place.group_id


def read_rows(db: Session, actor: Actor, kept: Hidden, filters: Filters, group_ids: Sequence[int]) -> list[GroupRow]:
    """The rows of these groups, in their order."""
    group, prompt = tables.Group, tables.Prompt
    questions = (
        select(group.id, group.messages, func.substr(prompt.text, 1, PREVIEW))
        .join(prompt, prompt.id == group.prompt_id)
        .where(among(group.id, group_ids))
    )
    asked = {id_: asked_in(messages, text) for id_, messages, text in db.execute(questions)} if group_ids else {}
    members = read_members(db, actor, kept, filters, group_ids)
    return [row_of(id_, asked[id_], members[id_]) for id_ in group_ids]


def asked_in(messages: Sequence[Message] | None, text: str) -> str:
    """What the group asks: its own last message, where it asks something else than its prompt."""
    return str(messages[-1]["content"])[:PREVIEW] if messages else text


def row_of(group_id: int, prompt: str, members: Sequence[GroupMember]) -> GroupRow:
    """A row; of a group with a sample that is hidden no figure is shown, since the others' would tell of it."""
    is_hidden = any(member.is_hidden for member in members)
    said = tally((member.kind, member.verdict, member.score) for member in members)
    shown = Tally(said.num_samples) if is_hidden else said
    figures = (shown.num_samples, shown.num_decided, shown.num_accepted, shown.pass_rate, shown.spread)
    return GroupRow(group_id, prompt, *figures, tuple(members), is_hidden)


def read_members(
    db: Session, actor: Actor, kept: Hidden, filters: Filters, group_ids: Sequence[int]
) -> dict[int, list[GroupMember]]:
    """The samples of each group by number, as the actor may see them: see `visibility.seen`."""
    sample, label = tables.Sample, tables.Label
    columns = (label.sample_id, label.kind, label.step, label.verdict, label.score)
    query = select(sample.group_id, label.machine_verdict, label.machine_score, *columns).join(
        label, label.sample_id == sample.id
    )
    query = query.where(among(sample.group_id, group_ids)).order_by(sample.group_id, sample.id)
    query = query.where(label.step.in_(filters.step)) if filters.step else query
    rows = db.execute(query).all() if group_ids else []
    known = visibility.decided(db, actor, [row.sample_id for row in rows]) if kept and rows else set()
    members: dict[int, list[GroupMember]] = defaultdict(list)
    for row in rows:
        member = GroupMember(row.sample_id, row.kind, row.step, row.verdict, row.score)
        if kept and member.id not in known:
            said = (None, None) if kept.judge else (row.machine_verdict, row.machine_score)
            member = replace(member, verdict=said[0], score=said[1], is_hidden=kept.judge)
        members[row.group_id].append(member)
    return members
