"""How far the people of a round agree with each other and with the judge, per criterion."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.db.many import among, in_chunks
from backend.metrics import _agreement as measures
from backend.metrics._agreement import Figure, Value
from backend.services import archived
from backend.services.access import Actor
from backend.services.decisions import votes
from backend.services.decisions.verdicts import Vote
from backend.services.rounds import get_row, kept_figures
from backend.values import SCORE_GAP, Role

JUDGE = "the judge"
SHOWN = "the judge's view was shown before"
Said = dict[int, dict[int, Value]]
"""Of each item (a sample, or a group's first sample): what each person said."""


class Criterion(StrEnum):
    """What two words on one item are compared by."""

    verdict = "verdict"
    score = "score"
    best = "best of group"


@dataclass(frozen=True)
class Among:
    """All people together on one criterion, over the items that two or more of them decided."""

    criterion: Criterion
    people: int
    percent: Figure
    fleiss: Figure
    alpha: Figure


@dataclass(frozen=True)
class RaterPair:
    """Two people, or one and the judge (`second_id` None), over the items both have a word on."""

    criterion: Criterion
    first_id: int
    first: str
    second_id: int | None
    second: str
    percent: Figure
    cohen: Figure
    alpha: Figure


@dataclass(frozen=True)
class Agreement:
    """`left_out` and `left_out_of_judge` count the decisions that are in no figure, by reason.

    Judge figures stand on decisions made before the judge's view was seen. `judge_random`: on those among them whose
    item was drawn at random, because a queue that seeks out doubtful items shows the judge at its worst.
    """

    round_id: int
    among: tuple[Among, ...]
    pairs: tuple[RaterPair, ...]
    judge: tuple[RaterPair, ...]
    judge_random: tuple[RaterPair, ...]
    left_out: dict[str, int]
    left_out_of_judge: dict[str, int]


@dataclass(frozen=True)
class JudgesWord:
    """What the judge gave, in the criteria's terms."""

    verdict: dict[int, Value]
    score: dict[int, Value]
    best: dict[int, Value]


def measure(actor: Actor, round_id: int) -> Agreement:
    """Every measure of the round; needs a curator, because it names people."""
    with reading() as db:
        row = get_row(db, actor, round_id, Role.curator)
        archived.refuse(row)
        return kept_figures.figures(row, "agreement", lambda: of_round(db, round_id))


def of_round(db: Session, round_id: int) -> Agreement:
    return computed(round_id, *gathered(db, round_id))


def gathered(
    db: Session, round_id: int, *, with_gold: bool = False, items_of: int | None = None
) -> tuple[votes.Votes, dict[int, str], JudgesWord, dict[int, str]]:
    """Votes, people's names, the judge's word, and the place of each sample in its group.

    items_of: only of the items that this person has decided.
    """
    read = votes.read(db, round_id, items_of=items_of)
    if with_gold:
        read = replace(read, cast=read.cast + read.on_gold)
    people = {vote.user_id for vote in read.cast}
    names = names_of(db, people)
    places = _places(db, [vote.group_id for vote in read.cast if vote.best is not None])
    return read, names, _judges_word(db, read.cast, places), places


def names_of(db: Session, user_ids: Collection[int]) -> dict[int, str]:
    """The names of these people."""
    user = tables.User
    return dict(db.execute(select(user.id, user.name).where(among(user.id, user_ids))).tuples().all())


def computed(
    round_id: int, read: votes.Votes, names: dict[int, str], word: JudgesWord, places: dict[int, str]
) -> Agreement:
    """The measures; no database is held while this computes."""
    among: list[Among] = []
    pairs: list[RaterPair] = []
    judge: list[RaterPair] = []
    at_random: list[RaterPair] = []
    hidden = [vote for vote in read.cast if vote.judge_hidden]
    for criterion in Criterion:
        by_item_ = by_item(read.cast, criterion, places)
        if not by_item_:
            continue
        among.append(_among(criterion, by_item_))
        pairs += between_people(criterion, by_item_, names)
        judge += with_judge(criterion, hidden, names, word, places)
        at_random += with_judge(criterion, [vote for vote in hidden if vote.is_random], names, word, places)
    shown = len(read.cast) - len(hidden)
    more = {SHOWN: shown} if shown else {}
    return Agreement(
        round_id, tuple(among), tuple(pairs), tuple(judge), tuple(at_random), read.left_out, read.left_out | more
    )


def by_item(cast: Iterable[Vote], criterion: Criterion, places: dict[int, str]) -> Said:
    """What was said of each item, by person."""
    values_by_item: Said = defaultdict(dict)
    for vote in cast:
        value = _value(vote, criterion, places)
        if value is not None:
            values_by_item[vote.sample_id][vote.user_id] = value
    return values_by_item


def between_people(criterion: Criterion, by_item: Said, names: dict[int, str]) -> list[RaterPair]:
    """Every two people who have items in common."""
    common: dict[tuple[int, int], list[tuple[Value, Value]]] = defaultdict(list)
    for words in by_item.values():
        for first, other in combinations(sorted(words), 2):
            common[first, other].append((words[first], words[other]))
    return [
        _pair(criterion, first, names.get(first, ""), other, names.get(other, ""), items)
        for (first, other), items in sorted(common.items())
    ]


def with_judge(
    criterion: Criterion, cast: Iterable[Vote], names: dict[int, str], word: JudgesWord, places: dict[int, str]
) -> list[RaterPair]:
    """Each person against the judge, where it has a word."""
    judged = getattr(word, criterion.name)
    items: dict[int, list[tuple[Value, Value]]] = defaultdict(list)
    for item, words in by_item(cast, criterion, places).items():
        for user_id, value in words.items():
            if item in judged:
                items[user_id].append((value, judged[item]))
    return [
        _pair(criterion, user_id, names.get(user_id, ""), None, JUDGE, pairs)
        for user_id, pairs in sorted(items.items())
    ]


def _value(vote: Vote, criterion: Criterion, places: dict[int, str]) -> Value | None:
    if criterion is Criterion.score:
        return vote.score
    if criterion is Criterion.verdict:
        return str(vote.verdict) if vote.verdict else None
    # Which sample it was means nothing across groups; where it stood does, and is what chance agreement is about.
    return places.get(vote.best, "gone") if isinstance(vote.best, int) else vote.best


def _among(criterion: Criterion, by_item: Said) -> Among:
    items = [tuple(words.values()) for words in by_item.values() if len(words) > 1]
    is_score = criterion is Criterion.score
    return Among(
        criterion,
        people=len({person for words in by_item.values() for person in words}),
        percent=measures.percent(items, within=SCORE_GAP if is_score else 0.0),
        fleiss=measures.UNKNOWN if is_score else measures.fleiss(items),
        alpha=measures.alpha(items, is_interval=is_score),
    )


def _pair(
    criterion: Criterion,
    first_id: int,
    first: str,
    second_id: int | None,
    second: str,
    items: Sequence[tuple[Value, Value]],
) -> RaterPair:
    is_score = criterion is Criterion.score
    return RaterPair(
        criterion,
        first_id,
        first,
        second_id,
        second,
        percent=measures.percent(items, within=SCORE_GAP if is_score else 0.0),
        cohen=measures.UNKNOWN if is_score else measures.cohen(items),
        alpha=measures.alpha(items, is_interval=is_score),
    )


def _places(db: Session, group_ids: Iterable[int]) -> dict[int, str]:
    """The place of each sample in its group, as a word that sorts; of equal texts the first one's."""
    sample = tables.Sample
    places: dict[int, str] = {}
    for chunk in in_chunks(sorted(set(group_ids))):
        first: dict[tuple[int, str], str] = {}
        query = select(sample.id, sample.group_id, sample.position, sample.text)
        query = query.where(sample.group_id.in_(chunk), sample.kind.in_(tables.JUDGED)).order_by(sample.position)
        for id_, group_id, position, text in db.execute(query):
            places[id_] = first.setdefault((group_id, text.strip()), f"{position + 1:03}")
    return places


def _judges_word(db: Session, cast: Iterable[Vote], places: dict[int, str]) -> JudgesWord:
    """The judge's verdicts and scores; the best of a group is the one it scored highest, if that is one."""
    alone = sorted({vote.sample_id for vote in cast if vote.best is None})
    groups = {vote.group_id: vote.sample_id for vote in cast if vote.best is not None}
    label, sample = tables.Label, tables.Sample
    word = JudgesWord({}, {}, {})
    for chunk in in_chunks(alone):
        query = select(label.sample_id, label.machine_verdict, label.machine_score).where(label.sample_id.in_(chunk))
        for id_, verdict, score in db.execute(query):
            word.verdict.update({id_: str(verdict)} if verdict else {})
            word.score.update({id_: score} if score is not None else {})
    scores: dict[int, dict[int, float]] = defaultdict(dict)
    for chunk in in_chunks(sorted(groups)):
        scored = select(sample.group_id, sample.id, label.machine_score).join(label, label.sample_id == sample.id)
        scored = scored.where(sample.group_id.in_(chunk), label.machine_score.is_not(None))
        for group_id, id_, score in db.execute(scored):
            if id_ in places and score is not None:
                scores[group_id][id_] = score
    for group_id, group_scores in scores.items():
        highest = {places[id_] for id_, score in group_scores.items() if score == max(group_scores.values())}
        word.best[groups[group_id]] = highest.pop() if len(highest) == 1 else "tie"
    return word
