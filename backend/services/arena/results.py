"""How often each checkpoint won, with intervals, and how far the judge agrees with people on the same matches."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.db.many import in_chunks
from backend.metrics._agreement import Figure, cohen, percent
from backend.metrics._intervals import wilson
from backend.pipeline.arena import FAILED, UNCLEAR
from backend.services.access import Actor, require, require_row, role_of
from backend.values import Role

FIRST, SECOND, TIE = "first", "second", "tie"


@dataclass(frozen=True)
class Wins:
    """Matches by their outcome. `share`: of those with a winner, the first checkpoint's, with Wilson's 95 % interval;
    None where no match has one."""

    first: int
    second: int
    ties: int
    share: float | None
    low: float | None
    high: float | None

    @property
    def n(self) -> int:
        return self.first + self.second + self.ties


@dataclass(frozen=True)
class JudgeWord:
    """The judge on the same matches. `replies`: two for each match it was asked about, `unread` of them name no winner;
    their matches are in none of the other figures. `failed`: matches it could not be asked about, `failure`: why not,
    the first time. `same_in_both_seats`: of `played`, the share in which it named the same winner whichever answer came
    first; a match in which it did not is a tie. `agreement`, `kappa`: with people."""

    name: str
    replies: int
    unread: int
    failed: int
    failure: str
    played: int
    wins: Wins
    same_in_both_seats: Figure
    agreement: Figure
    kappa: Figure


@dataclass(frozen=True)
class Result:
    """What is shown once the person who asks has nothing left to decide. `people`: who decided at least one match; of
    people whose accounts are gone as many as decided the same match."""

    first_id: int
    first: str
    second_id: int
    second: str
    people: int
    votes: int
    wins: Wins
    num_same: int
    judge: JudgeWord | None


@dataclass(frozen=True)
class ArenaView:
    """An arena as its list shows it. `result` is None while the person who asks still has matches to decide: then not
    even the names are said."""

    id: int
    project_id: int
    matches: int
    decided: int
    may_decide: bool
    created_at: datetime
    result: Result | None


def list_arenas(actor: Actor, project_id: int, *, checkpoint_id: int | None = None) -> list[ArenaView]:
    """Return the project's arenas, newest first; with a checkpoint those that it plays in, as far as names are shown:
    of an arena in which the actor has to decide nobody is told who plays."""
    arena = tables.Arena
    query = select(arena).where(arena.project_id == project_id).order_by(arena.id.desc())
    if checkpoint_id is not None:
        query = query.where(or_(arena.first_id == checkpoint_id, arena.second_id == checkpoint_id))
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        arenas = db.scalars(query).all()
        counts = _counts(db, actor, [row.id for row in arenas])
        views = [_view(db, actor, row, *counts[row.id]) for row in arenas]
    return [view for view in views if checkpoint_id is None or view.result is not None]


def get(actor: Actor, arena_id: int) -> ArenaView:
    """Return one arena; raises `NotFound`."""
    missing = f"There is no arena {arena_id} here. Choose one from the list."
    with reading() as db:
        row = db.get(tables.Arena, arena_id)
        row = require_row(db, actor, row, Role.viewer, missing)
        return _view(db, actor, row, *_counts(db, actor, [arena_id])[arena_id])


def wins_of(outcomes: Sequence[str]) -> Wins:
    """Count outcomes: `first`, `second`, anything else is a tie."""
    first, second = outcomes.count(FIRST), outcomes.count(SECOND)
    low, high = wilson(first, first + second) if first + second else (None, None)
    share = first / (first + second) if first + second else None
    return Wins(first, second, len(outcomes) - first - second, share, low, high)


def majority(votes: Sequence[str]) -> str:
    """The outcome that most people chose; a tie where two outcomes have equally many votes."""
    gap = votes.count(FIRST) - votes.count(SECOND)
    return FIRST if gap > 0 else SECOND if gap < 0 else TIE


def _counts(db: Session, actor: Actor, arena_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Of each arena the matches, and how many of them the actor decided."""
    match, vote = tables.ArenaMatch, tables.ArenaVote
    mine = and_(vote.match_id == match.id, vote.user_id == actor.user_id, ~vote.is_retracted)
    counts = dict.fromkeys(arena_ids, (0, 0))
    for some in in_chunks(arena_ids):
        query = select(match.arena_id, func.count(match.id), func.count(vote.id)).outerjoin(vote, mine)
        rows = db.execute(query.where(match.arena_id.in_(some)).group_by(match.arena_id)).tuples()
        counts |= {arena_id: (matches, decided) for arena_id, matches, decided in rows}
    return counts


def _view(db: Session, actor: Actor, row: tables.Arena, matches: int, decided: int) -> ArenaView:
    role = role_of(db, actor, row.project_id)
    may_decide = role is not None and role.rank >= Role.reviewer.rank
    result = None if may_decide and decided < matches else _result(db, row)
    return ArenaView(row.id, row.project_id, matches, decided, may_decide, row.created_at, result)


def _result(db: Session, row: tables.Arena) -> Result:
    match, vote, checkpoint = tables.ArenaMatch, tables.ArenaVote, tables.Checkpoint
    matches = db.scalars(select(match).where(match.arena_id == row.id).order_by(match.id)).all()
    ids = [row.first_id, row.second_id, *([row.judge_id] if row.judge_id is not None else [])]
    names = dict(db.execute(select(checkpoint.id, checkpoint.name).where(checkpoint.id.in_(ids))).tuples().all())
    by_match: dict[int, list[str]] = defaultdict(list)
    people: set[int] = set()
    gone: Counter[int] = Counter()
    query = select(vote.match_id, vote.winner, vote.user_id).where(
        vote.match_id.in_([match.id for match in matches]), ~vote.is_retracted
    )
    for match_id, winner, user_id in db.execute(query):
        by_match[match_id].append(winner)
        if user_id is None:
            gone[match_id] += 1
        else:
            people.add(user_id)
    outcomes = {match_id: majority(votes) for match_id, votes in by_match.items()}
    judge = _judge(names[row.judge_id], matches, outcomes) if row.judge_id is not None else None
    return Result(
        row.first_id,
        names[row.first_id],
        row.second_id,
        names[row.second_id],
        len(people) + max(gone.values(), default=0),
        sum(map(len, by_match.values())),
        wins_of(list(outcomes.values())),
        row.num_same,
        judge,
    )


def _judge(name: str, matches: Sequence[tables.ArenaMatch], people: Mapping[int, str]) -> JudgeWord:
    failed = [match for match in matches if match.as_a == FAILED]
    asked = [match for match in matches if match.as_a not in (None, FAILED)]
    replies = [reply for match in asked for reply in (match.as_a, match.as_b)]
    # A reply that cannot be read is missing data, not a vote for a tie.
    seats = {match.id: (str(match.as_a), str(match.as_b)) for match in asked if UNCLEAR not in (match.as_a, match.as_b)}
    verdicts = {id_: as_a if as_a == as_b else TIE for id_, (as_a, as_b) in seats.items()}
    both = [(people[id_], word) for id_, word in verdicts.items() if id_ in people]
    return JudgeWord(
        name,
        len(replies),
        replies.count(UNCLEAR),
        len(failed),
        str(failed[0].replies[0]) if failed and failed[0].replies else "",
        len(verdicts),
        wins_of(list(verdicts.values())),
        percent(list(seats.values())),
        percent(both),
        cohen(both),
    )
