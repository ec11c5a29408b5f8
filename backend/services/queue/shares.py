"""What each person is asked to do of a round: a share of its items, or a quota, at which their queue ends.

A share is dealt out as assignments, so that nobody else is offered these items; each item goes to as many people as
decide on it. What was dealt to somebody who may no longer decide is open to everybody, and can be dealt again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import reading, session, tables
from backend.db.filters import Filters
from backend.db.roles import may_decide
from backend.errors import InvalidInput
from backend.services import archived, events, review_settings
from backend.services.access import Actor
from backend.services.decisions import bulk, slots
from backend.services.decisions.locks import lock_until_reviewed
from backend.services.queue import assignments, dealing
from backend.services.rounds import get_row, review_scope
from backend.values import Role

MAX_PEOPLE, MAX_QUOTA = 1_000, 1_000_000
OVER = "its review is over, so nobody can be asked for more. Reopen it first, or ask in the next round."
ALL = Filters(kind=("completion", "other"))


@dataclass(frozen=True)
class Ask:
    """What to ask of a person: `share` percent of the items, or at most `quota`; neither: nothing in particular."""

    user_id: int
    share: float | None = None
    quota: int | None = None

    def __post_init__(self) -> None:
        if self.share is not None and not 0 < self.share <= 100:
            raise InvalidInput(f"A share of {self.share:g}% is none. Give more than 0 and at most 100.")
        if self.quota is not None and not 1 <= self.quota <= MAX_QUOTA:
            raise InvalidInput(f"A quota of {self.quota:,} items is none. Give 1 to {MAX_QUOTA:,}.")


@dataclass(frozen=True)
class Asked:
    """What is asked of one person in a round, and how much of it is done.

    `asked`: the items given to them, else their quota. `may_decide`: not of somebody who has left. `given`, `taken`:
    how many items this call gave them, and took from them.
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
    given: int = 0
    taken: int = 0


def ask(actor: Actor, round_id: int, asks: Sequence[Ask]) -> list[Asked]:
    """Ask this of these people, and deal out the shares; of people who are not named all stays. Return
    `listing`, with all who are named.

    A share counts what the person was given before, so that the same share again gives nothing more. Of a share that
    was lowered or taken back, what they have not decided goes back. Raises `InvalidInput` where shares exceed what the
    items have room for or a person has both share and quota, `Conflict` once the review is over.
    """
    people = {wish.user_id: wish for wish in asks}
    if not asks or len(asks) > MAX_PEOPLE or len(people) < len(asks):
        raise InvalidInput(f"Name 1 to {MAX_PEOPLE:,} people, each once.")
    shares = {wish.user_id: wish.share for wish in asks if wish.share is not None}
    with reading() as db:
        # Reading all items takes a while, for which nobody who decides has to wait.
        round_ = get_row(db, actor, round_id, Role.curator)
        ids = list[int]()
        if shares:
            ids = assignments.chosen(db, round_, _all(db, round_))
            ids = sorted(review_scope.only_shown(db, round_, ids))
    with session() as db:
        get_row(db, actor, round_id, Role.curator)
        archived.refuse_held(db, round_id, alone=True)
        round_ = lock_until_reviewed(db, round_id, OVER)
        names = {user_id: assignments.assignee(db, round_, user_id) for user_id in people}
        _refuse_both(asks, names)
        slots.one_at_a_time(db, round_id)
        if shares:
            dealing.refuse_too_much(db, round_, shares, people)
        gone = dealing.shorten(db, round_, {wish.user_id: wish.share or 0.0 for wish in asks})
        new = dealing.deal(db, actor, round_, shares, ids) if shares else {}
        _keep(db, round_id, asks)
        what = ", ".join(f"{names[wish.user_id]}: {_in_words(wish)}" for wish in asks)
        place = {"project_id": round_.project_id, "round_id": round_id}
        given = {str(user_id): number for user_id, number in new.items()}
        taken = {str(user_id): number for user_id, number in gone.items()}
        what = f"round {round_.number}, {what}"
        events.note(db, actor, "ask reviewers", what, **place, given=given, taken=taken)  # type: ignore[arg-type]
        for wish in asks:
            assignments.tell_given(db, actor, round_, wish.user_id, names[wish.user_id], new.get(wish.user_id, 0))
    with reading() as db:
        done = _read(db, get_row(db, actor, round_id, Role.curator), also=people)
    return [replace(wish, given=new.get(wish.user_id, 0), taken=gone.get(wish.user_id, 0)) for wish in done]


def listing(actor: Actor, round_id: int) -> list[Asked]:
    """Everybody of whom something is asked in the round, or who is paused, by name; needs a curator."""
    with reading() as db:
        return _read(db, get_row(db, actor, round_id, Role.curator))


def mine(actor: Actor, round_id: int) -> Asked | None:
    """What is asked of the actor; None where nothing in particular is."""
    with reading() as db:
        round_ = get_row(db, actor, round_id, Role.reviewer)
        return next(iter(_read(db, round_, of=actor.user_id)), None)


def _refuse_both(asks: Sequence[Ask], names: Mapping[int, str]) -> None:
    for wish in asks:
        if wish.share is not None and wish.quota is not None:
            both = f"{names[wish.user_id]} has both a share and a quota. Give one of the two."
            raise InvalidInput(both, field="quota")


def _all(db: Session, round_: tables.Round) -> list[int]:
    ids = bulk.matching(db, round_.id, ALL)
    if len(ids) > assignments.MAX_ASSIGNED:
        raise InvalidInput(
            f"Round {round_.number} has more than {assignments.MAX_ASSIGNED:,} samples, too many to deal out at once. "
            "Give quotas, or assign parts of it by filters."
        )
    return ids


def _keep(db: Session, round_id: int, asks: Sequence[Ask]) -> None:
    for wish in sorted(asks, key=lambda wish: wish.user_id):
        row = db.get(tables.RoundReviewer, (round_id, wish.user_id), with_for_update=True)
        if row is None:
            row = tables.RoundReviewer(round_id=round_id, user_id=wish.user_id)
            db.add(row)
        row.share, row.quota = wish.share, wish.quota
    db.flush()


def _read(db: Session, round_: tables.Round, *, of: int | None = None, also: Collection[int] = ()) -> list[Asked]:
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
            reviewer.user_id,
            who,
            reviewer.share,
            reviewer.quota,
            number if reviewer.quota is None else reviewer.quota,
            done if reviewer.quota is None else decided_count,
            bool(may),
            reviewer.paused_at,
            reviewer.pause_reason,
        )
        for reviewer, who, number, done, decided_count, may in db.execute(query)
        if reviewer.share is not None
        or reviewer.quota is not None
        or reviewer.paused_at is not None
        or reviewer.user_id in also
    ]


def _in_words(wish: Ask) -> str:
    if wish.share is not None:
        return f"{wish.share:g}%"
    return "nothing in particular" if wish.quota is None else f"at most {wish.quota:,} items"
