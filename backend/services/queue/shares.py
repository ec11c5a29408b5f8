"""What each person is asked to do of a round: a share of its items, or a quota, at which their queue ends.

A share is dealt out as assignments, so that nobody else is offered these items; each item goes to as many people as
decide on it. What was dealt to somebody who may no longer decide is anybody's, and can be dealt again.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from backend.db import now, reading, session, tables
from backend.db.filters import Filters
from backend.db.many import in_chunks
from backend.db.roles import may_decide
from backend.errors import Conflict, InvalidInput
from backend.jobs import telling
from backend.services import archived, events, review_settings
from backend.services.access import Actor
from backend.services.decisions import bulk, leases, slots
from backend.services.decisions.item_counts import count_items
from backend.services.queue import assignments
from backend.services.review_settings import ReviewSettings
from backend.services.rounds import get_row, review_scope
from backend.values import NoticeKind, Role, RoundStatus

MAX_PEOPLE, MAX_QUOTA = 1_000, 1_000_000
ALL = Filters(kind=("completion", "other"))


@dataclass(frozen=True)
class Ask:
    """What to ask of a person: `share` percent of the items, or at most `quota`; neither: nothing in particular."""

    user_id: int
    share: float | None = None
    quota: int | None = None

    def __post_init__(self) -> None:
        if self.share is not None and self.quota is not None:
            raise InvalidInput(f"Person {self.user_id} has both a share and a quota. Give one of the two.")
        if self.share is not None and not 0 < self.share <= 100:
            raise InvalidInput(f"A share of {self.share:g} % is none. Give more than 0 and at most 100.")
        if self.quota is not None and not 1 <= self.quota <= MAX_QUOTA:
            raise InvalidInput(f"A quota of {self.quota:,} items is none. Give 1 to {MAX_QUOTA:,}.")


@dataclass(frozen=True)
class Asked:
    """What is asked of one person in a round, and how much of it is done.

    `asked`: the items given to them, else their quota. `may_decide`: not of somebody who has left.
    """

    user_id: int
    who: str
    share: float | None
    quota: int | None
    asked: int
    done: int
    may_decide: bool
    paused_at: datetime | None
    pause_reason: str


def ask(actor: Actor, round_id: int, asks: Sequence[Ask]) -> list[Asked]:
    """Ask this of these people, and deal out the shares; of people who are not named all stays. Return `listing`.

    A share counts what the person was given before, so that the same share again gives nothing more. Raises
    `InvalidInput` where shares exceed what the items have room for, `Conflict` once the review is over.
    """
    people = {one.user_id: one for one in asks}
    if not asks or len(asks) > MAX_PEOPLE or len(people) < len(asks):
        raise InvalidInput(f"Name 1 to {MAX_PEOPLE:,} people, each once.")
    shares = {one.user_id: one.share for one in asks if one.share is not None}
    with reading() as db:
        # Reading all items takes a while, for which nobody who decides has to wait.
        round_ = get_row(db, actor, round_id, Role.curator)
        ids = list[int]()
        if shares:
            ids = assignments.chosen(db, round_, _all(db, round_))
            ids = sorted(review_scope.only_shown(db, round_, ids))
    with session() as db:
        round_ = get_row(db, actor, round_id, Role.curator)
        archived.refuse_held(db, round_id)
        _refuse_over(round_)
        names = {user_id: assignments.assignee(db, round_, user_id) for user_id in people}
        leases.one_at_a_time(db, round_id)
        new = deal(db, actor, round_, shares, ids) if shares else {}
        _keep(db, round_id, asks)
        what = ", ".join(f"{names[one.user_id]}: {_in_words(one)}" for one in asks)
        place = {"project_id": round_.project_id, "round_id": round_id}
        given = {str(user_id): number for user_id, number in new.items()}
        events.note(db, actor, "ask reviewers", f"round {round_.number}, {what}", **place, given=given)  # type: ignore[arg-type]
        for one in asks:
            _tell(db, actor, round_, one, names[one.user_id], new.get(one.user_id, 0))
    return listing(actor, round_id)


def listing(actor: Actor, round_id: int) -> list[Asked]:
    """Everybody of whom something is asked in the round, or who is paused, by name; needs a curator."""
    with reading() as db:
        return _read(db, get_row(db, actor, round_id, Role.curator))


def mine(actor: Actor, round_id: int) -> Asked | None:
    """What is asked of the actor; None where nothing in particular is."""
    with reading() as db:
        round_ = get_row(db, actor, round_id, Role.reviewer)
        return next(iter(_read(db, round_, of=actor.user_id)), None)


def deal(
    db: Session, actor: Actor, round_: tables.Round, shares: dict[int, float], ids: Sequence[int]
) -> dict[int, int]:
    """Assign what these people lack of their shares, of items that have room; return how many are new, by person."""
    settings = review_settings.read(round_.review)
    most = 100 * (settings.num_reviewers_per_item if settings.has_overlap else 1)
    total = sum(shares.values())
    if total > most:
        raise InvalidInput(
            f"The shares add up to {total:g} %, and the reviewers that items want to {most} %. Lower some, or let more "
            "people decide on an item."
        )
    row, items = tables.Assignment, count_items(db, round_.id, settings).items
    before = select(row.user_id, func.count()).where(row.round_id == round_.id, row.user_id.in_(shares))
    has = {user_id: number for user_id, number in db.execute(before.group_by(row.user_id))}
    wanted = {user_id: round(items * share / 100) - has.get(user_id, 0) for user_id, share in shares.items()}
    free, busy = room(db, round_, settings, ids)
    dealt = dealt_out({n: number for n, number in wanted.items() if number > 0}, free, busy)
    dialect = sqlite if db.get_bind().dialect.name == "sqlite" else postgresql
    common = {"round_id": round_.id, "created_at": now(), "created_by": actor.user_id}
    rows = [{"sample_id": n, "user_id": user_id, **common} for user_id, some in dealt.items() for n in some]
    for chunk in in_chunks(rows):
        db.execute(dialect.insert(row).values(chunk).on_conflict_do_nothing())
    return {user_id: len(dealt.get(user_id, ())) for user_id in shares}


def room(
    db: Session, round_: tables.Round, settings: ReviewSettings, ids: Sequence[int]
) -> tuple[dict[int, int], dict[int, set[int]]]:
    """How many more people each item wants, beside those who have it or wait for it, and who these are.

    Items come in an order that has nothing to do with their texts.
    """
    row, at = tables.Assignment, now()
    busy: dict[int, set[int]] = defaultdict(set)
    waited: dict[int, set[int]] = defaultdict(set)
    given = select(row.sample_id, row.user_id, assignments.is_waiting(row, settings.deciding))
    given = given.where(row.round_id == round_.id, assignments.is_able(row, round_.project_id, round_.id))
    for n, user_id, waits in db.execute(given):
        busy[n].add(user_id)
        if waits:
            waited[n].add(user_id)
    for n, taken in slots.slots(db, ids).items():
        holders = {one.user_id for one in taken if one.user_id is not None and not slots.is_free(one, at)}
        busy[n] |= holders
        waited[n] |= holders
    spread = sorted(ids, key=lambda n: (n * 2_654_435_761 % 2**32, n))
    return {n: settings.reviewers_of(n) - len(waited.get(n, ())) for n in spread}, busy


def dealt_out(
    wanted: dict[int, int], free: dict[int, int], busy: dict[int, set[int]] | None = None
) -> dict[int, list[int]]:
    """The items for each person: in turn to those who lack most of what they want, no item twice to one person.

    wanted: items by person. free: how many people an item wants. busy: who has it already.
    """
    left, dealt = dict(wanted), defaultdict[int, list[int]](list)
    for n, number in free.items():
        has = (busy or {}).get(n, set())
        able = [user_id for user_id, lacks in left.items() if lacks > 0 and user_id not in has]
        for user_id in sorted(able, key=lambda one: (-left[one] / wanted[one], one))[: max(0, number)]:
            left[user_id] -= 1
            dealt[user_id].append(n)
    return dict(dealt)


def _all(db: Session, round_: tables.Round) -> list[int]:
    ids = bulk.matching(db, round_.id, ALL)
    if len(ids) > assignments.MAX_ASSIGNED:
        raise InvalidInput(
            f"Round {round_.number} has more than {assignments.MAX_ASSIGNED:,} samples, too many to deal out at once. "
            "Give quotas, or assign parts of it by filters."
        )
    return ids


def _keep(db: Session, round_id: int, asks: Sequence[Ask]) -> None:
    for one in sorted(asks, key=lambda one: one.user_id):
        row = db.get(tables.RoundReviewer, (round_id, one.user_id), with_for_update=True)
        if row is None:
            row = tables.RoundReviewer(round_id=round_id, user_id=one.user_id)
            db.add(row)
        row.share, row.quota = one.share, one.quota
    db.flush()


def _read(db: Session, round_: tables.Round, *, of: int | None = None) -> list[Asked]:
    row, user, given, lease = tables.RoundReviewer, tables.User, tables.Assignment, tables.Lease
    settings = review_settings.read(round_.review)
    mine: Any = given.round_id == round_.id, given.user_id == row.user_id
    assigned = select(func.count()).where(*mine).scalar_subquery()
    finished = select(func.count()).where(*mine, assignments.has_decided(given, settings.deciding)).scalar_subquery()
    decided = select(func.count()).where(lease.round_id == round_.id, lease.user_id == row.user_id)
    decided_number = decided.where(lease.decided_at.is_not(None)).scalar_subquery()
    able = row.user_id.in_(may_decide(round_.project_id))
    query = select(row, user.name, assigned, finished, decided_number, able).join(user, user.id == row.user_id)
    query = query.where(row.round_id == round_.id).order_by(user.name)
    query = query if of is None else query.where(row.user_id == of)
    return [
        Asked(
            one.user_id,
            who,
            one.share,
            one.quota,
            number if one.quota is None else one.quota,
            done if one.quota is None else said,
            bool(may),
            one.paused_at,
            one.pause_reason,
        )
        for one, who, number, done, said, may in db.execute(query)
        if one.share is not None or one.quota is not None or one.paused_at is not None
    ]


def _in_words(one: Ask) -> str:
    if one.share is not None:
        return f"{one.share:g} %"
    return "nothing in particular" if one.quota is None else f"at most {one.quota:,} items"


def _refuse_over(round_: tables.Round) -> None:
    is_ahead = round_.status is RoundStatus.running and review_scope.is_before_people(round_)
    if round_.status is not RoundStatus.review and not is_ahead:
        raise Conflict(
            f"Round {round_.number} is {round_.status}, stage {round_.stage}: its review is over, so nobody can be "
            "asked for more. Reopen it first, or ask in the next round."
        )


def _tell(db: Session, actor: Actor, round_: tables.Round, one: Ask, who: str, new: int) -> None:
    """Tell a person of items that they were given."""
    if not new:
        return
    given = f"{new:,} {'item' if new == 1 else 'items'} of round {round_.number}"
    telling.tell(
        db,
        NoticeKind.assignment,
        project_id=round_.project_id,
        path=f"review?round={round_.id}",
        text=f"{actor.name} gave you {given}.",
        to_programs=f"{actor.name} gave {who} {given}.",
        people=[one.user_id],
        but=actor.user_id,
    )
