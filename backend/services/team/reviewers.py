"""Each reviewer in figures: how much, how fast, how well they agree, and what is left for them."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.db import now, reading, tables
from backend.db.standing import ANY_LABELLING
from backend.metrics import _agreement as measures
from backend.metrics._agreement import UNKNOWN, Figure, Pattern
from backend.services import archived, review_settings
from backend.services.access import Actor
from backend.services.decisions import decision_columns, quotas, tallies
from backend.services.decisions.decision_columns import (
    BATCH,
    COPY,
    LATE,
    DecisionColumns,
    moment,
)
from backend.services.decisions.patterns import Words
from backend.services.decisions.tallies import Tally
from backend.services.people.names import names_of
from backend.services.rounds import get_row
from backend.services.team import agreement, gold_words, left_to_decide
from backend.services.team.agreement import Criterion, Gathered
from backend.values import DecisionKind, Role, RoundStatus

ACTIVE = timedelta(hours=1)
"""Who decided something in this time shares what is left."""


@dataclass(frozen=True)
class Reviewer:
    """One person in one round. `seconds`: the median time of a decision; `minutes`: the sum.

    `colleagues`: over decisions shared with others; the alpha is Krippendorff's, over all words on these items.

    `judge`: agreement on verdicts (in group modes: on the best) with the judge, decided before its view was seen;
    `judge_random` of these those drawn at random. `gold_seen` is None where the person must not tell gold items.
    `left` is the person's assigned items (`is_assigned`), and after these, or without, an equal share of what is open;
    `done_at` if they go on at once.
    """

    user_id: int
    name: str
    decided: int
    skipped: int
    late: int
    overrides: int
    seconds: float | None
    minutes: float
    last_at: datetime | None
    judge: Figure
    judge_kappa: Figure
    judge_random: Figure
    colleagues: Figure
    colleagues_alpha: Figure
    gold_seen: int | None
    gold_right: int | None
    left: int
    is_assigned: bool
    seconds_left: float | None

    @property
    def done_at(self) -> datetime | None:
        return now() + timedelta(seconds=self.seconds_left) if self.seconds_left is not None else None


@dataclass(frozen=True)
class Effort:
    """What the rows say of one person's effort. `times`: an array of seconds."""

    times: Any
    skipped: int
    late: int
    last_at: datetime | None


@dataclass(frozen=True)
class ReviewerRows:
    """What was read for a round, or for one person in it, before anything is computed. last_at: of everybody."""

    round_id: int
    is_open: bool
    criterion: Criterion
    gathered: Gathered
    names: dict[int, str]
    work: dict[int, Effort]
    last_at: dict[int, datetime]
    tallies: dict[int, Tally]
    gold: dict[int, tuple[int, int]]
    assigned: dict[int, int]
    quotas: dict[int, int]
    open_slots: int

    @property
    def words(self) -> Words:
        return self.gathered.words[self.criterion]


def mine(actor: Actor, round_id: int) -> Reviewer:
    """The actor's own figures; on gold items only when the review is over: a counter that moves names them.

    While it goes on, what is said of gold items is in every figure, so that none stands still there.
    """
    with reading() as db:
        row = get_row(db, actor, round_id, Role.reviewer)
        archived.refuse(row)
        rows = _find(db, row, of=actor.user_id)
    rows.names.setdefault(actor.user_id, actor.name)
    return _reviewer(rows, actor.user_id, is_own=True)


def check(actor: Actor, round_id: int) -> None:
    """Raise what `everyone` refuses this person or round with, without reading a decision."""
    with reading() as db:
        archived.refuse(get_row(db, actor, round_id, Role.curator))


def everyone(actor: Actor, round_id: int) -> list[Reviewer]:
    """Everybody who did something in the round or has something assigned, most first; needs a curator."""
    with reading() as db:
        row = get_row(db, actor, round_id, Role.curator)
        archived.refuse(row)
        rows = _find(db, row)
    people = [_reviewer(rows, user_id) for user_id in rows.names]
    return sorted(people, key=lambda person: (-person.decided, person.name))


def _find(db: Session, round_: tables.Round, *, of: int | None = None) -> ReviewerRows:
    """Read for everybody, or `of` one person; gold items are then among the items while the review goes on."""
    settings = review_settings.read(round_.review)
    is_open = round_.status is RoundStatus.review
    decisions = decision_columns.read(db, round_)
    gathered = agreement.gathered(db, round_, decisions, with_gold=of is not None and is_open, items_of=of)
    work = _work(decisions, of)
    assigned = left_to_decide.assigned_by_person(db, round_.id, settings)
    people = {*work, *assigned, *np.unique(gathered.votes.user).tolist()}
    names = names_of(db, people)
    if of is None:
        counted = tallies.of_all(db, round_.id, settings)
    else:
        counted = {of: tallies.of_one(db, of, round_.id, settings)}
    return ReviewerRows(
        round_.id,
        is_open,
        Criterion.best if settings.by_group else Criterion.verdict,
        gathered,
        names,
        work,
        _last_acts(decisions),
        counted,
        gold_words.of_people(db, round_, decisions, of),
        assigned,
        quotas.of_all(db, round_.id),
        left_to_decide.open_slots(db, round_.id, settings, decisions) if is_open else 0,
    )


def _reviewer(sources: ReviewerRows, user_id: int, *, is_own: bool = False) -> Reviewer:
    """One person's figures; kappa and alpha, which take longest, only for themselves."""
    votes, words = sources.gathered.votes, sources.words
    work = sources.work.get(user_id, Effort((), 0, 0, None))
    own = (votes.user == user_id) & votes.hidden
    judge = _against_judge(sources, user_id, own)
    shared = words.where(np.isin(words.item, words.item[words.user == user_id]))
    seen, right = (None, None) if is_own and sources.is_open else sources.gold.get(user_id, (0, 0))
    left, seconds = _left(sources, user_id), float(np.median(work.times)) if len(work.times) else None
    counted = sources.tallies.get(user_id, Tally())
    return Reviewer(
        user_id,
        sources.names.get(user_id, ""),
        counted.decided,
        work.skipped,
        work.late,
        counted.overridden,
        seconds,
        float(np.sum(work.times)) / 60,
        work.last_at,
        measures.percent(judge),
        measures.cohen(judge) if is_own else UNKNOWN,
        measures.percent(_against_judge(sources, user_id, own & votes.random)),
        measures.percent(_against_colleagues(shared, user_id)),
        measures.alpha(shared.patterns()) if is_own else UNKNOWN,
        seen,
        right,
        left,
        bool(sources.assigned.get(user_id)),
        None if seconds is None else left * seconds,
    )


def _against_judge(sources: ReviewerRows, user_id: int, mask: Any) -> Counter[Pattern]:
    judged = sources.gathered.judged[sources.criterion]
    return sources.gathered.words_of(sources.criterion, mask).against(judged).get(user_id, Counter())


def _against_colleagues(shared: Words, user_id: int) -> Counter[Pattern]:
    """What the person and another one said, of each item and each colleague."""
    together = Counter[Pattern]()
    for pair, items in shared.pairs().items():
        if user_id in pair:
            together.update(items)
    return together


def _left(sources: ReviewerRows, user_id: int) -> int:
    """Assigned items that wait; without any, the person's equal share of the open slots; no more than their quota."""
    if not sources.is_open:
        return 0
    # What is left of a quota is all that their queue gives them.
    most = sources.quotas.get(user_id)
    return _open_to(sources, user_id) if most is None else min(most, _open_to(sources, user_id))


def _open_to(sources: ReviewerRows, user_id: int) -> int:
    if sources.assigned.get(user_id):
        return sources.assigned[user_id]
    since = now() - ACTIVE
    active = {id_ for id_, at in sources.last_at.items() if at >= since} | {user_id}
    return -(-sources.open_slots // len(active))


def _last_acts(decisions: DecisionColumns) -> dict[int, datetime]:
    """When each person last decided something by hand."""
    by_hand = decisions.where(~decisions.has(BATCH | COPY))
    people, places = np.unique(by_hand.user, return_inverse=True)
    last = np.zeros(len(people), dtype=np.int64)
    np.maximum.at(last, places, by_hand.at)
    return {int(user_id): moment(int(at)) for user_id, at in zip(people, last, strict=True)}


def _work(decisions: DecisionColumns, of: int | None) -> dict[int, Effort]:
    """Times of each person, or `of` one, and their skips and late decisions that stand; bulk actions take no time.

    Time that was spent on what was taken back was spent all the same.
    """
    by_hand = decisions.where(~decisions.has(BATCH))
    if of is not None:
        by_hand = by_hand.where(by_hand.user == of)
    first = ~by_hand.has(COPY)
    timed = first & by_hand.is_kind(ANY_LABELLING) & ~np.isnan(by_hand.seconds)
    stands = by_hand.stands & ~by_hand.is_kind((DecisionKind.retract,))
    skips, late = stands & by_hand.is_kind((DecisionKind.skip,)), stands & by_hand.has(LATE)
    work: dict[int, Effort] = {}
    for user_id, at in _last_acts(by_hand).items():
        theirs = by_hand.user == user_id
        times = by_hand.seconds[timed & theirs]
        work[user_id] = Effort(times, int((skips & theirs).sum()), int((late & theirs).sum()), at)
    return work


def names(actor: Actor, round_id: int) -> dict[int, str]:
    """Everybody who decided or answered questions in the round, by name; needs a curator."""
    user = tables.User
    theirs = [select(row.user_id).where(row.round_id == round_id) for row in (tables.Decision, tables.Answer)]
    query = select(user.id, user.name).where(or_(*(user.id.in_(ids) for ids in theirs))).order_by(user.name)
    with reading() as db:
        archived.refuse(get_row(db, actor, round_id, Role.curator))
        return {user_id: name for user_id, name in db.execute(query)}
