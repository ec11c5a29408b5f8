"""Each person's figures over the rounds of a project: how much, how fast, and how far they agree with what was right.

Colleagues' figures are for curators. A person sees their own; of a review that goes on they are not told what would
name gold items, or what others said.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import reading, standing, tables
from backend.db.standing import DECIDING, TOGETHER
from backend.errors import InvalidInput
from backend.metrics._intervals import wilson
from backend.services import review_settings
from backend.services.access import Actor, require
from backend.services.decisions import tallies, votes
from backend.services.decisions.acts import is_first, spent
from backend.services.decisions.labels import Rules
from backend.services.decisions.verdicts import Vote, verdict_of
from backend.services.people.names import names_of
from backend.services.rounds import review_scope
from backend.values import DecisionKind, Role, RoundStatus, Verdict

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


def same_as_colleagues(cast: Iterable[Vote]) -> dict[int, Share]:
    """Of each person's words on items that others have a word on, how often one is equal to another's, by pair."""
    by_item: dict[int, dict[int, Any]] = defaultdict(dict)
    for vote in cast:
        if (word := _word(vote)) is not None:
            by_item[vote.sample_id][vote.user_id] = word
    same, shared = defaultdict[int, int](int), defaultdict[int, int](int)
    for words in by_item.values():
        for user_id, word in words.items():
            others = [other for person, other in words.items() if person != user_id]
            shared[user_id] += len(others)
            same[user_id] += sum(other == word for other in others)
    return {user_id: Share(same[user_id], number) for user_id, number in shared.items()}


def same_as_settled(cast: Iterable[Vote], settled: dict[int, Any]) -> dict[int, Share]:
    """Of each person's words on items that a curator settled, how many say the same."""
    same, number = defaultdict[int, int](int), defaultdict[int, int](int)
    for vote in cast:
        if vote.sample_id in settled and (word := _word(vote)) is not None:
            number[vote.user_id] += 1
            same[vote.user_id] += word == settled[vote.sample_id]
    return {user_id: Share(same[user_id], count) for user_id, count in number.items()}


def _word(vote: Vote) -> Any:
    return vote.verdict if vote.best is None else vote.best


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
    counted = (
        tallies.of_all(db, round_.id, settings) if of is None else {of: tallies.of_one(db, of, round_.id, settings)}
    )
    effort, passed = _effort(db, round_.id, of), _passed(db, round_.id, of)
    people = {*effort, *passed, *(user_id for user_id, tally in counted.items() if tally.decided)}
    if not people:
        return []
    names = names_of(db, people)
    gold: dict[int, Share] = {}
    colleagues: dict[int, Share] = {}
    settled: dict[int, Share] = {}
    if is_told:
        cast = votes.read(db, round_.id, items_of=of).cast
        gold, colleagues = _gold(db, round_.id, of), same_as_colleagues(cast)
        settled = same_as_settled(cast, _settled(db, round_.id))
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


def _effort(db: Session, round_id: int, of: int | None) -> dict[int, tuple[int, float]]:
    """How many decisions of each person were timed, and the seconds of all; bulk actions take no time."""
    decision = tables.Decision
    query = select(decision.user_id, func.count(decision.seconds), func.sum(spent(decision)))
    query = query.where(decision.round_id == round_id, decision.batch_id.is_(None), is_first(decision))
    query = query.where(decision.kind.in_((*DECIDING, *TOGETHER)), ~decision.is_adjudication)
    query = query if of is None else query.where(decision.user_id == of)
    return {
        user_id: (timed, float(seconds or 0))
        for user_id, timed, seconds in db.execute(query.group_by(decision.user_id))
    }


def _passed(db: Session, round_id: int, of: int | None) -> dict[int, tuple[int, int]]:
    """How many items each person skipped, and how many texts they rewrote."""
    decision = tables.Decision
    skips = func.count(decision.sample_id.distinct()).filter(decision.kind == DecisionKind.skip)
    edits = func.count().filter(decision.kind == DecisionKind.edit)
    query = standing.by_hand(decision.user_id, skips, edits, kinds=(DecisionKind.skip, DecisionKind.edit))
    query = query.where(decision.round_id == round_id)
    query = query if of is None else query.where(decision.user_id == of)
    return {user_id: (skipped, edited) for user_id, skipped, edited in db.execute(query.group_by(decision.user_id))}


def _gold(db: Session, round_id: int, of: int | None) -> dict[int, Share]:
    """How often each person's last word on a gold item was right."""
    decision, gold = tables.Decision, tables.GoldItem
    query = (
        standing.on_gold(decision.user_id, decision.sample_id, decision.kind, decision.score, gold.verdict)
        .join(gold, gold.sample_id == decision.sample_id)
        .where(gold.round_id == round_id)
        .order_by(decision.id)
    )
    query = query if of is None else query.where(decision.user_id == of)
    cut = Rules(db, {round_id}).cuts.get(round_id, 0.5)
    last: dict[int, dict[int, bool]] = defaultdict(dict)
    for user_id, sample_id, kind, score, known in db.execute(query):
        accepts = verdict_of(kind, None if score is None else float(score), cut) is Verdict.accept
        last[user_id][sample_id] = accepts == (known is Verdict.accept)
    return {user_id: Share(sum(words.values()), len(words)) for user_id, words in last.items()}


def _settled(db: Session, round_id: int) -> dict[int, Any]:
    """What curators settled, by item: a verdict, or the best of a group."""
    decision = tables.Decision
    query = standing.label_words(decision.sample_id, decision.kind, decision.score, decision.value)
    query = query.where(decision.round_id == round_id, decision.is_adjudication).order_by(decision.id)
    cut = Rules(db, {round_id}).cuts.get(round_id, 0.5)
    return {sample_id: _settles(kind, score, value or {}, cut) for sample_id, kind, score, value in db.execute(query)}


def _settles(kind: DecisionKind, score: float | None, value: dict[str, Any], cut: float) -> Any:
    if kind not in TOGETHER:
        return verdict_of(kind, None if score is None else float(score), cut)
    if value.get("all_bad"):
        return "all bad"
    order = value.get("order") or [value.get("best")]
    return "tie" if value.get("tie") or order[0] is None else int(order[0])
