"""Each reviewer in figures: how much, how fast, how well they agree, and what is left for them."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from backend.db import now, reading, standing, tables
from backend.db.standing import ANY_LABELLING
from backend.metrics import _agreement as measures
from backend.metrics._agreement import UNKNOWN, Figure, Value
from backend.services import archived, review_settings
from backend.services.access import Actor
from backend.services.decisions import quotas, tallies, votes
from backend.services.decisions.acts import is_first, spent
from backend.services.decisions.labels import Rules
from backend.services.decisions.tallies import Tally
from backend.services.decisions.verdicts import Vote
from backend.services.rounds import get_row, kept_figures
from backend.services.team import agreement, left_to_decide
from backend.services.team.agreement import Criterion, JudgesWord, Said
from backend.values import DecisionKind, Role, RoundStatus, Verdict

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
    """What the rows say of one person's effort."""

    times: tuple[float, ...]
    skipped: int
    late: int
    last_at: datetime | None


@dataclass(frozen=True)
class ReviewerRows:
    """What was read for a round, or for one person in it, before anything is computed. last_at: of everybody."""

    round_id: int
    is_open: bool
    criterion: Criterion
    read: votes.Votes
    names: dict[int, str]
    word: JudgesWord
    places: dict[int, str]
    words: Said
    work: dict[int, Effort]
    last_at: dict[int, datetime]
    tallies: dict[int, Tally]
    gold: dict[int, tuple[int, int]]
    assigned: dict[int, int]
    quotas: dict[int, int]
    open_slots: int


def mine(actor: Actor, round_id: int) -> Reviewer:
    """The actor's own figures; on gold items only when the review is over: a counter that moves names them.

    While it goes on, what is said of gold items is in every figure, so that none stands still there.
    """
    with reading() as db:
        row = get_row(db, actor, round_id, Role.reviewer)
        archived.refuse(row)
        return kept_figures.figures(row, ("reviewer", actor.user_id, actor.name), lambda: _mine(db, actor, round_id))


def everyone(actor: Actor, round_id: int) -> list[Reviewer]:
    """Everybody who did something in the round or has something assigned, most first; needs a curator."""
    with reading() as db:
        row = get_row(db, actor, round_id, Role.curator)
        archived.refuse(row)
        return [*kept_figures.figures(row, "reviewers", lambda: _everyone(db, round_id))]


def _mine(db: Session, actor: Actor, round_id: int) -> Reviewer:
    gathered = _find(db, round_id, of=actor.user_id)
    gathered.names.setdefault(actor.user_id, actor.name)
    return _reviewer(gathered, actor.user_id, is_own=True)


def _everyone(db: Session, round_id: int) -> tuple[Reviewer, ...]:
    gathered = _find(db, round_id)
    people = [_reviewer(gathered, name) for name in gathered.names]
    return tuple(sorted(people, key=lambda person: (-person.decided, person.name)))


def _find(db: Session, round_id: int, *, of: int | None = None) -> ReviewerRows:
    """Read for everybody, or `of` one person; gold items are then among the items while the review goes on."""
    round_ = db.get_one(tables.Round, round_id)
    settings = review_settings.read(round_.review)
    is_open = round_.status is RoundStatus.review
    read, _, word, places = agreement.gathered(db, round_id, with_gold=of is not None and is_open, items_of=of)
    work = _work(db, round_id, of)
    assigned = left_to_decide.assigned_by_person(db, round_id, settings)
    people = {*work, *assigned, *(vote.user_id for vote in read.cast)}
    names = agreement.names_of(db, people)
    counted = tallies.of_all(db, round_id, settings) if of is None else {of: tallies.of_one(db, of, round_id, settings)}
    is_group = settings.by_group
    criterion = Criterion.best if is_group else Criterion.verdict
    by_item = agreement.by_item(read.cast, criterion, places)
    return ReviewerRows(
        round_id,
        is_open,
        criterion,
        read,
        names,
        word,
        places,
        by_item,
        work,
        _last_acts(db, round_id),
        counted,
        _gold(db, round_id, of),
        assigned,
        quotas.of_all(db, round_id),
        left_to_decide.open_slots(db, round_id, settings) if is_open else 0,
    )


def _reviewer(sources: ReviewerRows, user_id: int, *, is_own: bool = False) -> Reviewer:
    """One person's figures; kappa and alpha, which take longest, only for themselves."""
    own = [vote for vote in sources.read.cast if vote.user_id == user_id]
    work = sources.work.get(user_id, Effort((), 0, 0, None))
    hidden = [vote for vote in own if vote.judge_hidden]
    judge = _against_judge(sources, hidden)
    colleagues = _against_colleagues(sources, user_id)
    shared = [tuple(words.values()) for words in sources.words.values() if user_id in words]
    seen, right = (None, None) if is_own and sources.is_open else sources.gold.get(user_id, (0, 0))
    left, seconds = _left(sources, user_id), median(work.times) if work.times else None
    counted = sources.tallies.get(user_id, Tally())
    return Reviewer(
        user_id,
        sources.names.get(user_id, ""),
        counted.decided,
        work.skipped,
        work.late,
        counted.overridden,
        seconds,
        sum(work.times) / 60,
        work.last_at,
        measures.percent(judge),
        measures.cohen(judge) if is_own else UNKNOWN,
        measures.percent(_against_judge(sources, [vote for vote in hidden if vote.is_random])),
        measures.percent(colleagues),
        measures.alpha(shared) if is_own else UNKNOWN,
        seen,
        right,
        left,
        bool(sources.assigned.get(user_id)),
        None if seconds is None else left * seconds,
    )


def _against_judge(sources: ReviewerRows, cast: Iterable[Vote]) -> list[tuple[Value, Value]]:
    judged = getattr(sources.word, sources.criterion.name)
    by_item = agreement.by_item(cast, sources.criterion, sources.places)
    return [(value, judged[item]) for item, words in by_item.items() for value in words.values() if item in judged]


def _against_colleagues(sources: ReviewerRows, user_id: int) -> list[tuple[Value, Value]]:
    mine = {item: words for item, words in sources.words.items() if user_id in words}
    return [
        (words[user_id], value) for words in mine.values() for other, value in sorted(words.items()) if other != user_id
    ]


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


def _last_acts(db: Session, round_id: int) -> dict[int, datetime]:
    """When each person last decided something by hand."""
    decision = tables.Decision
    query = select(decision.user_id, func.max(decision.created_at))
    query = query.where(decision.round_id == round_id, decision.batch_id.is_(None), is_first(decision))
    return dict(db.execute(query.group_by(decision.user_id)).tuples().all())


def _work(db: Session, round_id: int, of: int | None) -> dict[int, Effort]:
    """Times of each person, or `of` one, and their skips and late decisions that stand; bulk actions take no time.

    Time that was spent on what was taken back was spent all the same.
    """
    decision = tables.Decision
    by_hand = (decision.round_id == round_id, decision.batch_id.is_(None), *_by(of))
    query = select(decision.user_id, decision.kind, spent(decision), decision.created_at)
    query = query.where(*by_hand, is_first(decision))
    times: dict[int, list[float]] = defaultdict(list)
    last: dict[int, datetime] = {}
    for user_id, kind, seconds, at in db.execute(query):
        last[user_id] = max(at, last.get(user_id, at))
        if seconds is not None and kind in ANY_LABELLING:
            times[user_id].append(seconds)
    is_skip = decision.kind == DecisionKind.skip
    standing_ones = standing.everything(
        decision.user_id, func.count().filter(is_skip), func.count().filter(decision.is_late)
    )
    rows = db.execute(standing_ones.where(*by_hand).group_by(decision.user_id))
    counts = {user_id: (skipped, late) for user_id, skipped, late in rows}
    return {id_: Effort(tuple(times[id_]), *counts.get(id_, (0, 0)), at) for id_, at in last.items()}


def _by(of: int | None) -> tuple[ColumnElement[bool], ...]:
    """The condition that a decision is one person's; none for everybody."""
    return () if of is None else (tables.Decision.user_id == of,)


def _gold(db: Session, round_id: int, of: int | None) -> dict[int, tuple[int, int]]:
    """How many gold items each person, or `of` one, met, and on how many their last word was right."""
    decision, gold = tables.Decision, tables.GoldItem
    query = (
        standing.on_gold(decision.user_id, decision.sample_id, decision.kind, decision.score, gold.verdict)
        .join(gold, gold.sample_id == decision.sample_id)
        .where(decision.round_id == round_id, *_by(of))
        .order_by(decision.id)
    )
    cut = Rules(db, {round_id}).cuts.get(round_id, 0.5)
    last: dict[tuple[int, int], bool] = {}
    for user_id, sample_id, kind, score, known in db.execute(query):
        accepts = kind is DecisionKind.accept or (kind is DecisionKind.score and (score or 0.0) >= cut)
        last[user_id, sample_id] = accepts == (known is Verdict.accept)
    seen, right = Counter(user for user, _ in last), Counter(user for (user, _), is_right in last.items() if is_right)
    return {user_id: (number, right[user_id]) for user_id, number in seen.items()}


def names(actor: Actor, round_id: int) -> dict[int, str]:
    """Everybody who decided or answered questions in the round, by name; needs a curator."""
    user = tables.User
    theirs = [select(row.user_id).where(row.round_id == round_id) for row in (tables.Decision, tables.Answer)]
    query = select(user.id, user.name).where(or_(*(user.id.in_(ids) for ids in theirs))).order_by(user.name)
    with reading() as db:
        archived.refuse(get_row(db, actor, round_id, Role.curator))
        return {user_id: name for user_id, name in db.execute(query)}
