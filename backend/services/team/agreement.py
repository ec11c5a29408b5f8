"""How far the people of a round agree with each other and with the judge, per criterion."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.metrics import _agreement as measures
from backend.metrics._agreement import Figure, Pattern, Value
from backend.services import archived
from backend.services.access import Actor
from backend.services.decisions import cast_votes, decision_columns
from backend.services.decisions.cast_votes import CastVotes
from backend.services.decisions.decision_columns import ALL_BAD, TIE, DecisionColumns, last_of_each
from backend.services.decisions.patterns import ItemLabels, Words, coded
from backend.services.decisions.rules import cut_of_round
from backend.services.people.names import names_of
from backend.services.rounds import get_row
from backend.services.team import machine_labels
from backend.translations import N_
from backend.values import SCORE_GAP, Role

JUDGE = N_("the judge")
SHOWN = N_("the judge's view was shown before")
VERDICTS: tuple[Value, ...] = ("reject", "accept")
GONE = "gone"
"""The place of a text that is not in its group any more."""


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
class Gathered:
    """What the figures are made of: votes, and by criterion people's words and the judge's on the same items.

    An item is a sample, or a group's first sample.
    """

    votes: CastVotes
    words: Mapping[Criterion, Words]
    judged: Mapping[Criterion, ItemLabels]

    def words_of(self, criterion: Criterion, mask: Any) -> Words:
        """The words of those votes."""
        words = self.words[criterion]
        return words.where(mask[words.vote])


def measure(actor: Actor, round_id: int) -> Agreement:
    """Every measure of the round; needs a curator, because it names people."""
    with reading() as db:
        row = get_row(db, actor, round_id, Role.curator)
        archived.refuse(row)
        return of_round(db, row)


def of_round(db: Session, round_: tables.Round) -> Agreement:
    gathered_votes = gathered(db, round_, decision_columns.read(db, round_))
    return computed(round_.id, gathered_votes, names_of(db, np.unique(gathered_votes.votes.user).tolist()))


def gathered(
    db: Session,
    round_: tables.Round,
    decisions: DecisionColumns,
    *,
    with_gold: bool = False,
    items_of: int | None = None,
) -> Gathered:
    """The votes among a round's decisions, and the judge's word on their items.

    `with_gold`: words on gold items, too. `items_of`: only of the items that this person has decided.
    """
    votes = cast_votes.cast(decisions, cut_of_round(round_), items_of=items_of, with_gold=with_gold)
    alone, groups = votes.sample[~votes.together], np.unique(votes.group[votes.together]).tolist()
    machine, of_groups = machine_labels.of(db, round_, np.unique(alone), groups)
    scores, domain = coded(machine.score)
    # A decision on a group names its first sample.
    firsts = zip(votes.group[votes.together].tolist(), votes.sample[votes.together].tolist(), strict=True)
    items = sorted((item, of_groups.best[group]) for group, item in set(firsts) if group in of_groups.best)
    return Gathered(
        votes,
        {criterion: _words(votes, criterion, of_groups.places) for criterion in Criterion},
        {
            Criterion.verdict: ItemLabels(machine.sample, machine.verdict, VERDICTS),
            Criterion.score: ItemLabels(machine.sample, scores, domain),
            Criterion.best: _given(items),
        },
    )


def computed(round_id: int, of: Gathered, names: dict[int, str]) -> Agreement:
    """The measures; no database is held while this computes."""
    pairs: list[RaterPair] = []
    judge: list[RaterPair] = []
    at_random: list[RaterPair] = []
    hidden, is_random = of.votes.hidden, of.votes.hidden & of.votes.random
    for criterion in Criterion:
        words = of.words[criterion]
        if not len(words):
            continue
        pairs += [
            _pair(criterion, first, names.get(first, ""), other, names.get(other, ""), items)
            for (first, other), items in words.pairs().items()
        ]
        judge += with_judge(criterion, of.words_of(criterion, hidden), of.judged[criterion], names)
        at_random += with_judge(criterion, of.words_of(criterion, is_random), of.judged[criterion], names)
    shown = len(of.votes) - int(hidden.sum())
    left_out = of.votes.left_out
    more = {SHOWN: shown} if shown else {}
    return Agreement(
        round_id, among_people(of.words), tuple(pairs), tuple(judge), tuple(at_random), left_out, left_out | more
    )


def among_people(words: Mapping[Criterion, Words]) -> tuple[Among, ...]:
    """All people together, on each criterion by which something was said."""
    return tuple(_among(criterion, some) for criterion, some in words.items() if len(some))


def among_all(db: Session, round_: tables.Round, decisions: DecisionColumns) -> tuple[Among, ...]:
    """The same of a round's decisions. What the judge gave the samples is not read."""
    votes = cast_votes.cast(decisions, cut_of_round(round_))
    groups = np.unique(votes.group[votes.together]).tolist()
    places = machine_labels.of(db, round_, np.array([], dtype=np.int64), groups)[1].places if groups else {}
    return among_people({criterion: _words(votes, criterion, places) for criterion in Criterion})


def with_judge(criterion: Criterion, words: Words, judged: ItemLabels, names: dict[int, str]) -> list[RaterPair]:
    """Each person against the judge, where it has a word."""
    return [
        _pair(criterion, user_id, names.get(user_id, ""), None, JUDGE, items)
        for user_id, items in words.against(judged).items()
    ]


def _words(votes: CastVotes, criterion: Criterion, places: Mapping[int, str]) -> Words:
    """What was said by a criterion; a person's last word on an item."""
    domain: list[Value] = [*VERDICTS]
    if criterion is Criterion.verdict:
        code = votes.verdict
    elif criterion is Criterion.score:
        code, domain = coded(votes.score)
    else:
        # Which sample it was means nothing across groups; where it stood does, and is what chance agreement is about.
        firsts_of_votes = [_first(best, places) for best in votes.best[votes.together].tolist()]
        domain = sorted(set(firsts_of_votes))
        place_of = {value: place for place, value in enumerate(domain)}
        code = np.full(len(votes), -1)
        code[votes.together] = [place_of[value] for value in firsts_of_votes]
    kept = np.flatnonzero(code >= 0)
    kept = kept[last_of_each(votes.sample[kept], votes.user[kept])] if len(kept) else kept
    return Words(votes.sample[kept], votes.user[kept], code[kept], kept, domain)


def _first(best: int, places: Mapping[int, str]) -> str:
    return "all bad" if best == ALL_BAD else "tie" if best == TIE else places.get(best, GONE)


def _among(criterion: Criterion, words: Words) -> Among:
    items, is_score = words.patterns(), criterion is Criterion.score
    return Among(
        criterion,
        people=len(np.unique(words.user)),
        percent=measures.percent(items, within=SCORE_GAP if is_score else 0.0),
        fleiss=measures.UNKNOWN if is_score else measures.fleiss(items),
        alpha=measures.alpha(items, is_interval=is_score),
    )


def _pair(
    criterion: Criterion, first_id: int, first: str, second_id: int | None, second: str, items: Counter[Pattern]
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


def _given(items: Iterable[tuple[int, str]]) -> ItemLabels:
    """What the judge gave, of items in order of their numbers."""
    listed = list(items)
    domain = sorted({word for _, word in listed})
    place_of = {word: place for place, word in enumerate(domain)}
    ids = np.array([item for item, _ in listed], dtype=np.int64)
    return ItemLabels(ids, np.array([place_of[word] for _, word in listed], dtype=np.int64), domain)
