"""What closing a review would go on with, and what it would leave open."""

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.pipeline import health
from backend.pipeline.health import Health, Light
from backend.services import review_settings
from backend.services.access import Actor
from backend.services.decisions import disputes
from backend.services.decisions.item_counts import count_items
from backend.services.decisions.label_counts import CountedLabels, count_labels
from backend.services.queue import assignments
from backend.services.review_settings import ReviewSettings
from backend.services.rounds import get_row, judge_light, reopened
from backend.values import LabelSource, Role, Verdict

log = logging.getLogger("rondo.reviews")

NOT_COMPUTED = "The judge's health could not be computed. The reason is in the log."


@dataclass(frozen=True)
class Closing:
    """What closing the review will do, in numbers: samples by the label that training would read.

    `known_labels`: gold items, which have the label that was known and are counted among those of people. What would
    stay open is counted in items (samples, or groups where these are decided): `undecided` by anybody; `half_reviewed`,
    which lack some of their reviewers; `unsettled`, on which reviewers disagree; `assigned_undecided`, which wait for
    the person they were given to.
    """

    samples: int
    accepted_by_people: int
    rejected_by_people: int
    accepted_by_judge: int
    rejected_by_judge: int
    without_verdict: int
    known_labels: int
    items: int
    undecided: int
    half_reviewed: int
    unsettled: int
    assigned_undecided: int
    judge_light: str
    judge_sentence: str
    holds: bool
    """Whether the round would be held before its training, because the judge's light is red."""
    is_kept: bool = False
    """The round has its checkpoint, and its review was opened again: nothing is made of it."""
    judge_as_of: datetime | None = None
    """Since when people may have said more than the judge's light knows of; None: it knows all."""

    @property
    def decided(self) -> int:
        return self.accepted_by_people + self.rejected_by_people

    @property
    def is_all_done(self) -> bool:
        """Whether nothing would stay open."""
        return not (self.undecided or self.half_reviewed or self.unsettled or self.assigned_undecided)


def closing(actor: Actor, round_id: int) -> Closing:
    """What closing the review now would go on with; needs a curator, because it counts with gold items."""
    with reading() as db:
        round_ = get_row(db, actor, round_id, Role.curator)
        settings = review_settings.read(round_.review)
        labels = count_labels(db, round_id)
        sums, known = _trained(db, round_id, labels)
        counts = count_items(db, round_id, settings, labels)
        unsettled = len(disputes.items(db, round_))
        assigned, is_kept = _assigned(db, round_, settings), reopened.is_kept(round_)
    light, holds = _judge(round_id)
    person, judge = LabelSource.person, LabelSource.judge
    return Closing(
        samples=sum(sums.values()),
        accepted_by_people=sums[person, Verdict.accept],
        rejected_by_people=sums[person, Verdict.reject],
        accepted_by_judge=sums[judge, Verdict.accept],
        rejected_by_judge=sums[judge, Verdict.reject],
        without_verdict=sum(n for (_, verdict), n in sums.items() if verdict is None),
        known_labels=known,
        items=counts.items,
        undecided=counts.items - counts.decided,
        half_reviewed=counts.decided - counts.complete,
        unsettled=unsettled,
        assigned_undecided=assigned,
        judge_light=str(light.light),
        judge_sentence=light.sentence,
        judge_as_of=light.as_of,
        holds=holds and not is_kept,
        is_kept=is_kept,
    )


def decided_samples(actor: Actor, round_id: int) -> tuple[int, int]:
    """How many samples people gave a label, and how many there are; needs a curator, as `closing` does.

    A gold item counts where somebody decided on it: the label that was known is no decision.
    """
    with reading() as db:
        get_row(db, actor, round_id, Role.curator)
        sums = count_labels(db, round_id).sums()
        return sum(n for (source, _), n in sums.items() if source is LabelSource.person), sum(sums.values())


def _judge(round_id: int) -> tuple[Health, bool]:
    """The judge's light and whether it would hold the round; unknown where it cannot be computed.

    A review is closed without it, too. Read in a transaction of its own: one that failed can be used no more.
    """
    try:
        with reading() as db:
            round_ = db.get_one(tables.Round, round_id)
            light = judge_light.kept(db, round_)
            return light, light.light is Light.red and health.holds(db, round_)
    except Exception:
        log.exception("The judge's health of round %s could not be computed.", round_id)
        return Health(Light.unknown, NOT_COMPUTED, ()), False


def _trained(
    db: Session, round_id: int, labels: CountedLabels
) -> tuple[Counter[tuple[LabelSource, Verdict | None]], int]:
    """Labels by source and verdict, gold items by the label that was known; and how many of these there are."""
    label, gold = tables.Label, tables.GoldItem
    sums = labels.sums()
    query = (
        select(label.source, label.verdict, gold.verdict)
        .join(gold, gold.sample_id == label.sample_id)
        .where(gold.round_id == round_id)
    )
    rows = db.execute(query).all()
    for source, verdict, known in rows:
        sums[source, verdict] -= 1
        sums[LabelSource.person, known] += 1
    return sums, len(rows)


def _assigned(db: Session, round_: tables.Round, settings: ReviewSettings) -> int:
    """Items that wait for somebody they were given to."""
    row = tables.Assignment
    query = (
        select(func.count(row.sample_id.distinct()))
        .where(row.round_id == round_.id, assignments.is_able(row, round_.project_id, round_.id))
        .where(assignments.is_waiting(row, settings.deciding))
        .where(~assignments.is_complete(row.sample_id, has_overlap=settings.has_overlap))
    )
    return db.scalar(query) or 0
