"""Leases: items that people hold for a while. A desk renews them and gives them back; others see who has them.

An expired lease can be taken by anybody; until somebody takes it, its holder may still decide or renew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.db import now, reading, session, tables
from backend.db.many import CHUNK, in_chunks
from backend.services import review_settings
from backend.services.access import Actor
from backend.services.decisions import pausing, presence, quotas
from backend.services.decisions.slots import claim, is_taken, one_at_a_time
from backend.services.rounds import get_row
from backend.values import Role


@dataclass(frozen=True)
class Holding:
    """One slot and who has it. Decided ones have no end."""

    sample_id: int
    slot: int
    user_id: int
    who: str
    expires_at: datetime
    is_decided: bool


@dataclass(frozen=True)
class Renewed:
    """What a heartbeat found: `kept` until `until`; `lost` to others, who hold or have decided them now."""

    until: datetime
    kept: tuple[int, ...]
    lost: tuple[Holding, ...]


def renew(actor: Actor, round_id: int, sample_ids: Sequence[int]) -> Renewed:
    """Extend what the actor holds of these items; one that ran out and is free is taken again, within their quota.

    Raises `PermissionDenied` where they are paused: what they held was given back.
    """
    ids = sorted(set(sample_ids))[: 2 * CHUNK]
    with session() as db:
        round_ = get_row(db, actor, round_id, Role.reviewer)
        presence.touch(db, actor, round_id)
        one_at_a_time(db, round_id)
        db.refresh(round_)  # whoever changed its settings may have been waited for
        settings = review_settings.read(round_.review)
        until = now() + timedelta(minutes=settings.reservation_minutes)
        pausing.refuse_paused(db, actor, round_id)
        kept = extend(db, actor, ids, until)
        gone = [sample_id for sample_id in ids if sample_id not in kept]
        if gone:
            room = quotas.cut(db, actor, round_id, in_round(db, round_id, gone))
            kept |= set(claim(db, actor, round_id, settings, room))
        lost = [
            holding for holding in holdings(db, [n for n in gone if n not in kept]) if holding.user_id != actor.user_id
        ]
    return Renewed(until, tuple(sample_id for sample_id in ids if sample_id in kept), tuple(lost))


def release(actor: Actor, round_id: int, sample_ids: Sequence[int] | None = None, *, is_gone: bool = False) -> int:
    """Give back these items, or all of the round, that are not decided; return how many. `is_gone`: the desk is
    closed."""
    lease = tables.Lease
    mine = (lease.round_id == round_id, lease.user_id == actor.user_id, lease.decided_at.is_(None))
    given_back = 0
    with session() as db:
        get_row(db, actor, round_id)
        if is_gone or sample_ids is None:
            presence.leave(db, actor, round_id)
        one_at_a_time(db, round_id)
        wanted: list[Any] = (
            [()] if sample_ids is None else [(lease.sample_id.in_(ids),) for ids in in_chunks(sample_ids)]
        )
        for where in wanted:
            free = update(lease).where(*mine, *where).values(user_id=None, expires_at=now(), is_random=False)
            given_back += len(db.scalars(free.returning(lease.sample_id)).all())
    return given_back


def holders(actor: Actor, round_id: int, sample_ids: Sequence[int]) -> list[Holding]:
    """Who else holds or has decided these items; a countdown shows `expires_at`."""
    with reading() as db:
        get_row(db, actor, round_id)
        holdings_ = holdings(db, in_round(db, round_id, sample_ids))
        return [holding for holding in holdings_ if holding.user_id != actor.user_id]


def holdings(db: Session, sample_ids: Sequence[int]) -> list[Holding]:
    """The slots that are held by now, or decided."""
    lease, user, at = tables.Lease, tables.User, now()
    holdings_: list[Holding] = []
    for ids in in_chunks(sample_ids):
        query = select(lease, user.name).join(user, user.id == lease.user_id).where(lease.sample_id.in_(ids))
        for row, who in db.execute(query.where(is_taken(at)).order_by(lease.sample_id, lease.slot)):
            is_decided = row.decided_at is not None
            holdings_.append(Holding(row.sample_id, row.slot, row.user_id or 0, who, row.expires_at, is_decided))
    return holdings_


def extend(db: Session, actor: Actor, sample_ids: Sequence[int], until: datetime) -> set[int]:
    """Renew what is still the actor's, run out or not; what they decided stays theirs anyway."""
    lease, kept = tables.Lease, set()
    for ids in in_chunks(sample_ids):
        mine = (lease.sample_id.in_(ids), lease.user_id == actor.user_id)
        db.execute(update(lease).where(*mine, lease.decided_at.is_(None)).values(expires_at=until))
        kept |= set(db.scalars(select(lease.sample_id).where(*mine)))
    return kept


def in_round(db: Session, round_id: int, sample_ids: Sequence[int]) -> list[int]:
    """Those that are samples of this round, in their order."""
    label, ids = tables.Label, list(dict.fromkeys(sample_ids))
    query = select(label.sample_id).where(label.round_id == round_id)
    there = {n for part in in_chunks(ids) for n in db.scalars(query.where(label.sample_id.in_(part)))}
    return [sample_id for sample_id in ids if sample_id in there]
