"""The next match for a person, without the names of the checkpoints, and the person's vote on it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import now, reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound
from backend.services.access import Actor, require_row
from backend.services.arena import sides
from backend.values import Role

CHOICES = ("left", "right", "tie", "none")
LONGEST = 24 * 3600.0


@dataclass(frozen=True)
class ShownMatch:
    """A match as a person sees it: texts, and a name that only the server can read.

    `token` is empty where the person has decided all; `skipped` ones come again at the end.
    """

    arena_id: int
    done: int
    total: int
    token: str
    messages: list[Any]
    left: str
    right: str


def next_match(actor: Actor, arena_id: int, *, skipped: tuple[str, ...] = ()) -> ShownMatch:
    """Return the next match that the actor has not decided; those that were skipped come last."""
    with reading() as db:
        arena = _arena(db, actor, arena_id)
        return _next(db, arena, actor, skipped)


def decide(
    actor: Actor, arena_id: int, token: str, choice: str, *, seconds: float | None = None, skipped: tuple[str, ...] = ()
) -> ShownMatch:
    """Store the actor's vote on a match, and return the next match.

    choice: left, right, tie, or none where both are bad. The same vote sent again changes nothing. Raises
    `InvalidInput` for another choice, `NotFound` for a match that is not of this arena, `Conflict` where another vote
    is stored already.
    """
    if choice not in CHOICES:
        raise InvalidInput(f"choice: must be one of {', '.join(CHOICES)}.")
    with session() as db:
        arena = _arena(db, actor, arena_id, lock=True)
        match_id = _find(db, arena, actor, token)
        swapped = sides.is_swapped(arena.secret, match_id, actor.user_id)
        winner = {"left": ("first", "second"), "right": ("second", "first")}.get(choice, (choice, choice))[swapped]
        before = _standing(db, match_id, actor)
        if before is not None and before.winner != winner:
            raise Conflict("You decided this match already. Take your last word back first.")
        if before is None:
            took = None if seconds is None else min(max(float(seconds), 0.0), LONGEST)
            db.add(
                tables.ArenaVote(
                    match_id=match_id,
                    user_id=actor.user_id,
                    winner=winner,
                    is_swapped=swapped,
                    is_retracted=False,
                    seconds=took,
                    created_at=now(),
                )
            )
            db.flush()
        return _next(db, arena, actor, skipped)


def take_back(actor: Actor, arena_id: int) -> ShownMatch:
    """Retract the actor's last vote and return that match; raises `Conflict` where none stands, or all are decided.

    Once all are decided the names are shown: who knows them changes nothing any more.
    """
    with session() as db:
        arena = _arena(db, actor, arena_id, lock=True)
        vote, match = tables.ArenaVote, tables.ArenaMatch
        query = (
            select(vote)
            .join(match, match.id == vote.match_id)
            .where(match.arena_id == arena_id, vote.user_id == actor.user_id, ~vote.is_retracted)
        )
        votes = db.scalars(query.order_by(vote.id.desc())).all()
        if not votes:
            raise Conflict("You decided no match of this arena, so there is nothing to take back.")
        if not undecided(db, arena_id, actor.user_id):
            raise Conflict("You decided all matches, and the names are shown. Open another arena to play again.")
        votes[0].is_retracted = True
        db.flush()
        return _shown(db, arena, actor, votes[0].match_id)


def undecided(db: Session, arena_id: int, user_id: int) -> list[int]:
    """The matches of an arena on which no vote of a person stands."""
    match, vote = tables.ArenaMatch, tables.ArenaVote
    decided = select(vote.match_id).where(vote.user_id == user_id, ~vote.is_retracted)
    return list(db.scalars(select(match.id).where(match.arena_id == arena_id, match.id.not_in(decided))))


def _next(db: Session, arena: tables.Arena, actor: Actor, skipped: tuple[str, ...]) -> ShownMatch:
    open_ones = sides.ordered(arena.secret, undecided(db, arena.id, actor.user_id), actor.user_id)
    if not open_ones:
        total = _total(db, arena.id)
        return ShownMatch(arena.id, total, total, "", [], "", "")
    names = {match_id: sides.token(arena.secret, match_id, actor.user_id) for match_id in open_ones}
    # The one that was skipped longest ago comes first of those.
    first = min(open_ones, key=lambda match_id: skipped.index(names[match_id]) if names[match_id] in skipped else -1)
    return _shown(db, arena, actor, first)


def _shown(db: Session, arena: tables.Arena, actor: Actor, match_id: int) -> ShownMatch:
    match = db.get_one(tables.ArenaMatch, match_id)
    messages = db.get_one(tables.Prompt, match.prompt_id).messages
    # Both texts are read in one query by one list of ids, whichever stands where.
    query = select(tables.Sample.id, tables.Sample.text).where(
        tables.Sample.id.in_([match.first_sample_id, match.second_sample_id])
    )
    texts = dict(db.execute(query).tuples().all())
    both = texts[match.first_sample_id], texts[match.second_sample_id]
    left, right = both[::-1] if sides.is_swapped(arena.secret, match_id, actor.user_id) else both
    total = _total(db, arena.id)
    done = total - len(undecided(db, arena.id, actor.user_id))
    name = sides.token(arena.secret, match_id, actor.user_id)
    return ShownMatch(arena.id, done, total, name, messages, left, right)


def _total(db: Session, arena_id: int) -> int:
    match = tables.ArenaMatch
    return db.scalar(select(func.count()).where(match.arena_id == arena_id)) or 0


def _find(db: Session, arena: tables.Arena, actor: Actor, token: str) -> int:
    match = tables.ArenaMatch
    for match_id in db.scalars(select(match.id).where(match.arena_id == arena.id)):
        if sides.token(arena.secret, match_id, actor.user_id) == token:
            return match_id
    raise NotFound("That match is not one of this arena. Reload the page.")


def _standing(db: Session, match_id: int, actor: Actor) -> tables.ArenaVote | None:
    vote = tables.ArenaVote
    return db.scalar(select(vote).where(vote.match_id == match_id, vote.user_id == actor.user_id, ~vote.is_retracted))


def _arena(db: Session, actor: Actor, arena_id: int, *, lock: bool = False) -> tables.Arena:
    """The arena, if the actor may decide in it; one of another project does not exist.

    lock: votes on one arena are written one after the other, so that a vote sent twice at once counts once.
    """
    missing = f"There is no arena {arena_id} here. Choose one from the list."
    row = db.get(tables.Arena, arena_id, with_for_update=lock)
    return require_row(db, actor, row, Role.reviewer, missing)
