"""Review: deciding on samples of a round that waits for people, and ending the wait."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.orm import Session

from backend.db import session, tables
from backend.db.standing import ANY_LABELLING, LABELLING
from backend.errors import Conflict, MissingPrerequisite, NotSignedIn, PermissionDenied, RondoError
from backend.services import review_settings
from backend.services.access import Actor
from backend.services.decisions import (
    Act,
    Decision,
    Unread,
    WrittenDecision,
    at_once,
    labels,
    lock_round,
    new_row,
    required_answers,
    rows,
    slots,
    tallies,
)
from backend.services.decisions.acts import DecidedPlace, HowKept, Target
from backend.services.decisions.tallies import Tally
from backend.services.questions.answers import give_by_key
from backend.services.queue import item_views
from backend.services.queue.item_views import JudgeView, Reply, judge_views
from backend.services.review_settings import ReviewSettings
from backend.services.reviews.ending import close, go_on
from backend.services.reviews.review_closing import Closing, closing, decided_samples
from backend.services.reviews.review_progress import ReviewerProgress, ReviewProgress, progress
from backend.values import DecisionKind

__all__ = [
    "Act",
    "ActResult",
    "Closing",
    "Decision",
    "JudgeView",
    "Reply",
    "ReviewProgress",
    "ReviewerProgress",
    "Tally",
    "Unread",
    "answers",
    "close",
    "closing",
    "decide",
    "decide_each",
    "decide_many",
    "decide_with_answers",
    "decided_samples",
    "go_on",
    "judge_views",
    "progress",
    "undo",
    "write_all",
]

OF_ALL = (PermissionDenied, NotSignedIn, MissingPrerequisite)
"""What speaks of no single act: the person's role, nobody is signed in, or the database's file is gone. Later the same
acts may pass."""


@dataclass(frozen=True)
class ActResult:
    """What came of one act: the decision, and what the person may see now that they have committed.

    `judge` is None where it labelled nothing (skip, flag, a retract).

    `judges`: the view of each sample of a group. `reason`: why the item was in the queue, now that it may be said.
    `meanwhile`: what a curator had done to the item.
    `late_because`: the decision came when the item's reviewers were complete; it is kept and counts in no label.
    """

    decision: Decision
    judge: JudgeView | None
    tally: Tally
    judges: dict[int, JudgeView] = field(default_factory=dict)
    reason: str | None = None
    others: tuple[Decision, ...] = ()
    meanwhile: str | None = None

    @property
    def late_because(self) -> str | None:
        return self.decision.late_because


def decide(
    actor: Actor,
    client_id: str,
    sample_id: int,
    kind: DecisionKind,
    *,
    round_id: int,
    score: float | None = None,
    text: str | None = None,
    note: str = "",
    seconds: float | None = None,
    is_blind: bool = True,
    value: dict[str, Any] | None = None,
) -> ActResult:
    """Decide on one item; sending the same client_id again changes nothing and returns the same."""
    with session() as db:
        round_ = lock_round(db, actor, round_id)
        act = Act(
            client_id,
            kind,
            sample_id,
            score=score,
            text=text,
            note=note,
            seconds=seconds,
            is_blind=is_blind,
            value=value or {},
        )
        return answers(db, actor, round_, write_all(db, actor, round_, [act]))[0]


def decide_many(actor: Actor, round_id: int, acts: Sequence[Act]) -> list[ActResult]:
    """Write these acts in order, all or none; each one that was written before stays as it is."""
    with session() as db:
        round_ = lock_round(db, actor, round_id)
        return answers(db, actor, round_, write_all(db, actor, round_, acts))


def decide_with_answers(actor: Actor, round_id: int, act: Act | Unread, values: Mapping[str, Any]) -> ActResult:
    """Answer the project's questions, by their keys, and decide: both or neither.

    Where an act decides a group, the answers are about the sample that it puts first.
    """
    with session() as db:
        round_ = lock_round(db, actor, round_id)  # first: strangers learn of no act what is wrong with it
        if isinstance(act, Unread):
            raise act.error
        if values:
            asked = required_answers.asked_about(review_settings.read(round_.review), act)
            give_by_key(db, actor, round_, act.sample_id if asked is None else asked, act.client_id, values)
        return answers(db, actor, round_, write_all(db, actor, round_, [act]))[0]


def decide_each(actor: Actor, round_id: int, acts: Sequence[Act | Unread]) -> list[ActResult | RondoError]:
    """What came of each act, in order: what was done, or why it was not written.

    Raises `PermissionDenied`, `NotSignedIn` and `MissingPrerequisite`, which speak of all acts.
    """
    readable = [act for act in acts if isinstance(act, Act)]
    if len(readable) == len(acts):
        try:
            return [*decide_many(actor, round_id, readable)]
        except OF_ALL:
            raise
        except RondoError as error:
            if len(acts) == 1:
                return [error]
    outcomes: list[ActResult | RondoError] = []
    standing: list[tuple[str, bool]] = []
    """The acts that no undo took back yet, with whether they were written: an undo is for the last of them."""
    for act in acts:
        is_undo = act.kind == DecisionKind.retract
        if is_undo and act.retracts:
            standing = [item for item in standing if item[0] != act.retracts]
        elif is_undo and standing and not standing.pop()[1]:
            # It would take back another one.
            outcomes.append(
                Conflict("The decision that this takes back was not written: there is nothing to take back.")
            )
            continue
        outcomes.append(_alone(actor, round_id, act))
        if not is_undo:
            standing.append((act.client_id, isinstance(outcomes[-1], ActResult)))
    return outcomes


def _alone(actor: Actor, round_id: int, act: Act | Unread) -> ActResult | RondoError:
    try:
        return decide_with_answers(actor, round_id, act, {})
    except OF_ALL:
        raise
    except RondoError as error:
        return error


def write_all(
    db: Session, actor: Actor, round_: tables.Round, acts: Sequence[Act], *, is_adjudication: bool = False
) -> list[WrittenDecision]:
    """Write acts in order; the caller holds the round. Return what came of each; of one written before, its decision.

    Labels are locked first, in order of their numbers. Several acts take all their slots before the first is written,
    one act takes its own as it is written. is_adjudication: they stand above all votes, and need no slots.
    """
    settings = review_settings.read(round_.review)
    places = rows.places_of(db, round_, settings, acts)
    written: dict[str, Decision] = {}
    to_come: dict[str, int] = {}
    done: list[WrittenDecision] = []
    are_several = len(acts) > 1 and not is_adjudication
    if not is_adjudication and any(place.is_asked for place in places.values()):
        required_answers.refuse_unanswered(db, actor, round_, settings, acts)
    if are_several:
        written = rows.written_before(db, actor, round_, [act.client_id for act in acts])
        to_come = rows.decided_items(settings, [act for act in acts if act.client_id not in written], places)
        slots.settle(db, actor, round_.id, settings, [*to_come.values()])
    for act in acts:
        decision = written.get(act.client_id)
        before = decision or rows.look_up(db, actor, round_, settings, act, places.get(act.client_id))
        if isinstance(before, Decision):
            decision = before
            done.append(WrittenDecision(decision))
        else:
            # First: what is refused waits for no slot, and is refused for the same reason whether there is one or not.
            row = new_row.row_for(actor, round_, act, settings, before, is_adjudication=is_adjudication)
            if are_several or is_adjudication or not _is_written_at_once(db, round_, settings, row, before):
                kept = HowKept()
                if not is_adjudication:
                    settled = to_come.values() if are_several else None
                    kept = slots.keep_or_free(db, actor, round_.id, settings, act, before, settled)
                rows.add_row(db, actor, act, row, kept)
                tallies.note(db, actor.user_id, new_row.count_change(settings, row, before))
                labels.relabel(db, round_, row, before)
            decision = rows.own(db, row, actor, round_, is_new=True)
            done.append(WrittenDecision(decision, before.earlier if isinstance(before, DecidedPlace) else None))
        written[act.client_id] = replace(decision, is_new=False)
        to_come.pop(act.client_id, None)
    tallies.keep(db, round_.id, settings)
    return done


def _is_written_at_once(
    db: Session, round_: tables.Round, settings: ReviewSettings, row: tables.Decision, before: DecidedPlace | Target
) -> bool:
    """Whether the decision could be written as one statement, and was."""
    if db.get_bind().dialect.name == "sqlite" or isinstance(before, Target) or row.kind not in LABELLING:
        return False
    change, label = new_row.count_change(settings, row, before), labels.change_of(db, round_, row, before)
    if change is None or label is None or row.kind not in settings.deciding:
        return False
    return at_once.write(db, settings, row, before.item_id, label, change)


def answers(db: Session, actor: Actor, round_: tables.Round, done: Sequence[WrittenDecision]) -> list[ActResult]:
    """What the person may see now that they have committed: the judge's view comes with a label, not with a skip."""
    revealed = item_views.revealed(db, actor, round_, [some for some in done if some.decision.kind in ANY_LABELLING])
    tally = tallies.of_one(db, actor.user_id, round_.id, review_settings.read(round_.review))
    return [
        ActResult(some.decision, seen.judge, tally, seen.judges, seen.reason, seen.others, seen.meanwhile)
        if (seen := revealed.get(some.decision.id))
        else ActResult(some.decision, None, tally)
        for some in done
    ]


def undo(actor: Actor, round_id: int, client_id: str = "") -> ActResult:
    """Take back the actor's last decision in the round; give a client_id to make it safe to send again."""
    with session() as db:
        round_ = lock_round(db, actor, round_id)
        act = Act(client_id or uuid.uuid4().hex, DecisionKind.retract)
        return answers(db, actor, round_, write_all(db, actor, round_, [act]))[0]
