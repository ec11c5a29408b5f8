"""Review: deciding on samples of a round that waits for people, and ending the wait."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend import jobs
from backend.db import session, tables
from backend.db.standing import ANY_LABELLING, TOGETHER
from backend.errors import Conflict, MissingPrerequisite, NotSignedIn, PermissionDenied, RondoError
from backend.recipes import job_after_people
from backend.services import events, review_settings
from backend.services.access import Actor
from backend.services.decisions import Act, Decision, Unread, group_decisions, lock_round, tallies, write_all
from backend.services.decisions.rules import cut_of_round
from backend.services.decisions.tallies import Tally
from backend.services.queue import colleagues, reasons
from backend.services.queue.judge_views import JudgeView, Reply, judge_views, views_and_signs
from backend.services.reviews import reopening
from backend.services.reviews.review_closing import Closing, closing
from backend.services.reviews.review_progress import ReviewerProgress, ReviewProgress, progress
from backend.services.rounds import get_row, review_scope
from backend.services.rounds.reopened import is_kept, is_open
from backend.values import DecisionKind, Role, RoundStatus

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
    "close",
    "closing",
    "decide",
    "decide_each",
    "decide_many",
    "judge_views",
    "progress",
    "undo",
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
        with session() as db:
            round_ = lock_round(db, actor, round_id)  # first: strangers learn of no act what is wrong with it
            return (
                act.error
                if isinstance(act, Unread)
                else answers(db, actor, round_, write_all(db, actor, round_, [act]))[0]
            )
    except OF_ALL:
        raise
    except RondoError as error:
        return error


def answers(db: Session, actor: Actor, round_: tables.Round, done: Sequence[Decision]) -> list[ActResult]:
    """What the person may see now that they have committed."""
    told = [decision for decision in done if reveals(decision.kind)]
    ids = list(dict.fromkeys(decision.sample_id for decision in told))
    groups = members_of(db, [decision.sample_id for decision in told if decision.kind in TOGETHER])
    views, signs = views_and_signs(db, [*ids, *(n for some in groups.values() for n in some)])
    settings, cut = review_settings.read(round_.review), cut_of_round(round_)
    others = colleagues.others(db, actor, ids, cut, judged=ids)
    tally = tallies.of_one(db, actor.user_id, round_.id, settings)
    outcomes = []
    for decision in done:
        if not reveals(decision.kind):
            outcomes.append(ActResult(decision, None, tally))
            continue
        n, view = decision.sample_id, views.get(decision.sample_id)
        shown = {m: views[m] for m in groups.get(n, [n] if view else []) if m in views}
        reason = reasons.RANDOM if decision.is_random else reasons.of_item(groups.get(n, [n]), views, signs, cut)
        outcomes.append(
            ActResult(decision, view, tally, shown, reason, others.get(n, ()), colleagues.meanwhile(others.get(n, ())))
        )
    return outcomes


def members_of(db: Session, item_ids: Sequence[int]) -> dict[int, list[int]]:
    """The samples of each group, by its item."""
    if not item_ids:
        return {}
    query = select(tables.Sample.id, tables.Sample.group_id).where(tables.Sample.id.in_(item_ids))
    groups = {n: group_id for n, group_id in db.execute(query)}
    members = group_decisions.members(db, sorted(set(groups.values())))
    return {n: members[group_id] for n, group_id in groups.items()}


def reveals(kind: DecisionKind) -> bool:
    """Whether the judge's view may be shown after an act of this kind: once the person has committed."""
    return kind in ANY_LABELLING


def undo(actor: Actor, round_id: int, client_id: str = "") -> ActResult:
    """Take back the actor's last decision in the round; give a client_id to make it safe to send again."""
    with session() as db:
        round_ = lock_round(db, actor, round_id)
        act = Act(client_id or uuid.uuid4().hex, DecisionKind.retract)
        return answers(db, actor, round_, write_all(db, actor, round_, [act]))[0]


def close(actor: Actor, round_id: int) -> int | None:
    """End the review and enqueue the selection, in one transaction; return the job's id.

    None for a round that has its checkpoint already, whose review was opened again: it stays as it is.
    """
    with session() as db:
        get_row(db, actor, round_id, Role.curator)
        return go_on(db, actor, round_id)


def go_on(db: Session, actor: Actor, round_id: int, *, because: str = "by hand") -> int | None:
    """Close the review in the caller's transaction, as `close`; raises `Conflict` when somebody did already."""
    query = select(tables.Round).where(tables.Round.id == round_id).with_for_update()
    round_ = db.scalars(query.execution_options(populate_existing=True)).one()
    if round_.status is not RoundStatus.review:
        raise Conflict(
            f"Round {round_.number} is not in review (it is {round_.status}, stage {round_.stage}): there is "
            "nothing to close. Look at the jobs to see what it does."
        )
    project_id, what = round_.project_id, f"round {round_.number}"
    events.note(db, actor, "close review", what, project_id=project_id, round_id=round_id, because=because)
    is_again, has_checkpoint = is_open(round_), is_kept(round_)
    if is_again:
        reopening.put_back(db, round_)
    if has_checkpoint:
        return None
    stage, step = job_after_people(round_.recipe, round_.phase)
    round_.status, round_.stage, round_.step, round_.error = RoundStatus.running, stage, step, None
    if is_again or review_scope.gate_of(round_) is not None:
        # Of a round that was given back: what selectors before the last one kept is kept anew, with the labels of now.
        dataset = tables.Dataset
        db.execute(delete(dataset).where(dataset.round_id == round_id, dataset.step >= step))
        round_.steps = {n: left for n, left in round_.steps.items() if int(n) < step}
    job = jobs.enqueue(db, stage=stage, project_id=project_id, round_id=round_id, created_by=actor.user_id, step=step)
    return job.id
