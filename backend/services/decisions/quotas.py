"""How many items a person may still take of a round: as many as they like, or what is left of their quota."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.built import built_once, run
from backend.errors import Conflict
from backend.services.access import Actor
from backend.services.decisions import pausing


@dataclass(frozen=True)
class Quota:
    """What is asked of a person at most. `held`: theirs and not decided, run out or not, as nobody else took them."""

    items: int
    decided: int
    held: int

    @property
    def left(self) -> int:
        """How many items they may take beyond those they hold."""
        return max(0, self.items - self.decided - self.held)


def read(db: Session, actor: Actor, round_id: int) -> Quota | None:
    """The person's quota in the round, None without one; raises `PermissionDenied` where they are paused."""
    mine = {"round_id": round_id, "user_id": actor.user_id}
    asked = run(db, _asked(), mine).one_or_none()
    if asked is None:
        return None
    quota, paused_at, reason, number, open_ = asked
    pausing.refuse(paused_at, reason)
    return None if quota is None else Quota(quota, number, open_)


@built_once
def _asked() -> Any:
    """A statement that every claim runs twice."""
    row, lease = tables.RoundReviewer, tables.Lease
    me: Any = bindparam("user_id")
    theirs = select(func.count()).where(lease.round_id == bindparam("round_id"), lease.user_id == me)
    decided = theirs.where(lease.decided_at.is_not(None)).scalar_subquery()
    held = theirs.where(lease.decided_at.is_(None)).scalar_subquery()
    query = select(row.quota, row.paused_at, row.pause_reason, decided, held)
    return query.where(row.round_id == bindparam("round_id"), row.user_id == me)


def of_all(db: Session, round_id: int) -> dict[int, int]:
    """What is left of each person's quota, of those who have one; nothing where they are paused."""
    row, lease = tables.RoundReviewer, tables.Lease
    done = select(func.count()).where(lease.round_id == round_id, lease.user_id == row.user_id)
    decided = done.where(lease.decided_at.is_not(None)).scalar_subquery()
    query = select(row.user_id, row.quota, row.paused_at, decided).where(row.round_id == round_id)
    return {
        user_id: 0 if paused_at is not None else max(0, (quota or 0) - number)
        for user_id, quota, paused_at, number in db.execute(query)
        if quota is not None or paused_at is not None
    }


def held(db: Session, actor: Actor, round_id: int, but: Collection[int]) -> list[int]:
    """The items that are the person's and not decided, run out or not, but for these."""
    lease = tables.Lease
    query = select(lease.sample_id).where(lease.round_id == round_id, lease.user_id == actor.user_id)
    mine = query.where(lease.decided_at.is_(None)).order_by(lease.sample_id)
    return [n for n in db.scalars(mine) if n not in but]


def cut(db: Session, actor: Actor, round_id: int, ids: Sequence[int]) -> list[int]:
    """Those of the items that the quota has room for, in order. Nobody else claims meanwhile.

    Raises `PermissionDenied` where the person is paused.
    """
    quota = read(db, actor, round_id)
    if quota is None:
        return list(ids)
    mine, room, kept = set(held(db, actor, round_id, ())), quota.left, []
    for n in ids:
        if n in mine:
            kept.append(n)
        elif room > 0:
            kept.append(n)
            room -= 1
    return kept


def refuse_over(quota: Quota) -> None:
    """Raise `Conflict` where the person has decided all that is asked of them."""
    if quota.decided >= quota.items:
        raise Conflict(
            f"You have decided {quota.decided:,} of the {quota.items:,} items that are asked of you in this round: "
            "that is all. Ask a curator for more, or go on with another round."
        )


def refuse_beyond(db: Session, actor: Actor, round_id: int, number: int) -> None:
    """Raise `Conflict` where the quota has no room for so many items beyond those the person holds."""
    quota = read(db, actor, round_id)
    if quota is not None and number > quota.left:
        refuse_over(quota)
        raise Conflict(
            f"{quota.items:,} items are asked of you in this round: you have decided {quota.decided:,} and hold "
            f"{quota.held:,}. Decide on those you hold, or ask a curator for more."
        )
