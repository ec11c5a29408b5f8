"""What ends a review by itself: all items decided, reviewers agree, or the minutes are spent."""

import logging
import threading
import time
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import reading, session, tables
from backend.errors import Conflict
from backend.log import about
from backend.pipeline import export_places
from backend.services import archived, review_settings, reviews, unfinished
from backend.services.access import Actor
from backend.services.decisions import cast_votes, decision_columns
from backend.services.decisions.acts import is_first, spent
from backend.services.decisions.item_counts import count_items
from backend.services.decisions.patterns import last_words
from backend.services.decisions.rules import cut_of_round
from backend.services.queue import pauses
from backend.services.review_settings import CloseRule
from backend.services.rounds import reopened
from backend.values import RoundStatus

log = logging.getLogger("rondo.reviews")

LOOK_SECONDS = 3.0
FORGET_SECONDS = 3600.0
"""Old files of exports, and what killed imports left, are looked for so often."""
CLEAR_SECONDS = 1.0
"""Of one look, at most so many go to what killed imports left."""
FEWEST_AGREED = 20
"""Reviewers agree on a share of at least so many items, or of all there are."""


@dataclass(frozen=True)
class CloseState:
    """How far a round is by its rule; `says` is for people."""

    rule: CloseRule
    is_due: bool
    says: str


def due(db: Session, round_: tables.Round) -> CloseState:
    """Whether the round's rule is met."""
    settings = review_settings.read(round_.review)
    if round_.error is not None:
        # By the same labels the same nothing would be kept, over and over.
        return CloseState(settings.close_rule, is_due=False, says="nothing was kept, so a curator closes it by hand")
    if reopened.is_open(round_):
        # What the rule waits for was there when the review was opened again.
        return CloseState(settings.close_rule, is_due=False, says="it was reopened, so a curator closes it by hand")
    if settings.close_rule is CloseRule.all_decided:
        counts = count_items(db, round_.id, settings)
        is_due = counts.items > 0 and counts.complete >= counts.items
        return CloseState(settings.close_rule, is_due, f"{counts.complete:,} of {counts.items:,} items are decided")
    if settings.close_rule is CloseRule.agreement:
        agreed, shared = agreement(db, round_)
        enough = shared >= min(FEWEST_AGREED, max(1, count_items(db, round_.id, settings).items))
        is_due = enough and agreed >= settings.close_agreement * shared
        sentence = f"reviewers agree on {agreed:,} of {shared:,} items that several decided"
        return CloseState(settings.close_rule, is_due, sentence)
    if settings.close_rule is CloseRule.minutes:
        passed = minutes(db, round_.id)
        is_due = passed >= settings.close_minutes
        return CloseState(settings.close_rule, is_due, f"{passed:.0f} of {settings.close_minutes:g} minutes are spent")
    return CloseState(settings.close_rule, is_due=False, says="a curator closes it by hand")


def agreement(db: Session, round_: tables.Round) -> tuple[int, int]:
    """On how many items all reviewers' last words agree, of how many with several."""
    votes = cast_votes.cast(decision_columns.read(db, round_), cut_of_round(round_))
    shared = last_words(votes).patterns()
    return sum(number for words, number in shared.items() if len(set(words)) == 1), shared.total()


def minutes(db: Session, round_id: int) -> float:
    """The time all people spent on items, as their desks measured it."""
    decision = tables.Decision
    query = select(func.sum(spent(decision))).where(decision.round_id == round_id, is_first(decision))
    return float(db.scalar(query) or 0.0) / 60


def close_due() -> list[int]:
    """Pause who is due, and close every review whose rule is met; return the rounds. Several processes may do this."""
    with reading() as db:
        waits = select(tables.Round.id).join(tables.Project, tables.Project.id == tables.Round.project_id)
        waits = waits.where(tables.Round.status == RoundStatus.review, tables.Project.trashed_at.is_(None))
        open_ = list(db.scalars(waits))
    closed = []
    for round_id in open_:
        with about(round=round_id):
            if _closed(round_id):
                closed.append(round_id)
    return closed


def _pause(round_id: int) -> None:
    """Pause whom the round's settings pause for what they said of gold items.

    Not as they say it: a queue that stops at an item would name it as gold, see `pauses`.
    """
    if not pauses.any_due(round_id):
        return
    with session() as db:
        # Not the round's key: whoever claims meanwhile writes rows that refer to it, and is waited for.
        query = select(tables.Round).where(tables.Round.id == round_id).with_for_update(key_share=True)
        round_ = db.scalars(query.execution_options(populate_existing=True)).one_or_none()
        actor = None if round_ is None else on_behalf(db, round_)
        if round_ is not None and actor is not None and round_.status is RoundStatus.review:
            archived.refuse_trashed(db, round_)
            paused = pauses.pause_low(db, actor, round_)
            log.info("Round %s: %s people are paused by their gold score.", round_id, len(paused))


def _closed(round_id: int) -> bool:
    """Pause who is due in one review, and close it if it is. What goes wrong with one must not keep the others open."""
    try:
        _pause(round_id)
        with reading() as db:
            round_ = db.get(tables.Round, round_id)
            state = due(db, round_) if round_ is not None else None
        if state is None or not state.is_due or not close(round_id):
            return False
        log.info("Round %s: the review is closed by rule, as %s.", round_id, state.says)
    except Conflict:
        log.info("Round %s was closed by somebody else at the same moment, or put in the trash.", round_id)
        return False
    except Exception:
        log.warning("Round %s could not be looked at; it is again in a moment.", round_id, exc_info=True)
        return False
    return True


def close(round_id: int) -> bool:
    """Close one review if its rule is still met when nobody can decide."""
    with session() as db:
        query = select(tables.Round).where(tables.Round.id == round_id).with_for_update()
        round_ = db.scalars(query.execution_options(populate_existing=True)).one_or_none()
        if round_ is None or round_.status is not RoundStatus.review:
            return False
        archived.refuse_trashed(db, round_)
        state, actor = due(db, round_), on_behalf(db, round_)
        if not state.is_due or actor is None:
            return False
        reviews.go_on(db, actor, round_id, because=f"rule {state.rule}: {state.says}")
        return True


def on_behalf(db: Session, round_: tables.Round) -> Actor | None:
    """A rule acts for whoever launched the round and is still here, else for an owner."""
    user, member = tables.User, tables.Membership
    mine = select(member.user_id).where(member.project_id == round_.project_id)
    launched = (user.id == round_.created_by) & user.id.in_(mine)
    query = select(user).where(user.is_active, launched | user.is_owner)
    owner = db.scalars(query.order_by(user.id != (round_.created_by or 0), user.id)).first()
    return None if owner is None else Actor(owner.id, owner.name, owner.is_owner, via="rule")


class CloseWatch:
    """A thread that looks every few seconds, beside a server or a worker."""

    def __init__(self, *, every_seconds: float = LOOK_SECONDS) -> None:
        self._every_seconds, self._stop, self._forgot_at = every_seconds, threading.Event(), -FORGET_SECONDS
        self._is_cleared = True
        self._thread = threading.Thread(target=self._run, name="rondo-close-rules", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stop.wait(self._every_seconds):
            try:
                close_due()
                if time.monotonic() - self._forgot_at > FORGET_SECONDS:
                    self._forgot_at = time.monotonic()
                    export_places.forget_old()
                    export_places.forget_old_shared()
                    self._is_cleared = False
                if not self._is_cleared:
                    # A part at a time: meanwhile nobody is paused, and imports wait. What fails is left for an hour.
                    self._is_cleared = True
                    self._is_cleared = unfinished.clear_left(CLEAR_SECONDS)
            except Exception:
                # Whatever it was, the thread is the only one that looks.
                log.warning("Reviews could not be looked at; they are again in a moment.", exc_info=True)
