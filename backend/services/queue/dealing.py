"""Dealing out the shares of a round's items as assignments, and taking back what is beyond them."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from backend.db import now, tables
from backend.db.inserting import insert_into
from backend.db.many import in_chunks
from backend.errors import InvalidInput
from backend.services import review_settings
from backend.services.access import Actor
from backend.services.decisions import slots
from backend.services.decisions.item_counts import count_items
from backend.services.queue import assignments
from backend.services.review_settings import ReviewSettings


def deal(
    db: Session, actor: Actor, round_: tables.Round, shares: dict[int, float], ids: Sequence[int]
) -> dict[int, int]:
    """Assign what these people lack of their shares, of items that have room; return how many are new, by person."""
    settings, row = review_settings.read(round_.review), tables.Assignment
    has = _number_given(db, round_.id, shares)
    items = count_items(db, round_.id, settings).items
    wanted = {user_id: round(items * share / 100) - has.get(user_id, 0) for user_id, share in shares.items()}
    free, busy = room(db, round_, settings, ids)
    dealt = dealt_out({n: number for n, number in wanted.items() if number > 0}, free, busy)
    common = {"round_id": round_.id, "created_at": now(), "created_by": actor.user_id}
    rows = [{"sample_id": n, "user_id": user_id, **common} for user_id, some in dealt.items() for n in some]
    new = Counter[int]()
    for chunk in in_chunks(rows):
        put = insert_into(db, row).values(chunk).on_conflict_do_nothing()
        new.update(db.scalars(put.returning(row.user_id)))
    return {user_id: new[user_id] for user_id in shares}


def refuse_too_much(db: Session, round_: tables.Round, shares: dict[int, float], people: Collection[int]) -> None:
    """Raise `InvalidInput` where these shares, and those of able people who are not named, exceed what items want."""
    settings, row = review_settings.read(round_.review), tables.RoundReviewer
    most = 100 * (settings.num_reviewers_per_item if settings.has_overlap else 1)
    kept = select(func.sum(row.share)).where(row.round_id == round_.id, row.user_id.not_in(people))
    others = db.scalar(kept.where(assignments.is_able(row, round_.project_id, round_.id))) or 0
    total = others + sum(shares.values())
    if total > most:
        also = f" with the {others:g}% of others," if others else ""
        raise InvalidInput(
            f"The shares add up to {total:g}%,{also} and the reviewers that items want to {most}%. Lower some, or "
            "let more people decide on an item."
        )


def shorten(db: Session, round_: tables.Round, shares: dict[int, float]) -> dict[int, int]:
    """Take from people what is beyond a share that was lowered, 0 where it was taken back, and not decided by them.

    What they hold goes last. Return how many items, by person, where it is any.
    """
    settings, row, reviewer = review_settings.read(round_.review), tables.Assignment, tables.RoundReviewer
    had = select(reviewer.user_id).where(reviewer.round_id == round_.id, reviewer.share.is_not(None))
    before = set(db.scalars(had))
    named = before & shares.keys()
    has, gone = _number_given(db, round_.id, named), dict[int, int]()
    items = count_items(db, round_.id, settings).items if named else 0
    lease = tables.Lease
    held = select(lease.slot).where(lease.sample_id == row.sample_id, lease.user_id == row.user_id).exists()
    for user_id in named:
        over = has.get(user_id, 0) - round(items * shares[user_id] / 100)
        mine = row.round_id == round_.id, row.user_id == user_id
        open_ = select(row.sample_id).where(*mine, ~assignments.has_decided(row, settings.deciding))
        ids = list(db.scalars(open_.order_by(held, row.sample_id).limit(max(0, over))))
        for some in in_chunks(ids):
            db.execute(delete(row).where(*mine, row.sample_id.in_(some)))
        if ids:
            gone[user_id] = len(ids)
    return gone


def _number_given(db: Session, round_id: int, people: Collection[int]) -> dict[int, int]:
    """How many items these people were given, by person."""
    row = tables.Assignment
    query = select(row.user_id, func.count()).where(row.round_id == round_id, row.user_id.in_(people))
    return {user_id: number for user_id, number in db.execute(query.group_by(row.user_id))}


def room(
    db: Session, round_: tables.Round, settings: ReviewSettings, ids: Sequence[int]
) -> tuple[dict[int, int], dict[int, set[int]]]:
    """How many more people each item wants, beside those who have it or wait for it, and who these are.

    Items come in an order that has nothing to do with their texts.
    """
    row, at = tables.Assignment, now()
    busy: dict[int, set[int]] = defaultdict(set)
    waited: dict[int, set[int]] = defaultdict(set)
    # Nobody waits for who has left or is paused; what they were given they are not given twice.
    waits_for = assignments.is_waiting(row, settings.deciding) & assignments.is_able(row, round_.project_id, round_.id)
    for n, user_id, waits in db.execute(select(row.sample_id, row.user_id, waits_for).where(row.round_id == round_.id)):
        busy[n].add(user_id)
        if waits:
            waited[n].add(user_id)
    for n, taken in slots.slots(db, ids).items():
        holders = {slot.user_id for slot in taken if slot.user_id is not None and not slots.is_free(slot, at)}
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
        in_order = sorted(able, key=lambda user_id: (-left[user_id] / wanted[user_id], user_id))
        for user_id in in_order[: max(0, number)]:
            left[user_id] -= 1
            dealt[user_id].append(n)
    return dict(dealt)
