"""What to look at next: items this person may decide, leased to them as they are returned, each with its reason."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from backend.db import glancing, reading, session, standing, tables
from backend.db.built import built_once, run
from backend.db.standing import DECIDING, TOGETHER
from backend.errors import Conflict, InvalidInput
from backend.services import review_settings
from backend.services.access import Actor, require
from backend.services.decisions import presence, quotas, slots
from backend.services.decisions.rows import own
from backend.services.queue.orders import Order
from backend.services.queue.review_items import Item, Member, items
from backend.services.queue.review_pick import ItemRequest, Picked, pick
from backend.services.review_settings import ReviewSettings
from backend.services.rounds import get_row, review_scope
from backend.services.samples import visibility
from backend.values import Role, RoundStatus

__all__ = ["Item", "Member", "Order", "earlier", "queue"]

MAX_ITEMS = 100
MAX_HELD = 1_000
SPARE = 60
"""So many items more are looked at and kept than are wanted, as far as the page has them. Whoever asks at the same time
wants the same items: once others have taken more than these, the person looks again, one after the other."""


def queue(
    actor: Actor,
    round_id: int,
    *,
    order: Order = Order.sequential,
    limit: int = 20,
    after: int = 0,
    held: Sequence[int] = (),
    include: Sequence[int] = (),
    peek: bool = False,
) -> list[Item]:
    """The next items to decide, leased to the actor, without those skipped or held in the page.

    `after`: in sequential order, the number of the last sample there. `include`: items the actor decided and wants
    to see again, returned first. `peek`: look without taking. Raises `PermissionDenied` where the actor is paused in
    the round, and `Conflict` where they have decided all that is asked of them.
    """
    if not 1 <= limit <= MAX_ITEMS or len(include) > MAX_ITEMS or len(held) > MAX_HELD:
        raise InvalidInput(f"A queue gives 1 to {MAX_ITEMS} samples at a time. Ask for fewer.")
    picked, won = Picked(), list[int]()
    with glancing() as db:
        round_ = get_row(db, actor, round_id, Role.reviewer)
        settings = review_settings.read(round_.review)
        quota = quotas.read(db, actor, round_id)
        again = in_round(db, round_id, include)
        if again and visibility.hidden(db, actor, round_).judge:
            shown = review_scope.only_shown(db, round_, again)
            again = [n for n in again if n in shown]
        taken = frozenset({*held, *again})
        if round_.status is RoundStatus.review:
            if quota is not None and not quota.left:
                picked = Picked(quotas.held(db, actor, round_id, taken)[:limit])
            else:
                limit = limit if quota is None else min(limit, quota.left)
                spare = 0 if peek else SPARE
                picked = pick(ItemRequest(db, actor, round_, settings, order, limit, after, taken, spare=spare))
    if picked.ids:
        won = picked.ids if peek else claim(actor, round_id, settings, picked, limit)
        if len(won) < min(limit, len(picked.ids)) and not peek:
            won += pick_alone(actor, round_id, settings, order, limit - len(won), after, taken | set(won), picked)
    if round_.status is RoundStatus.review and quota is not None and not won and not again:
        quotas.refuse_over(quota)
    with glancing() as db:
        return items(db, actor, round_, settings, [*again, *won], picked.why)


def earlier(actor: Actor, round_id: int, held: Sequence[int] = ()) -> Item | None:
    """The item that the actor decided last, with their decision as `mine`, apart from the items held in the page.

    None where there is nothing more.
    """
    if len(held) > MAX_HELD:
        raise InvalidInput(f"A page holds up to {MAX_HELD} items. Reload it.")
    decision = tables.Decision
    with reading() as db:
        round_ = get_row(db, actor, round_id, Role.reviewer)
        settings = review_settings.read(round_.review)
        query = (
            standing.decisions(
                decision,
                late=True,
                gold=True,
                adjudication=False,
                batch=False,
                kinds=TOGETHER if settings.by_group else DECIDING,
            )
            .where(decision.round_id == round_id, decision.user_id == actor.user_id)
            .where(decision.sample_id.not_in(held))
            .order_by(decision.id.desc())
            .limit(1)
        )
        row = db.scalar(query) if round_.status is RoundStatus.review else None
        if row is None:
            return None
        [item] = items(db, actor, round_, settings, [row.sample_id], {})
        return replace(item, mine=own(db, row, actor, round_))


def claim(actor: Actor, round_id: int, looked_by: ReviewSettings, picked: Picked, limit: int) -> list[int]:
    """Take the first of what was found; what somebody else took meanwhile is left out."""
    with session() as db:
        presence.touch(db, actor, round_id)
        round_, settings = waited_for(db, actor, round_id, looked_by)
        return take(db, actor, round_, settings, picked, limit)


def pick_alone(
    actor: Actor,
    round_id: int,
    looked_by: ReviewSettings,
    order: Order,
    limit: int,
    after: int,
    taken: frozenset[int],
    picked: Picked,
) -> list[int]:
    """Find and take in one go, while nobody else claims: after others were quicker, as when fifty begin at once."""
    with session() as db:
        round_, settings = waited_for(db, actor, round_id, looked_by)
        more = pick(ItemRequest(db, actor, round_, settings, order, limit, after, taken))
        picked.why |= more.why
        return take(db, actor, round_, settings, more, limit)


def waited_for(
    db: Session, actor: Actor, round_id: int, looked_by: ReviewSettings
) -> tuple[tables.Round, ReviewSettings]:
    """The round and its settings, once nobody else claims in it or changes them until the transaction ends.

    `looked_by`: the settings when the items were looked for. Raises `Conflict` where people have come to decide on
    groups instead of samples since, or the other way round.
    """
    slots.one_at_a_time(db, round_id)
    # Read after the wait: whoever changes the number of reviewers per item has slots made for the new one meanwhile.
    round_ = get_row(db, actor, round_id, Role.reviewer)
    settings = review_settings.read(round_.review)
    if settings.by_group != looked_by.by_group:
        mode = "groups" if settings.by_group else "samples"
        raise Conflict(f"Round {round_.number} is reviewed by {mode} since a moment ago. Load the queue again.")
    return round_, settings


def take(
    db: Session, actor: Actor, round_: tables.Round, settings: ReviewSettings, picked: Picked, limit: int
) -> list[int]:
    # The person may have a second desk open, or have been paused since the items were looked for.
    ids = quotas.cut(db, actor, round_.id, picked.ids)
    won = slots.claim(db, actor, round_.id, settings, ids, drawn=picked.drawn, most=limit)
    if won and db.get_bind().dialect.name != "sqlite":
        # Whoever put the round in the trash was waited for, and took what was held before.
        home_id = run(db, _home(), {"round_id": round_.id}).scalar()
        if home_id is not None and home_id != round_.project_id:
            require(db, actor, home_id, Role.reviewer)
    return won


@built_once
def _home() -> Any:
    return select(tables.Round.project_id).where(tables.Round.id == bindparam("round_id"))


def in_round(db: Session, round_id: int, ids: Sequence[int]) -> list[int]:
    """Those that are samples of this round, in their order."""
    if not ids:
        return []
    query: Any = select(tables.Label.sample_id).where(
        tables.Label.sample_id.in_(ids), tables.Label.round_id == round_id
    )
    known = set(db.scalars(query))
    return [n for n in dict.fromkeys(ids) if n in known]
