"""Each person's figures over the rounds of a project: how much, how fast, and how far they agree with what was right.

Colleagues' figures are for curators. A person sees their own; of a review that goes on they are not told what would
name gold items, or what others said.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.db.standing import DECIDING, TOGETHER
from backend.errors import InvalidInput
from backend.metrics._intervals import wilson
from backend.services import review_settings
from backend.services.access import Actor, require
from backend.services.decisions import cast_votes, decision_columns, tallies
from backend.services.decisions.cast_votes import ACCEPT, REJECT
from backend.services.decisions.decision_columns import (
    ADJUDICATION,
    BATCH,
    COPY,
    GOLD,
    LATE,
    DecisionColumns,
    last_of_each,
)
from backend.services.decisions.patterns import ItemLabels, Words, last_words, raw_word
from backend.services.decisions.rules import cut_of_round
from backend.services.people.names import names_of
from backend.services.rounds import review_scope
from backend.services.team import gold_words
from backend.values import DecisionKind, Role, RoundStatus

MOST_ROUNDS = 50
MOST_KEPT = 512
_kept: dict[tuple[int, int | None], "tuple[tuple[Any, ...], tuple[Performance, ...]]"] = {}
"""Figures by round and person: to compute them all votes are read, and most rounds are over."""


@dataclass(frozen=True)
class Share:
    """So many of so many, with Wilson's 95 % interval."""

    right: int
    number: int

    @property
    def value(self) -> float | None:
        return self.right / self.number if self.number else None

    @property
    def interval(self) -> tuple[float, float] | None:
        return wilson(self.right, self.number) if self.number else None


@dataclass(frozen=True)
class Performance:
    """One person in one round. `minutes`: of items, as the desk measured them; `per_hour`: items in an hour of these.

    `colleagues`: words equal to a colleague's on the same item; `adjudicated`: of items that a curator settled, those
    on which the person had said the same. `skipped` of all items they decided or skipped. None: not told while it goes
    on.
    """

    round_id: int
    round_number: int
    user_id: int
    who: str
    decided: int
    minutes: float
    per_hour: float | None
    gold: Share | None
    colleagues: Share | None
    adjudicated: Share | None
    skipped: Share
    edits: int


def everyone(actor: Actor, project_id: int, *, rounds: int = 20) -> list[Performance]:
    """All people over so many of the newest reviewed rounds, oldest first; needs a curator."""
    return _listing(actor, project_id, Role.curator, rounds, None)


def mine(actor: Actor, project_id: int, *, rounds: int = 20) -> list[Performance]:
    """The actor's own figures."""
    return _listing(actor, project_id, Role.reviewer, rounds, actor.user_id)


def same_as_colleagues(words: Words) -> dict[int, Share]:
    """Of each person's words on items that others have a word on, how often one is equal to another's, by pair."""
    same, shared = Counter[int](), Counter[int]()
    for pair, items in words.pairs().items():
        equal = sum(number for (first, second), number in items.items() if first == second)
        for user_id in pair:
            shared[user_id] += items.total()
            same[user_id] += equal
    return {user_id: Share(same[user_id], number) for user_id, number in shared.items()}


def same_as_settled(words: Words, settled: ItemLabels) -> dict[int, Share]:
    """Of each person's words on items that a curator settled, how many say the same."""
    return {
        user_id: Share(sum(number for (own, other), number in items.items() if own == other), items.total())
        for user_id, items in words.against(settled).items()
    }


def _listing(actor: Actor, project_id: int, role: Role, rounds: int, of: int | None) -> list[Performance]:
    if not 1 <= rounds <= MOST_ROUNDS:
        raise InvalidInput(f"Figures are shown over 1 to {MOST_ROUNDS} rounds. Ask for fewer.")
    row = tables.Round
    with reading() as db:
        require(db, actor, project_id, role)
        reviewed = (row.project_id == project_id, row.is_reviewed, row.archived_at.is_(None))
        newest = select(row).where(*reviewed).order_by(row.number.desc()).limit(rounds)
        shown = [round_ for round_ in reversed(list(db.scalars(newest))) if not review_scope.is_before_people(round_)]
        versions = _versions(db, shown)
        return [line for round_ in shown for line in _kept_of_round(db, round_, of, versions[round_.id])]


def _versions(db: Session, rounds: Sequence[tables.Round]) -> dict[int, tuple[Any, ...]]:
    """By round what its figures depend on: its decisions, its gold items, its settings, and how far it is.

    Decisions are counted, too: PostgreSQL gives their numbers out before they are committed, so a smaller one may come
    after a greater.
    """
    decision, gold, ids = tables.Decision, tables.GoldItem, [round_.id for round_ in rounds]
    last = select(decision.round_id, func.count(), func.max(decision.id)).where(decision.round_id.in_(ids))
    items = select(gold.round_id, func.count(), func.max(gold.created_at)).where(gold.round_id.in_(ids))
    decided = {id_: (number, newest) for id_, number, newest in db.execute(last.group_by(decision.round_id))}
    known = {id_: (number, at) for id_, number, at in db.execute(items.group_by(gold.round_id))}
    return {
        round_.id: (
            *(round_.created_at, round_.status, round_.phase, str(round_.review)),
            *(decided.get(round_.id), known.get(round_.id)),
        )
        for round_ in rounds
    }


def _kept_of_round(
    db: Session, round_: tables.Round, of: int | None, version: tuple[Any, ...]
) -> tuple[Performance, ...]:
    """The figures as they were computed last, while nothing changed that they depend on; names are asked for anew."""
    place = (round_.id, of)
    kept = _kept.get(place)
    if kept is None or kept[0] != version:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[place] = kept = (version, tuple(_of_round(db, round_, of)))
        return kept[1]
    names = names_of(db, {line.user_id for line in kept[1]})
    named = [replace(line, who=names.get(line.user_id, "")) for line in kept[1]]
    return tuple(sorted(named, key=lambda line: line.who))


def _of_round(db: Session, round_: tables.Round, of: int | None) -> list[Performance]:
    settings = review_settings.read(round_.review)
    is_told = of is None or round_.status is not RoundStatus.review
    decisions = decision_columns.read(db, round_)
    counted = (
        tallies.of_all(db, round_.id, settings) if of is None else {of: tallies.of_one(db, of, round_.id, settings)}
    )
    effort, passed = _effort(decisions, of), _passed(decisions, of)
    people = {*effort, *passed, *(user_id for user_id, tally in counted.items() if tally.decided)}
    if not people:
        return []
    names = names_of(db, people)
    gold: dict[int, Share] = {}
    colleagues: dict[int, Share] = {}
    settled: dict[int, Share] = {}
    if is_told:
        cut = cut_of_round(round_)
        words = last_words(cast_votes.cast(decisions, cut, items_of=of))
        met = gold_words.of_people(db, round_, decisions, of)
        gold = {user_id: Share(right, seen) for user_id, (seen, right) in met.items()}
        colleagues, settled = same_as_colleagues(words), same_as_settled(words, _settled(decisions, cut))
    lines, none = [], Share(0, 0)
    for user_id in sorted(people, key=lambda id_: names.get(id_, "")):
        decided = counted[user_id].decided if user_id in counted else 0
        timed, seconds = effort.get(user_id, (0, 0.0))
        skips, edits = passed.get(user_id, (0, 0))
        lines.append(
            Performance(
                round_.id,
                round_.number,
                user_id,
                names.get(user_id, ""),
                decided,
                seconds / 60,
                3600 * timed / seconds if seconds else None,
                gold.get(user_id, none) if is_told else None,
                colleagues.get(user_id, none) if is_told else None,
                settled.get(user_id, none) if is_told else None,
                Share(skips, decided + skips),
                edits,
            )
        )
    return lines


def _effort(decisions: DecisionColumns, of: int | None) -> dict[int, tuple[int, float]]:
    """How many decisions of each person were timed, and the seconds of all; bulk actions take no time."""
    is_effort = ~decisions.has(BATCH | COPY | ADJUDICATION) & decisions.is_kind(DECIDING)
    done = decisions.where(is_effort if of is None else is_effort & (decisions.user == of))
    people, places = np.unique(done.user, return_inverse=True)
    timed = np.bincount(places, weights=~np.isnan(done.seconds), minlength=len(people))
    seconds = np.bincount(places, weights=np.nan_to_num(done.seconds), minlength=len(people))
    return {
        int(user_id): (int(number), float(spent)) for user_id, number, spent in zip(people, timed, seconds, strict=True)
    }


def _passed(decisions: DecisionColumns, of: int | None) -> dict[int, tuple[int, int]]:
    """How many items each person skipped, and how many texts they rewrote."""
    stands = decisions.where(decisions.stands & ~decisions.has(BATCH))
    skips = stands.where(stands.is_kind((DecisionKind.skip,)))
    skips = skips.where(last_of_each(skips.sample, skips.user))
    edits = stands.where(stands.is_kind((DecisionKind.edit,)))
    skipped, edited = Counter(skips.user.tolist()), Counter(edits.user.tolist())
    people = {*skipped, *edited} if of is None else {*skipped, *edited} & {of}
    return {user_id: (skipped[user_id], edited[user_id]) for user_id in people}


def _settled(decisions: DecisionColumns, cut: float) -> ItemLabels:
    """What curators settled, by item: a verdict, or the best of a group."""
    shapes = decisions.stands & decisions.is_kind(DECIDING) & ~decisions.has(LATE | GOLD)
    settling = decisions.where(shapes & decisions.has(ADJUDICATION))
    last = settling.where(last_of_each(settling.sample))
    is_score = last.is_kind((DecisionKind.score,)) & ~np.isnan(last.score)
    accepts = np.where(is_score, last.score >= cut, last.is_kind((DecisionKind.accept,)))
    words = raw_word(last.is_kind(TOGETHER), last.best, np.where(accepts, ACCEPT, REJECT))
    order = np.argsort(last.sample)
    domain, codes = np.unique(words[order], return_inverse=True)
    return ItemLabels(last.sample[order], codes, domain.tolist())
