"""The slots of items: taken, kept for good once decided, given back, and how many there are.

A slot is taken by one conditional statement, which the database decides: two people never hold the same one, and
the primary key leaves no room for more reviewers than slots.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, bindparam, delete, func, or_, select, update
from sqlalchemy.orm import Session

from backend.db import now, tables
from backend.db.built import built_once, is_any, run
from backend.db.inserting import insert_on
from backend.db.many import in_chunks
from backend.services.access import Actor
from backend.services.decisions import pausing, quotas
from backend.services.decisions.acts import Act, ActPlace, HowKept, Target
from backend.services.review_settings import ReviewSettings
from backend.values import DecisionKind

SAFE = timedelta(seconds=5)
"""A lease that has longer to run is taken by nobody else during a transaction."""
MORE = 5
"""So many more items than are wanted are looked at first; the rest, where others took some of these."""
LOCK = 0x1EA5E
"""The class of the advisory locks that let one claim of a round follow the other on PostgreSQL."""


def keep_or_free(
    db: Session,
    actor: Actor,
    round_id: int,
    settings: ReviewSettings,
    act: Act,
    before: ActPlace | Target,
    settled: Collection[int] | None,
) -> HowKept:
    """Do what the act asks for with the person's slot of the item; return how they came by it.

    What decides the item keeps the slot for good, or is late where there is none left; skipping and taking back free
    it. `settled`: of several acts, for which `settle` was called, the items that this or a later one decides. To take
    such a slot again, a later act would wait while it holds others, so it stays.
    """
    if isinstance(before, Target):
        if before.frees_item is not None:
            reopen(db, actor.user_id, before.frees_item, settings)
            if pausing.is_paused(db, round_id, actor.user_id):
                give_back(db, actor, before.frees_item)
        return HowKept()
    item_id = before.item_id
    if act.kind in settings.deciding:
        is_lone = settled is None
        is_random = keep(db, actor, round_id, settings, item_id) if is_lone else decided(db, actor, item_id)
        return HowKept(late_because=late_because(db, item_id)) if is_random is None else HowKept(is_random)
    if act.kind is DecisionKind.edit:
        # Where groups are decided, a rewritten text needs no slot.
        pausing.refuse_paused(db, actor, round_id)
    elif act.kind is DecisionKind.skip and (settled is None or item_id not in settled):
        give_back(db, actor, item_id)
    return HowKept()


def late_because(db: Session, item_id: int) -> str:
    """What happened meanwhile, for the person who came late."""
    lease, user = tables.Lease, tables.User
    query = select(user.name, lease.decided_at).join(user, user.id == lease.user_id).where(lease.sample_id == item_id)
    others = db.execute(query.where(is_taken(now())).order_by(lease.slot)).all()
    held = [who for who, decided_at in others if decided_at is None]
    kept = "yours is kept in the history and counts in no label."
    if held:
        return f"Your reservation ran out, and {' and '.join(held)} has this item now; {kept}"
    have = "1 other has" if len(others) == 1 else f"{len(others)} others have"
    return f"{have} decided this meanwhile; {kept}"


def claim(
    db: Session,
    actor: Actor,
    round_id: int,
    settings: ReviewSettings,
    sample_ids: Sequence[int],
    *,
    drawn: Iterable[int] = (),
    most: int | None = None,
) -> list[int]:
    """Take a free slot of each of these items, or of the first `most` that have one; return those won, in order.

    `drawn`: chosen at random.
    """
    won, first = set[int](), len(sample_ids) if most is None else most + MORE
    if sample_ids:
        one_at_a_time(db, round_id)
    for ids in (*in_chunks(sample_ids[:first]), *in_chunks(sample_ids[first:])):
        if len(won) == most:
            break
        at, taken = now(), slots(db, ids)
        places = {n: free_slot(taken[n], actor.user_id, settings.reviewers_of(n), at) for n in ids}
        free = [(sample_id, slot) for sample_id, slot in places.items() if slot is not None]
        wanted = dict(free if most is None else free[: most - len(won)])
        fresh = {sample_id: settings.reviewers_of(sample_id) for sample_id in wanted if not taken[sample_id]}
        if wanted:
            won |= take(db, actor, round_id, wanted, fresh, at, settings, frozenset(drawn))
    return [sample_id for sample_id in sample_ids if sample_id in won]


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
    rows: list[Any] = [(item_id, slot, actor.user_id, until, item_id in drawn) for item_id, slot in wanted.items()]
    for item_id, number in fresh.items():
        rows += [(item_id, slot, None, at, False) for slot in range(number) if slot != wanted[item_id]]
    names = ("sample_id", "slot", "user_id", "expires_at", "is_random")
    rows.sort(key=lambda row: row[:2])
    values = [dict(zip(names, row, strict=True)) | {"round_id": round_id, "at": at} for row in rows]
    taken = run(db, _take(db.get_bind().dialect.name), values)
    return {sample_id for sample_id, user_id in taken if user_id is not None}


@built_once
def _take(database: str) -> Any:
    """A slot that nobody is to hold is left as it is."""
    lease = tables.Lease.__table__
    insert = insert_on(database, lease)
    new = insert.excluded
    ran_out = lease.c.expires_at < bindparam("at", type_=lease.c.expires_at.type)
    free = or_(lease.c.user_id.is_(None), lease.c.user_id == new.user_id, ran_out)
    return insert.on_conflict_do_update(
        index_elements=["sample_id", "slot"],
        set_={"user_id": new.user_id, "expires_at": new.expires_at, "is_random": new.is_random},
        where=new.user_id.is_not(None) & lease.c.decided_at.is_(None) & free,
    ).returning(lease.c.sample_id, lease.c.user_id)


def settle(db: Session, actor: Actor, round_id: int, settings: ReviewSettings, item_ids: Sequence[int]) -> None:
    """Before labelling: take the slots the actor lacks, so that `decided` finds them. Expired leases count as held."""
    lease, ids = tables.Lease, sorted(set(item_ids))
    mine = select(lease.sample_id).where(lease.sample_id.in_(ids), lease.user_id == actor.user_id)
    live = mine.where(is_taken(now() + SAFE))
    # Whoever waits for `one_at_a_time` must hold no lease, so only of one item it is locked as it is looked for, and
    # not where another has locked it: PostgreSQL keeps a lock that it waited for, even where the row fits no more.
    is_one = len(ids) == 1
    held = set(db.scalars(live.with_for_update(skip_locked=True) if is_one else live)) if ids else set()
    if is_one and held:
        return
    if len(held) < len(ids):
        # Who holds all of them, as nearly everybody does, waits for nobody.
        pausing.refuse_paused(db, actor, round_id)
        one_at_a_time(db, round_id)
    held = set(db.scalars(mine.order_by(lease.sample_id).with_for_update())) if ids else held
    lacking = [sample_id for sample_id in ids if sample_id not in held]
    if lacking:
        quotas.refuse_beyond(db, actor, round_id, len(lacking))
    claim(db, actor, round_id, settings, lacking)


def keep(db: Session, actor: Actor, round_id: int, settings: ReviewSettings, item_id: int) -> bool | None:
    """Keep the actor's slot of the item for good; one is taken first where they lack it, and a free one is left.

    It may wait for `one_at_a_time`, so it is for whoever holds no lease yet; several acts take theirs by
    `settle`. Return whether it was drawn at random; None where there is none.
    """
    asked = {"item_id": item_id, "by": actor.user_id, "at": (at := now()), "safe": at + SAFE}
    is_random: bool | None = run(db, keep_live(), asked).scalar()
    if is_random is None:
        settle(db, actor, round_id, settings, [item_id])
        is_random = decided(db, actor, item_id)
    return is_random


@built_once
def keep_live() -> Any:
    """Decide by a lease of the person `by` that nobody else takes meanwhile, if they have one: it has until `safe`.

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
    """After the person took back their last decision on the item: the slot is a lease again."""
    lease, until = tables.Lease, now() + timedelta(minutes=settings.reservation_minutes)
    mine = (lease.sample_id == item_id, lease.user_id == user_id)
    db.execute(update(lease).where(*mine).values(decided_at=None, expires_at=until))


def slots(db: Session, sample_ids: Sequence[int]) -> dict[int, list[Any]]:
    """The rows of these items, by item."""
    by_sample: dict[int, list[Any]] = defaultdict(list)
    for ids in in_chunks(sample_ids):
        for row in run(db, _slots(), {"sample_ids": ids}):
            by_sample[row.sample_id].append(row)
    return by_sample


@built_once
def _slots() -> Any:
    lease = tables.Lease.__table__.c
    query = select(lease.sample_id, lease.slot, lease.user_id, lease.expires_at, lease.decided_at)
    return query.where(is_any(lease.sample_id, "sample_ids")).order_by(lease.slot)


def free_slot(taken: Sequence[Any], user_id: int, number: int, at: datetime) -> int | None:
    """The slot this person may take: their own, else the first one that is free. None where there is none."""
    for row in taken:
        if row.user_id == user_id:
            return None if row.decided_at is not None else int(row.slot)
    for row in taken:
        if is_free(row, at):
            return int(row.slot)
    return missing(taken, number)[0] if len(taken) < number else None


def missing(taken: Sequence[Any], number: int) -> list[int]:
    """The slots that have no row yet, lowest first."""
    return sorted(set(range(max(number, len(taken) + 1))) - {row.slot for row in taken})


def is_taken(at: datetime) -> ColumnElement[bool]:
    """Whether a slot that somebody has is decided, or held at that time: the opposite of `is_free`, in SQL."""
    lease = tables.Lease
    return or_(lease.decided_at.is_not(None), lease.expires_at >= at)


def is_free(row: Any, at: datetime) -> bool:
    return bool(row.decided_at is None and (row.user_id is None or row.expires_at < at))


def one_at_a_time(db: Session, round_id: int) -> None:
    """Let claims of a round wait for each other, instead of in a circle: after one's presence and before any lease.

    SQLite has one writer anyway.
    """
    held: set[int] = db.info.setdefault("slots.locked", set())
    if db.get_bind().dialect.name == "postgresql" and round_id not in held:
        run(db, _lock(), {"class": LOCK, "of_round": round_id % 2**31})
        held.add(round_id)


@built_once
def _lock() -> Any:
    return select(func.pg_advisory_xact_lock(bindparam("class", type_=Integer), bindparam("of_round", type_=Integer)))


def refit(db: Session, round_id: int, settings: ReviewSettings) -> None:
    """After the number of reviewers changed: items that were begun get the slots they lack, and lose those too many.

    Also those somebody holds: a decision that comes for one of them is late. The caller holds `one_at_a_time`.
    """
    lease, at = tables.Lease, now()
    begun = select(lease.sample_id).where(lease.round_id == round_id).distinct()
    for ids in in_chunks(list(db.scalars(begun))):
        over, under = [], []
        for sample_id, taken in slots(db, ids).items():
            open_, number = [row for row in taken if row.decided_at is None], settings.reviewers_of(sample_id)
            wanted = max(0, number - (len(taken) - len(open_)))
            over += [{"b_id": sample_id, "b_slot": row.slot} for row in open_[wanted:]]
            under += [(sample_id, slot) for slot in missing(taken, number)[: max(0, wanted - len(open_))]]
        if over:
            same_lease = (lease.sample_id == bindparam("b_id"), lease.slot == bindparam("b_slot"))
            db.connection().execute(delete(lease).where(*same_lease), over)
        nobody = {"round_id": round_id, "user_id": None, "expires_at": at, "is_random": False}
        db.add_all(tables.Lease(sample_id=sample_id, slot=slot, **nobody) for sample_id, slot in under)
    db.flush()
