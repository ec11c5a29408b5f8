"""Pausing people whose decisions on gold items are too often wrong, and letting them go on."""

from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from backend.db import now, reading, session, standing, tables
from backend.db.roles import may_decide
from backend.errors import Conflict, InvalidInput
from backend.jobs import telling
from backend.recipes import cut_of, judge_of
from backend.services import archived, events, review_settings
from backend.services.access import Actor
from backend.services.decisions import leases
from backend.services.decisions.locks import lock_until_reviewed
from backend.services.queue import assignments
from backend.services.review_settings import ReviewSettings
from backend.services.rounds import get_row
from backend.values import DecisionKind, NoticeKind, Role, Verdict

MAX_REASON = 2_000


@dataclass(frozen=True)
class GoldScore:
    """How a person did on gold items, of those that still count for pausing."""

    user_id: int
    right: int
    number: int

    @property
    def says(self) -> str:
        return f"{self.right} of {self.number} items of known label were right"


def scores(db: Session, round_: tables.Round) -> list[GoldScore]:
    """Everybody's, by their last word on each item, without what a curator has excused."""
    decision, gold, row = tables.Decision, tables.GoldItem, tables.RoundReviewer
    query = (
        standing.on_gold(decision.user_id, decision.sample_id, decision.kind, decision.score, gold.verdict)
        .join(gold, gold.sample_id == decision.sample_id)
        .outerjoin(row, (row.round_id == gold.round_id) & (row.user_id == decision.user_id))
        .where(gold.round_id == round_.id, decision.id > func.coalesce(row.excused_id, 0))
        .order_by(decision.id)
    )
    cut, last = cut_of(judge_of(round_.recipe, round_.phase)), dict[int, dict[int, bool]]()
    for user_id, sample_id, kind, score, known in db.execute(query):
        accepts = kind is DecisionKind.accept or (kind is DecisionKind.score and (score or 0.0) >= cut)
        last.setdefault(user_id, {})[sample_id] = accepts == (known is Verdict.accept)
    return [GoldScore(user_id, sum(said.values()), len(said)) for user_id, said in sorted(last.items())]


def is_low(score: GoldScore, settings: ReviewSettings) -> bool:
    """Whether the settings pause a person for this."""
    return score.number >= settings.pause_items and score.right < settings.pause_below * score.number


def due(db: Session, round_: tables.Round) -> list[GoldScore]:
    """Those to be paused by the round's settings who are not yet."""
    settings, row = review_settings.read(round_.review), tables.RoundReviewer
    if not settings.pause_below:
        return []
    low = [score for score in scores(db, round_) if is_low(score, settings)]
    paused = select(row.user_id).where(row.round_id == round_.id, row.paused_at.is_not(None))
    already = set(db.scalars(paused)) if low else set()
    return [score for score in low if score.user_id not in already]


def pause_low(db: Session, actor: Actor, round_: tables.Round) -> list[int]:
    """Pause whoever is due in a round that the caller holds; return them. `actor`: for whom the rule acts."""
    paused, settings = [], review_settings.read(round_.review)
    for score in due(db, round_):
        reason = f"{score.says}, and {settings.pause_below:.0%} are asked."
        if _stop(db, actor, round_, score.user_id, reason):
            paused.append(score.user_id)
    return paused


def pause(actor: Actor, round_id: int, user_id: int, *, reason: str) -> None:
    """Stop a person's queue in a round by hand; what they decided stays, what they hold is given back."""
    reason = _reason(reason)
    with session() as db:
        get_row(db, actor, round_id, Role.curator)
        archived.refuse_held(db, round_id)
        round_ = lock_until_reviewed(db, round_id, "its review is over, and nobody decides in it any more.")
        assignments.assignee(db, round_, user_id)
        if not _stop(db, actor, round_, user_id, reason, but=actor.user_id):
            raise Conflict("This person is paused in the round already. Reload the page.")


def resume(actor: Actor, round_id: int, user_id: int, *, reason: str) -> None:
    """Let a paused person go on. What they said of gold items so far pauses them no more."""
    reason, row, decision = _reason(reason), tables.RoundReviewer, tables.Decision
    with session() as db:
        round_ = get_row(db, actor, round_id, Role.curator)
        archived.refuse_held(db, round_id)
        reviewer = db.get(row, (round_id, user_id), with_for_update=True)
        if reviewer is None or reviewer.paused_at is None:
            raise Conflict("This person is not paused in the round. Reload the page.")
        last = select(func.max(decision.id)).where(decision.round_id == round_id, decision.user_id == user_id)
        reviewer.paused_at, reviewer.pause_reason = None, ""
        reviewer.excused_id = db.scalar(last) or 0
        who = db.get_one(tables.User, user_id).name
        place = {"project_id": round_.project_id, "round_id": round_id}
        events.note(
            db, actor, "resume reviewer", f"{who}, round {round_.number}", **place, user_id=user_id, reason=reason
        )
        _tell(db, round_, f"{actor.name} lets you go on in round {round_.number}: {reason}", [user_id], actor, who)


def _stop(
    db: Session, actor: Actor, round_: tables.Round, user_id: int, reason: str, *, but: int | None = None
) -> bool:
    """Pause a person in the caller's transaction; False where they are already. `but`: who need not be told of it."""
    row, lease = tables.RoundReviewer, tables.Lease
    leases.one_at_a_time(db, round_.id)
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
    events.note(db, actor, "pause reviewer", f"{who}, round {round_.number}", **place, user_id=user_id, reason=reason)
    _tell(db, round_, f"Your queue of round {round_.number} is stopped: {reason}", [user_id], actor, who)
    team = [one for one in db.scalars(may_decide(round_.project_id, Role.curator)) if one not in (user_id, but)]
    _tell(db, round_, f"{who} is paused in round {round_.number}: {reason}", team, None, who)
    return True


def _tell(db: Session, round_: tables.Round, text: str, people: list[int], actor: Actor | None, who: str) -> None:
    """Tell these people; actor: who let the person go on, None where curators are told."""
    is_team = actor is None
    telling.tell(
        db,
        NoticeKind.reviewer_paused,
        project_id=round_.project_id,
        path=f"team?round={round_.id}" if is_team else f"review?round={round_.id}",
        text=text,
        to_programs=text if is_team else f"{who}, round {round_.number}: {text}",
        people=people,
    )


def _reason(reason: str) -> str:
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON:
        raise InvalidInput(f"This needs a reason of at most {MAX_REASON:,} characters: others will read it. Write one.")
    return reason


def any_due(round_id: int) -> bool:
    """Whether somebody is to be paused in the round."""
    with reading() as db:
        round_ = db.get(tables.Round, round_id)
        return round_ is not None and bool(due(db, round_))
