"""Adjudication: items on which reviewers disagree go to a queue of their own; all originals stay."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import or_
from sqlalchemy.orm import Session

from backend.db import reading, session, standing, tables
from backend.db.standing import ANY_LABELLING, TOGETHER
from backend.errors import Conflict, InvalidInput, NotFound
from backend.services import archived, review_settings, reviews
from backend.services.access import Actor
from backend.services.decisions import Act, Decision, WrittenDecision, disputes, lock_round
from backend.services.decisions.rows import places_of, written
from backend.services.decisions.rules import cut_of_round
from backend.services.queue import item_views, review_items
from backend.services.queue.review_items import Item
from backend.services.reviews import ActResult
from backend.services.rounds import get_row
from backend.values import DecisionKind, Role

MAX_ITEMS = 100


@dataclass(frozen=True)
class Disputed:
    """An item with each reviewer's last standing decision on it."""

    item: Item
    votes: tuple[Decision, ...]


def count(actor: Actor, round_id: int) -> int:
    """How many items wait for an adjudication."""
    with reading() as db:
        round_ = get_row(db, actor, round_id, Role.curator)
        archived.refuse(round_)
        return len(disputes.items(db, round_))


def queue(actor: Actor, round_id: int, *, limit: int = 20, held: Sequence[int] = ()) -> list[Disputed]:
    """Items on which last standing votes differ and that nobody has adjudicated, with names and all votes."""
    if not 1 <= limit <= MAX_ITEMS:
        raise InvalidInput(f"A queue gives 1 to {MAX_ITEMS} items at a time. Ask for fewer.")
    with reading() as db:
        round_ = get_row(db, actor, round_id, Role.curator)
        archived.refuse(round_)
        kept_back = set(held)
        ids = [sample_id for sample_id in disputes.items(db, round_) if sample_id not in kept_back][:limit]
        return shown(db, actor, round_, ids)


def one_item(actor: Actor, round_id: int, sample_id: int) -> Disputed | None:
    """This item with all votes, disputed or not; None where the round has no such item."""
    with reading() as db:
        round_ = get_row(db, actor, round_id, Role.curator)
        archived.refuse(round_)
        return next(iter(shown(db, actor, round_, [sample_id])), None)


def decide(
    actor: Actor,
    round_id: int,
    client_id: str,
    sample_id: int,
    kind: DecisionKind,
    *,
    score: float | None = None,
    value: dict[str, Any] | None = None,
    note: str = "",
    seconds: float | None = None,
) -> ActResult:
    """Settle an item: this decision stands above all votes until it is taken back. It needs no slot and takes none.

    One's own decision may be replaced; raises `Conflict` where somebody else's stands.
    """
    if kind not in ANY_LABELLING:
        raise InvalidInput(f"An adjudication is one of {', '.join(ANY_LABELLING)}, not {kind}.")
    with session() as db:
        round_ = lock_round(db, actor, round_id, Role.curator)
        is_blind = review_settings.read(round_.review).adjudication_blind
        act = Act(
            client_id, kind, sample_id, score=score, value=value or {}, note=note, seconds=seconds, is_blind=is_blind
        )
        if written(db, actor, round_, client_id) is None:
            refuse_settled(db, actor, round_, act)
        done = reviews.write_all(db, actor, round_, [act], is_adjudication=True)
        answer = reviews.answers(db, actor, round_, done)[0]
        # This decision is the last adjudication: of what others did, only a bulk action is news.
        return replace(answer, meanwhile=item_views.meanwhile([o for o in answer.others if not o.is_adjudication]))


def undo(actor: Actor, round_id: int, client_id: str) -> ActResult:
    """Take back the actor's last adjudication in the round that stands; sent again, it takes back no other."""
    decision = tables.Decision
    query = (
        standing.label_words(decision.client_id)
        .where(decision.round_id == round_id, decision.user_id == actor.user_id, decision.is_adjudication)
        .order_by(decision.id.desc())
        .limit(1)
    )
    with session() as db:
        round_ = lock_round(db, actor, round_id, Role.curator)
        before, last = written(db, actor, round_, client_id), db.scalar(query)
        if before is None and last is None:
            raise NotFound("You have settled no item of this round that could be taken back. Settle one first.")
        done = [WrittenDecision(before)] if before is not None else None
        act = Act(client_id, DecisionKind.retract, retracts=last)
        return reviews.answers(db, actor, round_, done or reviews.write_all(db, actor, round_, [act]))[0]


def refuse_settled(db: Session, actor: Actor, round_: tables.Round, act: Act) -> None:
    """Raise `Conflict` where the decision that stands on the act's samples is somebody else's adjudication."""
    # Two curators at once: the second one waits here, for the labels, until the first one's decision is written.
    place = places_of(db, round_, review_settings.read(round_.review), [act]).get(act.client_id)
    if place is None:
        return
    decision, user = tables.Decision, tables.User
    ids = place.members if act.kind in TOGETHER else (act.sample_id,)
    query = (
        standing.label_words(decision, user.name)
        .join(user, user.id == decision.user_id)
        .where(decision.group_id == place.group_id, decision.is_adjudication)
        .where(or_(decision.sample_id.in_(ids), decision.kind.in_(TOGETHER)))
    )
    settled = sorted(db.execute(query), key=lambda pair: pair[0].value.get("restores", pair[0].id))
    if settled and settled[-1][0].user_id != actor.user_id:
        row, who = settled[-1]
        raise Conflict(
            f"{who} settled this item meanwhile: {in_words(row)}. Ask {who} to take that back, or go on to the next."
        )


def in_words(row: tables.Decision) -> str:
    """`accept`, `score 4`, `sample 12 is best`, `tie`."""
    best = row.value.get("best") or next(iter(row.value.get("order", [])), None)
    if row.kind in TOGETHER:
        return f"sample {best} is best" if best else "all bad" if row.value.get("all_bad") else "tie"
    return f"score {row.score:g}" if row.score is not None else str(row.kind)


def shown(db: Session, actor: Actor, round_: tables.Round, ids: Sequence[int]) -> list[Disputed]:
    settings = review_settings.read(round_.review)
    hides = settings.adjudication_blind
    votes = read_votes(db, round_, ids, tells_judge=not hides)
    items = review_items.items(db, actor, round_, settings, ids, {}, is_curating=True)
    return [Disputed(without_judge(item) if hides else item, tuple(votes[item.sample_id])) for item in items]


def without_judge(item: Item) -> Item:
    """The item without what the judge said, and without what that would follow from."""
    members = tuple(replace(member, judge=None) for member in item.members)
    return replace(item, judge=None, reason=None, members=members, others=())


def read_votes(
    db: Session, round_: tables.Round, ids: Sequence[int], *, tells_judge: bool = True
) -> dict[int, list[Decision]]:
    """Each reviewer's last standing decision on each item; tells_judge: including what tells of the judge's verdict."""
    decision, user = tables.Decision, tables.User
    query = (
        standing.votes(decision, user.name)
        .join(user, user.id == decision.user_id)
        .where(decision.sample_id.in_(ids))
        .order_by(decision.id)
    )
    cut, last = cut_of_round(round_), dict[tuple[int, int], Decision]()
    for row, who in db.execute(query) if ids else ():
        last[row.sample_id, row.user_id] = Decision.of(row, who, cut, tells_judge=tells_judge)
    by_sample: dict[int, list[Decision]] = defaultdict(list)
    for (sample_id, _), decision_made in last.items():
        by_sample[sample_id].append(decision_made)
    return by_sample
