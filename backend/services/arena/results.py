"""Who won how often, with intervals, and how the judge's word on the same matches agrees with people's."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.errors import NotFound
from backend.metrics._agreement import Figure, cohen, percent
from backend.metrics._intervals import wilson
from backend.pipeline.arena import UNCLEAR
from backend.services.access import Actor, require, role_of
from backend.services.arena.voting import undecided
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
    """The judge on the same matches. `same_in_both_seats`: of those it played, the share in which it named the same
    winner whichever answer came first; a match in which it did not is a tie. `agreement`, `kappa`: with people."""

    name: str
    played: int
    wins: Wins
    same_in_both_seats: Figure
    agreement: Figure
    kappa: Figure


@dataclass(frozen=True)
class Result:
    """What is shown once the person who asks has nothing left to decide. `people`: who decided at least one match."""

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
        found = [_view(db, actor, row) for row in db.scalars(query)]
    return [one for one in found if checkpoint_id is None or one.result is not None]


def get(actor: Actor, arena_id: int) -> ArenaView:
    """Return one arena; raises `NotFound`."""
    missing = f"There is no arena {arena_id} here. Choose one from the list."
    with reading() as db:
        row = db.get(tables.Arena, arena_id)
        if row is None:
            raise NotFound(missing)
        try:
            require(db, actor, row.project_id, Role.viewer)
        except NotFound as error:
            raise NotFound(missing) from error
        return _view(db, actor, row)


def wins_of(outcomes: Sequence[str]) -> Wins:
    """Count outcomes: `first`, `second`, anything else is a tie."""
    first, second = outcomes.count(FIRST), outcomes.count(SECOND)
    low, high = wilson(first, first + second) if first + second else (None, None)
    share = first / (first + second) if first + second else None
    return Wins(first, second, len(outcomes) - first - second, share, low, high)


def majority(votes: Sequence[str]) -> str:
    """What most people found of a match; a tie where as many are for the one as for the other."""
    gap = votes.count(FIRST) - votes.count(SECOND)
    return FIRST if gap > 0 else SECOND if gap < 0 else TIE


def _view(db: Session, actor: Actor, row: tables.Arena) -> ArenaView:
    match = tables.ArenaMatch
    matches = db.scalars(select(match).where(match.arena_id == row.id).order_by(match.id)).all()
    role = role_of(db, actor, row.project_id)
    may_decide = role is not None and role.rank >= Role.reviewer.rank
    left = len(undecided(db, row.id, actor.user_id))
    result = None if may_decide and left else _result(db, row, matches)
    return ArenaView(row.id, row.project_id, len(matches), len(matches) - left, may_decide, row.created_at, result)


def _result(db: Session, row: tables.Arena, matches: Sequence[tables.ArenaMatch]) -> Result:
    vote, checkpoint = tables.ArenaVote, tables.Checkpoint
    ids = [row.first_id, row.second_id, *([row.judge_id] if row.judge_id is not None else [])]
    names = dict(db.execute(select(checkpoint.id, checkpoint.name).where(checkpoint.id.in_(ids))).tuples().all())
    found: dict[int, list[str]] = defaultdict(list)
    people: set[int | None] = set()
    query = select(vote.match_id, vote.winner, vote.user_id, vote.id).where(
        vote.match_id.in_([one.id for one in matches]), ~vote.is_retracted
    )
    for match_id, winner, user_id, vote_id in db.execute(query):
        found[match_id].append(winner)
        # Of people whose accounts are gone each vote is one person's.
        people.add(user_id if user_id is not None else -vote_id)
    outcomes = {match_id: majority(votes) for match_id, votes in found.items()}
    judge = _judge(names[row.judge_id], matches, outcomes) if row.judge_id is not None else None
    return Result(
        row.first_id,
        names[row.first_id],
        row.second_id,
        names[row.second_id],
        len(people),
        sum(map(len, found.values())),
        wins_of(list(outcomes.values())),
        row.num_same,
        judge,
    )


def _judge(name: str, matches: Sequence[tables.ArenaMatch], people: Mapping[int, str]) -> JudgeWord:
    played = [one for one in matches if one.as_a is not None and one.as_b is not None]
    said = {one.id: one.as_a if one.as_a == one.as_b and one.as_a != UNCLEAR else TIE for one in played}
    both = [(people[id_], str(word)) for id_, word in said.items() if id_ in people]
    # Twice unclear is not twice the same winner.
    seats = [(str(one.as_a), "another" if one.as_a == UNCLEAR else str(one.as_b)) for one in played]
    return JudgeWord(
        name, len(played), wins_of([str(word) for word in said.values()]), percent(seats), percent(both), cohen(both)
    )
