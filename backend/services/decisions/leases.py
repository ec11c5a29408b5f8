"""Leases: an item's slots, held by one person each until a time, or for good once decided.

A slot is taken by one conditional statement, which the database decides: two people never hold the same one, and
the primary key leaves no room for more reviewers than slots. An expired lease is anybody's; until somebody takes it,
its holder may still decide or renew.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from backend.db import now, reading, session, tables
from backend.db.built import built_once
from backend.db.many import CHUNK, in_chunks
from backend.services import review_settings
from backend.services.access import Actor
from backend.services.decisions import pausing, presence, quotas
from backend.services.decisions.slots import free_slot, slots
from backend.services.review_settings import ReviewSettings
from backend.services.rounds import get_row
from backend.values import Role

SAFE = timedelta(seconds=5)
"""A lease that has longer to run is taken by nobody else during a transaction."""
LOCK = 0x1EA5E
"""The class of the advisory locks that let one claim of a round follow the other on PostgreSQL."""


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
        settings = review_settings.read(round_.review)
        until = now() + timedelta(minutes=settings.reservation_minutes)
        presence.touch(db, actor, round_id)
        one_at_a_time(db, round_id)
        pausing.refuse_paused(db, actor, round_id)
        kept = extend(db, actor, ids, until)
        gone = [n for n in ids if n not in kept]
        if gone:
            room = quotas.cut(db, actor, round_id, in_round(db, round_id, gone))
            kept |= set(claim(db, actor, round_, settings, room))
        lost = [
            holding for holding in holdings(db, [n for n in gone if n not in kept]) if holding.user_id != actor.user_id
        ]
    return Renewed(until, tuple(n for n in ids if n in kept), tuple(lost))


def release(actor: Actor, round_id: int, sample_ids: Sequence[int] | None = None, *, is_gone: bool = False) -> int:
    """Give back these items or all of the round, as far as not decided; `is_gone`: be here no more. Return how many."""
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


def claim(
    db: Session,
    actor: Actor,
    round_: tables.Round,
    settings: ReviewSettings,
    sample_ids: Sequence[int],
    *,
    drawn: Iterable[int] = (),
    most: int | None = None,
) -> list[int]:
    """Take a free slot of each of these items; return those that were won, in order. `drawn`: chosen at random.

    `most`: of the first so many that have one.
    """
    won: set[int] = set()
    if sample_ids:
        one_at_a_time(db, round_.id)
    for ids in in_chunks(sample_ids):
        at, taken = now(), slots(db, ids)
        places = {n: free_slot(taken[n], actor.user_id, settings.reviewers_of(n), at) for n in ids}
        free = [(n, slot) for n, slot in places.items() if slot is not None]
        wanted = dict(free if most is None else free[: most - len(won)])
        fresh = {n: settings.reviewers_of(n) for n in wanted if not taken[n]}
        if wanted:
            won |= take(db, actor, round_.id, wanted, fresh, at, settings, frozenset(drawn))
    return [n for n in sample_ids if n in won]


def take(
    db: Session,
    actor: Actor,
    round_id: int,
    wanted: dict[int, int],
    fresh: dict[int, int],
    at: datetime,
    settings: ReviewSettings,
    drawn: frozenset[int],
) -> set[int]:
    """The conditional statement: a slot that is free, ran out, or is the actor's own becomes theirs.

    `fresh`: of items that are begun with it the number of slots; the others are written, held by nobody.
    """
    until = at + timedelta(minutes=settings.reservation_minutes)
    rows: list[tuple[Any, ...]] = [(n, slot, actor.user_id, until, n in drawn) for n, slot in wanted.items()]
    rows += [(n, slot, None, at, False) for n, number in fresh.items() for slot in range(number) if slot != wanted[n]]
    names = ("sample_id", "slot", "user_id", "expires_at", "is_random")
    values = [
        dict(zip(names, row, strict=True)) | {"round_id": round_id, "at": at}
        for row in sorted(rows, key=lambda row: row[:2])
    ]
    taken = db.connection().execute(_take(db.get_bind().dialect.name), values)
    return {n for n, user_id in taken if user_id is not None}


@built_once
def _take(database: str) -> Any:
    """One that is to be nobody's is left as it is."""
    lease = tables.Lease.__table__
    insert = (sqlite if database == "sqlite" else postgresql).insert(lease)
    new = insert.excluded
    ran_out = lease.c.expires_at < bindparam("at", type_=lease.c.expires_at.type)
    free = or_(lease.c.user_id.is_(None), lease.c.user_id == new.user_id, ran_out)
    return insert.on_conflict_do_update(
        index_elements=["sample_id", "slot"],
        set_={"user_id": new.user_id, "expires_at": new.expires_at, "is_random": new.is_random},
        where=new.user_id.is_not(None) & lease.c.decided_at.is_(None) & free,
    ).returning(lease.c.sample_id, lease.c.user_id)


def settle(db: Session, actor: Actor, round_: tables.Round, settings: ReviewSettings, item_ids: Sequence[int]) -> None:
    """Before labelling: take the slots the actor lacks, so that `decided` finds them. Expired leases count as held."""
    lease, ids = tables.Lease, sorted(set(item_ids))
    mine = select(lease.sample_id).where(lease.sample_id.in_(ids), lease.user_id == actor.user_id)
    live = mine.where(or_(lease.decided_at.is_not(None), lease.expires_at >= now() + SAFE))
    # Whoever waits for `one_at_a_time` must hold no lease, so only of one item it is locked as it is looked for, and
    # not where another has locked it: PostgreSQL keeps a lock that it waited for, even where the row fits no more.
    is_one = len(ids) == 1
    held = set(db.scalars(live.with_for_update(skip_locked=True) if is_one else live)) if ids else set()
    if is_one and held:
        return
    if len(held) < len(ids):
        # Who holds all of them, as nearly everybody does, waits for nobody.
        pausing.refuse_paused(db, actor, round_.id)
        one_at_a_time(db, round_.id)
    held = set(db.scalars(mine.order_by(lease.sample_id).with_for_update())) if ids else held
    lacking = [n for n in ids if n not in held]
    if lacking:
        quotas.refuse_beyond(db, actor, round_.id, len(lacking))
    claim(db, actor, round_, settings, lacking)


def keep(db: Session, actor: Actor, round_: tables.Round, settings: ReviewSettings, item_id: int) -> bool | None:
    """Keep the actor's slot of the item for good; one is taken first where they lack it, and a free one is left.

    It may wait for `one_at_a_time`, so it is for whoever holds no lease yet; several acts take theirs by
    `settle`. Return whether it was drawn at random; None where there is none.
    """
    at = now()
    asked = {"item_id": item_id, "by": actor.user_id, "at": at, "safe": at + SAFE}
    is_random: bool | None = db.connection().execute(_keep(), asked).scalar()
    if is_random is None:
        settle(db, actor, round_, settings, [item_id])
        is_random = decided(db, actor, item_id)
    return is_random


@built_once
def _keep() -> Any:
    """Decide by a lease that nobody else takes meanwhile.

    Whoever waits for `one_at_a_time` must hold no lease, so it is not waited for where another has locked it:
    PostgreSQL keeps a lock that it waited for, even where the row fits no more.
    """
    lease: Any = tables.Lease.__table__
    mine = lease.c.sample_id == bindparam("item_id"), lease.c.user_id == bindparam("by")
    is_live = or_(lease.c.decided_at.is_not(None), lease.c.expires_at >= bindparam("safe"))
    free = select(lease.c.slot).where(*mine, is_live).with_for_update(skip_locked=True)
    kept = update(lease).where(*mine, lease.c.slot == free.scalar_subquery())
    at = bindparam("at", type_=lease.c.decided_at.type)  # coalesce tells a parameter no type
    return kept.values(decided_at=func.coalesce(lease.c.decided_at, at)).returning(lease.c.is_random)


def decided(db: Session, actor: Actor, item_id: int) -> bool | None:
    """Keep the actor's slot for good and say whether it was drawn at random; None where they have none."""
    lease = tables.Lease
    mine = update(lease).where(lease.sample_id == item_id, lease.user_id == actor.user_id)
    return db.scalar(mine.values(decided_at=func.coalesce(lease.decided_at, now())).returning(lease.is_random))


def give_back(db: Session, actor: Actor, item_id: int) -> None:
    """The person passed on the item: its slot is free at once."""
    lease = tables.Lease
    mine = (lease.sample_id == item_id, lease.user_id == actor.user_id, lease.decided_at.is_(None))
    db.execute(update(lease).where(*mine).values(user_id=None, expires_at=now(), is_random=False))


def reopen(db: Session, user_id: int, item_id: int, settings: ReviewSettings) -> None:
    """After the person took back their last word on the item: the slot is a lease again."""
    lease, until = tables.Lease, now() + timedelta(minutes=settings.reservation_minutes)
    mine = (lease.sample_id == item_id, lease.user_id == user_id)
    db.execute(update(lease).where(*mine).values(decided_at=None, expires_at=until))


def holdings(db: Session, sample_ids: Sequence[int]) -> list[Holding]:
    """The slots that are held by now, or decided."""
    lease, user, at = tables.Lease, tables.User, now()
    holdings_: list[Holding] = []
    for ids in in_chunks(sample_ids):
        query = select(lease, user.name).join(user, user.id == lease.user_id).where(lease.sample_id.in_(ids))
        standing = query.where(or_(lease.decided_at.is_not(None), lease.expires_at >= at))
        for row, who in db.execute(standing.order_by(lease.sample_id, lease.slot)):
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
    return [n for n in ids if n in there]


def one_at_a_time(db: Session, round_id: int) -> None:
    """Let claims of a round wait for each other, instead of in a circle. SQLite has one writer anyway.

    Whoever wants it takes it after their presence and before any lease.
    """
    held: set[int] = db.info.setdefault("leases.locked", set())
    if db.get_bind().dialect.name == "postgresql" and round_id not in held:
        db.execute(select(func.pg_advisory_xact_lock(LOCK, round_id % 2**31)))
        held.add(round_id)
