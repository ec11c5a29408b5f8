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
from backend.services.results.accuracies import MeasuredNumber, accuracies
from backend.services.results.starts import highest, highest_base, is_above
from backend.values import Role

UNMEASURED = "fewer than two of them were measured on held-out prompts with a known answer"
NO_RECIPE = "no recipe"
OTHERS = "they were asked different held-out prompts, so that one order of them all would say nothing"


@dataclass(frozen=True)
class BaseAsHigh:
    """A base that no round is above: the name of its checkpoint and its held-out accuracy."""

    checkpoint: str
    accuracy: float


@dataclass(frozen=True)
class Standing:
    """Of the project's checkpoints their held-out accuracies. `tops`: those of the rounds that are the highest, each
    with of how many rounds; `bases`: those that rounds started from and that no round made, with their names."""

    accuracies: Mapping[int, MeasuredNumber]
    tops: Mapping[int, int]
    bases: Mapping[int, str]

    def base_of(self, side: ComparedSide) -> BaseAsHigh | None:
        """The base that a round is not above; None where it is, where none was asked the same, and of another side."""
        number = self.accuracies.get(side.checkpoint_id or 0)
        if side.round_id is None or number is None:
            return None
        measured_bases = {id_: self.accuracies[id_] for id_ in self.bases if id_ in self.accuracies}
        id_ = highest_base(number, measured_bases)
        if id_ is None or is_above(number, measured_bases[id_]):
            return None
        return BaseAsHigh(self.bases[id_], measured_bases[id_].value)


@dataclass(frozen=True)
class BestSide:
    """The side with the highest held-out accuracy of `of` that were measured, and its difference to the next one on the
    same prompts; of three sides or more the interval and p hold for as many differences together (Bonferroni).

    `rounds`: where one of the two is the highest of so many rounds of the project that were asked the same, they hold
    for these instead, as on the overview; else 0. None, and `why`, where that cannot be said. `base`: of a side that is
    a round the project's base that was asked the same and is as high or higher, if there is one.
    """

    side: ComparedSide | None = None
    second: ComparedSide | None = None
    difference: Difference | None = None
    why: str = ""
    of: int = 0
    rounds: int = 0
    base: BaseAsHigh | None = None

    @property
    def is_equal(self) -> bool:
        """Whether the next one is as high."""
        return self.difference is not None and self.difference.value == 0

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
        standing = _standing(db, project_id)
        best, places = (
            _best(read, listed, sides, standing),
            [n for n, side in enumerate(sides) if side.round_id is not None],
        )
        rounds = [sides[n] for n in places]
        is_base = best.side is not None and best.side.round_id is None and len(rounds) > 1
        best_round = _best(read, listed, rounds, standing) if is_base else None
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
    return tuple(_in_order(_with_trainers(listed, rounds, len(sides))))


def _with_trainers(listed: Sequence[KnobOfAll], rounds: Mapping[int, tables.Round], sides: int) -> Sequence[KnobOfAll]:
    """With the knobs that different trainers share in rows of their own: no row says that one of them lacks it."""
    if (shared := knobs.of_trainers(rounds)) is None:
        return listed
    place, rows = shared
    names = {name for name, _, _ in rows}
    others = [knob for knob in listed if knob.name not in names or not _is_trainers(knob.place)]
    return [
        *others,
        *(
            KnobOfAll(place, name, label, tuple(values.get(n, NO_RECIPE) for n in range(sides)))
            for name, label, values in rows
            if len({*values.values()}) > 1
        ),
    ]


def _is_trainers(place: str) -> bool:
    return place.split(" ")[1:2] == ["trainer"]


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


def _standing(db: Session, project_id: int) -> Standing:
    """Where the project's rounds and bases stand by held-out accuracy."""
    round_, checkpoint = tables.Round, tables.Checkpoint
    query = select(round_.checkpoint_id, round_.policy_id).where(round_.project_id == project_id)
    pairs = db.execute(query).tuples().all()
    ours, numbers = {checkpoint_id for checkpoint_id, _ in pairs}, accuracies(db, project_id)
    tops = highest({id_: number for id_, number in numbers.items() if id_ in ours})
    started = {policy_id for _, policy_id in pairs} - ours
    named_bases = select(checkpoint.id, checkpoint.name).where(
        checkpoint.project_id == project_id, checkpoint.id.in_([id_ for id_ in started if id_ is not None])
    )
    return Standing(numbers, tops, dict(db.execute(named_bases).tuples().all()))


def _best(
    read: HeldOutRows, listed: Sequence[Measurement], sides: Sequence[ComparedSide], standing: Standing
) -> BestSide:
    known = {measurement.checkpoint_id for measurement in listed if measurement.metric_id is not None}
    there = {side.checkpoint_id: side for side in sides if side.checkpoint_id in known}
    chosen = measured.choose(listed, [id_ for id_ in there if id_ is not None])
    metric = tables.Metric
    query = select(metric.id, metric.value).where(metric.id.in_([side.metric_id for side in chosen if side.metric_id]))
    values = {id_: value for id_, value in read.db.execute(query) if value is not None}
    # The highest stands first; among equal ones what no round made, then the order of the page, which the sort keeps.
    ranked = sorted(
        (measurement for measurement in chosen if measurement.metric_id in values),
        key=lambda measurement: (
            -values[measurement.metric_id or 0],
            there[measurement.checkpoint_id].round_id is not None,
        ),
    )
    if len(ranked) < 2:
        return BestSide(why=UNMEASURED)
    first, *others = (read.asked(measurement) for measurement in ranked)
    if any(other != first for other in others):
        return BestSide(why=OTHERS)
    top, below = ranked[0], ranked[1]
    chosen_of = max(standing.tops.get(side.checkpoint_id, 0) for side in (top, below))
    # Two sides are one difference, whichever of them is higher.
    times = chosen_of or (len(ranked) if len(ranked) > 2 else 1)
    gap = accuracy(*measured.verdicts_of(read.db, [below, top]), times=times)
    side, second = there[top.checkpoint_id], there[below.checkpoint_id]
    return BestSide(side, second, gap, of=len(ranked), rounds=chosen_of, base=standing.base_of(side))
