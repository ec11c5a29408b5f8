"""How one figure of the rounds goes from round to round: any metric, the judge's mean, wins against the start."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.errors import InvalidInput
from backend.metrics._intervals import wilson
from backend.services.access import Actor, require, role_of
from backend.values import Role, RoundStatus

MOST_ROUNDS = 500
"""The newest ones."""
LOOKED_AT = 20_000
"""The judge's mean is that of so many samples of a round at most, the first ones by number."""
KEPT_SECONDS = 30
"""So long the judge's mean of a round that is not over stays as it was read."""
JUDGE_MEAN, WIN_RATE = "judge_mean", "wins_against_start"
OPEN = (RoundStatus.running, RoundStatus.review, RoundStatus.held)
_judge_means: dict[tuple[object, ...], "tuple[float, Value | None]"] = {}
"""By what tells one state of a round from another: until when it holds, and the mean."""
MOST_KEPT = 2048


@dataclass(frozen=True)
class TrendPoint:
    """One round's figure, with its 95 % interval where it is known; of `n` samples, prompts or matches."""

    round_id: int
    number: int
    value: float
    low: float | None
    high: float | None
    n: int


def names(actor: Actor, project_id: int) -> list[str]:
    """The figures that may be asked for: those of which a round of the project has one, by name."""
    metric, arena = tables.Metric, tables.Arena
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        query = select(metric.name).where(metric.project_id == project_id, metric.value.is_not(None)).distinct()
        has_rounds = db.scalar(select(tables.Round.id).where(tables.Round.project_id == project_id).limit(1))
        has_arenas = db.scalar(select(arena.id).where(arena.project_id == project_id).limit(1))
        computed = ([JUDGE_MEAN] if has_rounds else []) + ([WIN_RATE] if has_arenas else [])
        return sorted({*db.scalars(query), *computed})


def read(actor: Actor, project_id: int, name: str) -> list[TrendPoint]:
    """The figure of each round that has it, by number: of the round itself, or of the checkpoint that it made.

    `judge_mean`: of the judge's scores; `wins_against_start`: the share of arena matches that its checkpoint won
    against the one that the round started from. Of rounds that are not over only curators see figures, and nobody sees
    an arena's while they have matches of it to decide. Raises `InvalidInput` for a name that no round has.
    """
    known = names(actor, project_id)
    if name not in known:
        raise InvalidInput(f"No round of this project has {name[:80]!r}. Choose from {', '.join(known) or 'none yet'}.")
    row = tables.Round
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        role = role_of(db, actor, project_id) or Role.viewer
        query = select(row).where(row.project_id == project_id).order_by(row.number.desc()).limit(MOST_ROUNDS)
        if role.rank < Role.curator.rank:
            query = query.where(row.status.not_in(OPEN))
        rounds = list(db.scalars(query))[::-1]
        if name == JUDGE_MEAN:
            return _points(rounds, lambda round_: _judge_mean(db, round_))
        if name == WIN_RATE:
            return _all_wins(db, actor, role, project_id, rounds)
        return _of_metric(db, rounds, name)


Value = tuple[float, float | None, float | None, int]
"""A figure, both ends of its interval, and of how many it is."""


def _points(rounds: Sequence[tables.Round], value_of: Callable[[tables.Round], Value | None]) -> list[TrendPoint]:
    values = [(round_, value_of(round_)) for round_ in rounds]
    return [TrendPoint(round_.id, round_.number, *value) for round_, value in values if value is not None]


def _of_metric(db: Session, rounds: Sequence[tables.Round], name: str) -> list[TrendPoint]:
    metric = tables.Metric
    columns = (metric.round_id, metric.checkpoint_id, metric.value, metric.low, metric.high, metric.n)
    here = (metric.name == name, metric.round_id.in_([round_.id for round_ in rounds]), metric.value.is_not(None))
    rows = db.execute(select(*columns).where(*here).order_by(metric.id)).all()
    checkpoints = {round_.id: round_.checkpoint_id for round_ in rounds}
    values: dict[int, Value] = {}
    for round_id, checkpoint_id, value, low, high, n in rows:
        if value is not None and checkpoint_id in (None, checkpoints[round_id]):
            values[round_id] = (value, low, high, n)
    return _points(rounds, lambda round_: values.get(round_.id))


def _judge_mean(db: Session, round_: tables.Round) -> Value | None:
    # A round that was opened again may have other judgments when it is over for the second time.
    ends = (str(round_.counts), str(round_.reopened), round_.finished_at)
    key = (round_.id, round_.created_at, round_.status, *ends)
    until, known = _judge_means.get(key, (0.0, None))
    if time.monotonic() < until:
        return known
    label, sample = tables.Label, tables.Sample
    some = select(sample.id).where(sample.round_id == round_.id).order_by(sample.id).limit(LOOKED_AT).subquery()
    score = label.machine_score
    sums = select(func.count(score), func.sum(score), func.sum(score * score))
    number, total, squares = db.execute(sums.join(some, some.c.id == label.sample_id)).one()
    value: Value | None = None
    if number and total is not None and squares is not None:
        middle = total / number
        # From the sums the interval of the mean follows as from the scores themselves.
        spread = max(0.0, squares / number - middle * middle) ** 0.5
        half = 1.96 * spread / max(1, number - 1) ** 0.5
        value = (middle, middle - half, middle + half, number) if number > 1 else (middle, None, None, number)
    if len(_judge_means) >= MOST_KEPT:
        _judge_means.clear()
    _judge_means[key] = (time.monotonic() + KEPT_SECONDS if round_.status in OPEN else math.inf, value)
    return value


def _all_wins(
    db: Session, actor: Actor, role: Role, project_id: int, rounds: Sequence[tables.Round]
) -> list[TrendPoint]:
    arenas: dict[frozenset[int], list[tables.Arena]] = {}
    for arena in db.scalars(select(tables.Arena).where(tables.Arena.project_id == project_id)):
        arenas.setdefault(frozenset((arena.first_id, arena.second_id)), []).append(arena)

    def wins(round_: tables.Round) -> Value | None:
        trained, start = round_.checkpoint_id, round_.policy_id
        if trained is None or trained == start:
            return None
        return _wins(db, actor, role, trained, arenas.get(frozenset((trained, start)), []))

    return _points(rounds, wins)


def _wins(db: Session, actor: Actor, role: Role, trained: int, arenas: Sequence[tables.Arena]) -> Value | None:
    """Matches of these arenas that the checkpoint won; one with as many votes for either has no winner."""
    match, vote = tables.ArenaMatch, tables.ArenaVote
    won = lost = 0
    for row in arenas:
        votes = select(vote.match_id, vote.winner, vote.user_id).join(match, match.id == vote.match_id)
        standing = db.execute(votes.where(match.arena_id == row.id, ~vote.is_retracted)).all()
        number = db.scalar(select(func.count()).where(match.arena_id == row.id)) or 0
        if role.rank >= Role.reviewer.rank and sum(user == actor.user_id for *_, user in standing) < number:
            continue
        gaps: dict[int, int] = {}
        ours, theirs = ("first", "second") if row.first_id == trained else ("second", "first")
        for match_id, winner, _ in standing:
            gaps[match_id] = gaps.get(match_id, 0) + (winner == ours) - (winner == theirs)
        won += sum(gap > 0 for gap in gaps.values())
        lost += sum(gap < 0 for gap in gaps.values())
    return (won / (won + lost), *wilson(won, won + lost), won + lost) if won + lost else None
