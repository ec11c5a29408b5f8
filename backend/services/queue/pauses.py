"""Pausing people whose decisions on gold items are too often wrong, and letting them go on.

Neither when a queue stops nor what its person reads may name a gold item while the review goes on. So a rule pauses
them some decisions after their score fell, as many as only the server's key tells, and the counts are for curators.
"""

from collections import Counter
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from backend.db import now, reading, session, standing, tables
from backend.db.aliases import alias
from backend.db.roles import may_decide
from backend.errors import Conflict, InvalidInput
from backend.jobs import telling
from backend.recipes import cut_of, judge_of
from backend.services import archived, events, review_settings
from backend.services.access import Actor
from backend.services.decisions import pausing, slots
from backend.services.decisions.locks import lock_until_reviewed
from backend.services.queue import assignments
from backend.services.queue.draw import chance, secret_of
from backend.services.review_settings import ReviewSettings
from backend.services.rounds import get_row
from backend.values import DecisionKind, NoticeKind, Role, Verdict

MAX_REASON = 2_000
DELAY = (3, 10)
"""After at least and at most so many further decisions a rule pauses a person."""
BY_RULE = "Too few items of known label were right."
PAUSE, RESUME = "pause reviewer", "resume reviewer"
OVER = "its review is over, and nobody decides in it any more."


@dataclass(frozen=True)
class GoldScore:
    """How a person did on gold items, of those that still count for pausing. `low_since`: the decision by which it fell
    below what the settings ask and stayed there; None where it is not below."""

    user_id: int
    right: int
    number: int
    low_since: int | None

    @property
    def says(self) -> str:
        return f"{self.right} of {self.number} items of known label were right"


def scores(db: Session, round_: tables.Round, settings: ReviewSettings) -> list[GoldScore]:
    """Everybody's, by their last decision on each item, without the items of which a curator has excused what they
    said."""
    decision, gold, row = tables.Decision, tables.GoldItem, tables.RoundReviewer
    before = alias(tables.Decision, "before_pause")
    excused = select(before.id).where(before.sample_id == decision.sample_id, before.user_id == decision.user_id)
    is_excused = excused.where(before.kind.in_(standing.LABELLING), before.id <= row.excused_id).exists()
    query = (
        standing.on_gold(decision.id, decision.user_id, decision.sample_id, decision.kind, decision.score, gold.verdict)
        .join(gold, gold.sample_id == decision.sample_id)
        .outerjoin(row, (row.round_id == gold.round_id) & (row.user_id == decision.user_id))
        .where(gold.round_id == round_.id, ~is_excused)
        .order_by(decision.id)
    )
    cut, last = cut_of(judge_of(round_.recipe, round_.phase)), dict[int, dict[int, bool]]()
    right, low_since = Counter[int](), dict[int, int]()
    for id_, user_id, sample_id, kind, score, known in db.execute(query):
        accepts = kind is DecisionKind.accept or (kind is DecisionKind.score and (score or 0.0) >= cut)
        accepted, is_right = last.setdefault(user_id, {}), accepts == (known is Verdict.accept)
        right[user_id] += is_right - accepted.get(sample_id, False)
        accepted[sample_id] = is_right
        if is_low(right[user_id], len(accepted), settings):
            low_since.setdefault(user_id, id_)
        else:
            low_since.pop(user_id, None)
    return [
        GoldScore(person_id, right[person_id], len(accepted), low_since.get(person_id))
        for person_id, accepted in sorted(last.items())
    ]


def is_low(right: int, number: int, settings: ReviewSettings) -> bool:
    """Whether the settings pause a person for this."""
    return number >= settings.pause_items and right < settings.pause_below * number


def delay(round_id: int, user_id: int, low_since: int) -> int:
    """How many decisions a person goes on after their score fell. Only the server's key tells."""
    least, most = DELAY
    return least + int(chance(secret_of(round_id, user_id, "pause"), low_since) * (most - least + 1))


def due(db: Session, round_: tables.Round) -> list[GoldScore]:
    """Those to be paused by the round's settings who are not yet."""
    settings, row = review_settings.read(round_.review), tables.RoundReviewer
    if not settings.pause_below:
        return []
    low = [score for score in scores(db, round_, settings) if _has_gone_on(db, round_, score)]
    paused = select(row.user_id).where(row.round_id == round_.id, row.paused_at.is_not(None))
    already = set(db.scalars(paused)) if low else set()
    return [score for score in low if score.user_id not in already]


def _has_gone_on(db: Session, round_: tables.Round, score: GoldScore) -> bool:
    """Whether the score is low, and the person has decided so much since that a pause names no item."""
    if score.low_since is None:
        return False
    decision = tables.Decision
    later = standing.by_hand(func.count()).where(decision.round_id == round_.id, decision.user_id == score.user_id)
    number = db.scalar(later.where(decision.id > score.low_since)) or 0
    return number >= delay(round_.id, score.user_id, score.low_since)


def pause_low(db: Session, actor: Actor, round_: tables.Round) -> list[int]:
    """Pause whoever is due in a round that the caller holds; return them. `actor`: for whom the rule acts."""
    paused, settings = [], review_settings.read(round_.review)
    for score in due(db, round_):
        counts = f"{score.says}, and {settings.pause_below:.0%} are asked."
        if _stop(db, actor, round_, score.user_id, BY_RULE, to_team=counts):
            paused.append(score.user_id)
    return paused


def is_by_rule(db: Session, round_id: int, user_id: int) -> bool:
    """Whether the person is paused in the round, and a rule did it."""
    event = tables.Event
    if not pausing.is_paused(db, round_id, user_id):
        return False
    query = select(event.details, event.via).where(event.round_id == round_id, event.verb == PAUSE)
    done = (via for details, via in db.execute(query.order_by(event.id.desc())) if details["user_id"] == user_id)
    return next(done, "") == "rule"


def pause(actor: Actor, round_id: int, user_id: int, *, reason: str) -> None:
    """Stop a person's queue in a round by hand; what they decided stays, what they hold is given back."""
    reason = _reason(reason)
    with session() as db:
        get_row(db, actor, round_id, Role.curator)
        archived.refuse_held(db, round_id, alone=True)
        round_ = lock_until_reviewed(db, round_id, OVER)
        assignments.assignee(db, round_, user_id)
        if not _stop(db, actor, round_, user_id, reason, but=actor.user_id):
            raise Conflict("This person is paused in the round already. Reload the page.")


def resume(actor: Actor, round_id: int, user_id: int, *, reason: str) -> None:
    """Let a paused person go on. What they said of gold items so far pauses them no more."""
    reason, row, decision = _reason(reason), tables.RoundReviewer, tables.Decision
    with session() as db:
        get_row(db, actor, round_id, Role.curator)
        archived.refuse_held(db, round_id, alone=True)
        round_ = lock_until_reviewed(db, round_id, OVER)
        reviewer = db.get(row, (round_id, user_id), with_for_update=True)
        if reviewer is None or reviewer.paused_at is None:
            raise Conflict("This person is not paused in the round. Reload the page.")
        last = select(func.max(decision.id)).where(decision.round_id == round_id, decision.user_id == user_id)
        reviewer.paused_at, reviewer.pause_reason = None, ""
        reviewer.excused_id = db.scalar(last) or 0
        who = db.get_one(tables.User, user_id).name
        place = {"project_id": round_.project_id, "round_id": round_id}
        events.note(db, actor, RESUME, f"{who}, round {round_.number}", **place, user_id=user_id, reason=reason)
        text = f"{actor.name} lets you go on in round {round_.number}: {reason}"
        _tell(db, round_, text, [user_id], to_programs=f"{who}, round {round_.number}: {text}")


def _stop(
    db: Session,
    actor: Actor,
    round_: tables.Round,
    user_id: int,
    reason: str,
    *,
    to_team: str = "",
    but: int | None = None,
) -> bool:
    """Pause a person in the caller's transaction; False where they are already.

    `to_team`: the reason as curators read it. `but`: who need not be told of it.
    """
    row, lease = tables.RoundReviewer, tables.Lease
    slots.one_at_a_time(db, round_.id)
    reviewer = db.get(row, (round_.id, user_id), with_for_update=True)
    if reviewer is None:
        reviewer = row(round_id=round_.id, user_id=user_id)
        db.add(reviewer)
    if reviewer.paused_at is not None:
        return False
    reviewer.paused_at, reviewer.pause_reason = now(), reason
    mine = (lease.round_id == round_.id, lease.user_id == user_id, lease.decided_at.is_(None))
    db.execute(update(lease).where(*mine).values(user_id=None, expires_at=now(), is_random=False))
    who, place = db.get_one(tables.User, user_id).name, {"project_id": round_.project_id, "round_id": round_.id}
    why = to_team or reason
    events.note(db, actor, PAUSE, f"{who}, round {round_.number}", **place, user_id=user_id, reason=why)
    team = [
        curator_id
        for curator_id in db.scalars(may_decide(round_.project_id, Role.curator))
        if curator_id not in (user_id, but)
    ]
    # One event: programs are told of it once.
    key, message = uuid4().hex, f"{who} is paused in round {round_.number}: {why}"
    _tell(db, round_, message, team, page="team", key=key)
    yours = f"Your queue of round {round_.number} is stopped: {reason}"
    _tell(db, round_, yours, [user_id], key=key, to_programs=message)
    return True


def _tell(
    db: Session,
    round_: tables.Round,
    text: str,
    people: list[int],
    *,
    page: str = "review",
    key: str = "",
    to_programs: str = "",
) -> None:
    telling.tell(
        db,
        NoticeKind.reviewer_paused,
        project_id=round_.project_id,
        path=f"{page}?round={round_.id}",
        text=text,
        to_programs=to_programs,
        people=people,
        key=key,
    )


def _reason(reason: str) -> str:
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON:
        why = f"This needs a reason of at most {MAX_REASON:,} characters: others will read it. Write one."
        raise InvalidInput(why, field="reason")
    return reason


def any_due(round_id: int) -> bool:
    """Whether somebody is to be paused in the round."""
    with reading() as db:
        round_ = db.get(tables.Round, round_id)
        return round_ is not None and bool(due(db, round_))
