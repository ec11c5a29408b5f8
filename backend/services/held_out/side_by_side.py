"""Two to four rounds side by side: each against the first, and which of them is best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
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
    measurements,
    named,
    of_rounds,
    of_sides,
)
from backend.services.held_out.measured import Measurement
from backend.services.held_out.read_once import HeldOutRows
from backend.services.results.accuracies import accuracies
from backend.services.results.starts import highest
from backend.values import Role

UNMEASURED = "fewer than two of them were measured on held-out prompts with a known answer"
NO_RECIPE = "no recipe"
OTHERS = "they were asked different held-out prompts, so that one order of them all would say nothing"


@dataclass(frozen=True)
class BestSide:
    """The side with the highest held-out accuracy of `of` that were measured, and its difference to the next one on the
    same prompts; of three sides or more the interval and p hold for as many differences together (Bonferroni).

    `rounds`: where one of the two is the highest of so many rounds of the project that were asked the same, they hold
    for these instead, as on the overview; else 0. None, and `why`, where that cannot be said.
    """

    side: ComparedSide | None = None
    second: ComparedSide | None = None
    difference: Difference | None = None
    why: str = ""
    of: int = 0
    rounds: int = 0

    @property
    def is_sure(self) -> bool:
        """Whether chance does not explain the difference to the next one."""
        return self.difference is not None and self.difference.is_better

    @property
    def times(self) -> int:
        """Of how many differences the one to the next is one."""
        return self.rounds or (self.of if self.of > 2 else 1)

    @property
    def chosen(self) -> ComparedSide | None:
        """The side that was chosen as the highest of so many: of rounds the one that is a round."""
        is_base = self.side is not None and self.side.round_id is None
        return self.second if self.rounds and is_base else self.side


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
    best: BestSide
    knobs: tuple[KnobOfAll, ...] | None = None
    best_round: BestSide | None = None
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
        first, *others = named(db, actor, project_id, keys)
        listed = measurements(db, project_id, (first, *others))
        read = HeldOutRows(db)
        pairs = tuple(of_sides(read, listed, first, other) for other in others)
        sides = (first, *others)
        tops = _highest(db, project_id)
        best, places = (
            _best(read, listed, sides, tops),
            [n for n, side in enumerate(sides) if side.round_id is not None],
        )
        rounds = [sides[n] for n in places]
        is_base = best.side is not None and best.side.round_id is None and len(rounds) > 1
        best_round = _best(read, listed, rounds, tops) if is_base else None
        at = places[0] if places else 0
        # Of a round that stands alone its numbers are shown beside nothing.
        measured_rounds = [n for n in places if n != at] or places
        numbers = tuple((n, _of_samples(read, sides, pairs, at, n)) for n in measured_rounds)
        return SideBySide(sides, pairs, best, _knobs(db, sides), best_round, at, numbers)


def _knobs(db: Session, sides: Sequence[ComparedSide]) -> tuple[KnobOfAll, ...] | None:
    rounds = {n: db.get_one(tables.Round, side.round_id) for n, side in enumerate(sides) if side.round_id is not None}
    if len(rounds) < 2:
        return None
    (_, first), *others = rounds.items()
    rows: dict[tuple[knobs.Place, str], tuple[knobs.DifferingKnob, list[str]]] = {}
    for n, other in others:
        for step, knob in knobs.placed(db, first, other):
            # A round in which the knob does not differ has the first one's value.
            same = [knob.old if place in rounds else NO_RECIPE for place in range(len(sides))]
            _, row = rows.setdefault((step, knob.name), (knob, same))
            row[n] = knob.new
    listed: list[KnobOfAll] = []
    for (_, name), (knob, row) in rows.items():
        place, label = knob.place, knob.label
        as_listed = knobs.of_step(place, row) if name == "step" else [(name, label, tuple(row))]
        listed += [KnobOfAll(place, *entry) for entry in as_listed]
    return tuple(_in_order(listed))


def _in_order(listed: Sequence[KnobOfAll]) -> list[KnobOfAll]:
    """Step by step, what the rounds say beside their steps first; what has one name before its first dot together."""
    first: dict[tuple[str, str], int] = {}
    for n, knob in enumerate(listed):
        first.setdefault((knob.place, ""), n)
        first.setdefault((knob.place, knob.name.split(".")[0]), n)

    def key(knob: KnobOfAll) -> tuple[int, int, int]:
        number = int(knob.place.split(".")[0]) if knob.place else 0
        return number, first[knob.place, ""], first[knob.place, knob.name.split(".")[0]]

    return sorted(listed, key=key)


def _of_samples(
    read: HeldOutRows, sides: Sequence[ComparedSide], pairs: Sequence[Compared], at: int, n: int
) -> tuple[ComparedMetric, ...]:
    """The metrics of a round's own samples, compared with the first round's."""
    if at == 0 and n > 0:
        return tuple(number for number in pairs[n - 1].numbers if not number.of_checkpoint)
    return tuple(of_rounds(read, sides[at].round_id, sides[n].round_id))


def _highest(db: Session, project_id: int) -> dict[int, int]:
    """The checkpoints of the rounds with the highest held-out accuracy, each with of how many rounds."""
    query = select(tables.Round.checkpoint_id).where(tables.Round.project_id == project_id)
    ids, numbers = {*db.scalars(query)}, accuracies(db, project_id)
    return highest({id_: number for id_, number in numbers.items() if id_ in ids})


def _best(
    read: HeldOutRows, listed: Sequence[Measurement], sides: Sequence[ComparedSide], tops: Mapping[int, int]
) -> BestSide:
    known = {measurement.checkpoint_id for measurement in listed if measurement.metric_id is not None}
    there = {side.checkpoint_id: side for side in sides if side.checkpoint_id in known}
    chosen = measured.choose(listed, [id_ for id_ in there if id_ is not None])
    metric = tables.Metric
    query = select(metric.id, metric.value).where(metric.id.in_([side.metric_id for side in chosen if side.metric_id]))
    values = {id_: value for id_, value in read.db.execute(query) if value is not None}
    # The highest stands first; among equal ones the order of the page, which the sort keeps.
    ranked = sorted(
        (measurement for measurement in chosen if measurement.metric_id in values),
        key=lambda measurement: -values[measurement.metric_id or 0],
    )
    if len(ranked) < 2:
        return BestSide(why=UNMEASURED)
    first, *others = (read.asked(measurement) for measurement in ranked)
    if any(other != first for other in others):
        return BestSide(why=OTHERS)
    top, below = ranked[0], ranked[1]
    chosen_of = max(tops.get(side.checkpoint_id, 0) for side in (top, below))
    # Two sides are one difference, whichever of them is higher.
    times = chosen_of or (len(ranked) if len(ranked) > 2 else 1)
    gap = accuracy(*measured.verdicts_of(read.db, [below, top]), times=times)
    return BestSide(there[top.checkpoint_id], there[below.checkpoint_id], gap, of=len(ranked), rounds=chosen_of)
