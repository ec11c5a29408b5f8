"""Two to four rounds side by side: each against the first, and which of them is best."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.differences import Difference
from backend.errors import InvalidInput
from backend.services.access import Actor, require
from backend.services.held_out import knobs, measured
from backend.services.held_out.baseline import accuracy
from backend.services.held_out.compared import (
    MOST_SIDES,
    Compared,
    ComparedMetric,
    ComparedSide,
    named,
    of_rounds,
    of_sides,
    pair_of,
)
from backend.services.held_out.measured import ACCURACY, Measurement
from backend.values import Role

UNMEASURED = "fewer than two of them were measured on held-out prompts with a known answer"
NO_RECIPE = "no recipe"
OTHERS = "they were asked different held-out prompts, so that one order of them all would say nothing"


@dataclass(frozen=True)
class Best:
    """The side with the highest held-out accuracy, and its difference to the next one on the same prompts.

    None, and `why`, where that cannot be said.
    """

    side: ComparedSide | None = None
    second: ComparedSide | None = None
    difference: Difference | None = None
    why: str = ""

    @property
    def is_sure(self) -> bool:
        """Whether chance does not explain the difference to the next one."""
        return self.difference is not None and self.difference.is_better


@dataclass(frozen=True)
class KnobOfAll:
    """A knob in which rounds differ, with the value of each side in words."""

    place: str
    name: str
    label: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class SideBySide:
    """`pairs`: each other side compared with the first one. `best_round`: the same of the rounds alone, where the best
    side is none. `of_rounds`: by the place of a side the metrics of its own samples, compared with those of the first
    round, whose place is `first_round`. `knobs`: None where fewer than two sides are rounds."""

    sides: tuple[ComparedSide, ...]
    pairs: tuple[Compared, ...]
    best: Best
    knobs: tuple[KnobOfAll, ...] | None = None
    best_round: Best | None = None
    first_round: int = 0
    of_rounds: tuple[tuple[int, tuple[ComparedMetric, ...]], ...] = ()


def compare_all(actor: Actor, project_id: int, keys: Sequence[str]) -> SideBySide:
    """Compare the sides of these keys with the first of them.

    Raises `InvalidInput` for fewer than two, more than `MOST_SIDES` or one twice, `NotFound` for one that the project
    has not.
    """
    if not 2 <= len(keys) <= MOST_SIDES:
        raise InvalidInput(f"2 to {MOST_SIDES} rounds can stand side by side, not {len(keys)}. Choose others.")
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        first, *others = named(db, project_id, keys)
        listed = measured.all_of(db, project_id)
        pairs = tuple(of_sides(db, listed, first, other) for other in others)
        sides = (first, *others)
        best, places = _best(db, listed, sides, pairs), [n for n, side in enumerate(sides) if side.round_id is not None]
        rounds = [sides[n] for n in places]
        is_base = best.side is not None and best.side.round_id is None and len(rounds) > 1
        best_round = _best(db, listed, rounds, pairs) if is_base else None
        at = places[0] if places else 0
        # Of a round that stands alone its numbers are shown beside nothing.
        measured_rounds = [n for n in places if n != at] or places
        numbers = tuple((n, tuple(of_rounds(db, sides[at].round_id, sides[n].round_id))) for n in measured_rounds)
        return SideBySide(sides, pairs, best, _knobs(db, sides), best_round, at, numbers)


def _knobs(db: Session, sides: Sequence[ComparedSide]) -> tuple[KnobOfAll, ...] | None:
    rounds = {n: db.get_one(tables.Round, side.round_id) for n, side in enumerate(sides) if side.round_id is not None}
    if len(rounds) < 2:
        return None
    (_, first), *others = rounds.items()
    rows: dict[tuple[str, str], tuple[str, list[str]]] = {}
    for n, other in others:
        for knob in knobs.differing(db, first, other):
            # A round in which the knob does not differ has the first one's value.
            same = [knob.old if place in rounds else NO_RECIPE for place in range(len(sides))]
            _, row = rows.setdefault((knob.place, knob.name), (knob.label, same))
            row[n] = knob.new
    return tuple(KnobOfAll(place, name, label, tuple(row)) for (place, name), (label, row) in rows.items())


def _best(db: Session, listed: Sequence[Measurement], sides: Sequence[ComparedSide], pairs: Sequence[Compared]) -> Best:
    values: dict[str, tuple[float, int]] = {}
    for pair in pairs:
        numbers = [number for number in pair.numbers if number.name == ACCURACY and number.of_checkpoint]
        measurements = [(pair.old, number.old) for number in numbers] + [(pair.new, number.new) for number in numbers]
        for side, value in measurements:
            if value is not None and value.value is not None:
                values[side.key] = value.value, value.n
    ranked = sorted((side for side in sides if side.key in values), key=lambda side: -values[side.key][0])
    if len(ranked) < 2:
        return Best(why=UNMEASURED)
    asked = [pair for pair in pairs if pair.old_asked is not None and pair.new_asked is not None]
    if any(not pair.old_asked == pair.new_asked == pair.common for pair in asked):
        return Best(why=OTHERS)
    # The highest stands first; among equal ones the order of the page, which the sort keeps.
    best, second = next(pairwise(ranked))
    old, new = pair_of(listed, second, best)
    if old is None or new is None:
        return Best(why=UNMEASURED)
    return Best(best, second, accuracy(*measured.verdicts_of(db, [old, new])))
