"""Two rounds side by side: what was asked for differently, how their numbers differ, and on which prompts."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.categories import ComparedCategory
from backend.db import reading, tables
from backend.differences import Difference
from backend.errors import InvalidInput, NotFound
from backend.services.access import Actor, require, require_row
from backend.services.held_out import by_category, knobs, measured
from backend.services.held_out.knobs import DifferingKnob
from backend.services.held_out.measured import Measurement
from backend.services.held_out.read_once import HeldOutRows
from backend.services.results.accuracies import ACCURACY
from backend.services.results.metric_differences import between
from backend.services.rounds.reopened import is_kept
from backend.translations import gettext
from backend.values import Role, RoundStatus

MOST_SIDES = 4
"""So many stand side by side."""
KEY = re.compile(r"([rc])([0-9]{1,18})")
ONE_MISSING = "measured on one side only"


@dataclass(frozen=True)
class ComparedSide:
    """A round, or a checkpoint that no round made. `key`: `r3` for round id 3, `c1` for checkpoint id 1."""

    key: str
    name: str
    round_id: int | None
    checkpoint_id: int | None
    checkpoint: str
    status: RoundStatus | None = None
    parent: str = ""


@dataclass(frozen=True)
class Value:
    """A measured number with its own 95 % interval."""

    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class ComparedMetric:
    """A metric on both sides; None where it was not measured. `of_checkpoint`: of held-out answers, else of the round's
    own samples."""

    name: str
    old: Value | None
    new: Value | None
    difference: Difference
    of_checkpoint: bool


@dataclass(frozen=True)
class Compared:
    """`common`: prompts that both were asked; `old_asked`, `new_asked`: how many each was, None where it has no
    held-out answers. `knobs` is None where a side is no round."""

    old: ComparedSide
    new: ComparedSide
    knobs: tuple[DifferingKnob, ...] | None
    numbers: tuple[ComparedMetric, ...]
    common: int
    old_asked: int | None
    new_asked: int | None
    categories: tuple[ComparedCategory, ...] = ()
    has_same_texts: bool = False
    """Whether both were asked the same prompts and gave the same text to each."""


def sides(actor: Actor, project_id: int) -> list[ComparedSide]:
    """What can be compared: the checkpoints that rounds started from and that no round made, then the rounds."""
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        return _sides(db, project_id)


def _sides(db: Session, project_id: int) -> list[ComparedSide]:
    checkpoint, round_, metric = tables.Checkpoint, tables.Round, tables.Metric
    listed = select(round_).where(round_.project_id == project_id).order_by(round_.number)
    rounds = db.scalars(listed).all()
    names = dict(
        db.execute(select(checkpoint.id, checkpoint.name).where(checkpoint.project_id == project_id)).tuples().all()
    )
    checkpoint_ids = {row.checkpoint_id for row in rounds}
    seen = select(metric.checkpoint_id).where(metric.project_id == project_id, metric.checkpoint_id.is_not(None))
    bases = sorted(({row.policy_id for row in rounds} | {*db.scalars(seen.distinct())}) - checkpoint_ids - {None})
    by_id = {row.id: row for row in rounds}
    sides = [
        ComparedSide(f"c{id_}", names.get(id_, ""), None, id_, names.get(id_, "")) for id_ in bases if id_ is not None
    ]
    for row in rounds:
        parent = f"r{row.parent_id}" if row.parent_id in by_id else f"c{row.policy_id}"
        of = names.get(row.checkpoint_id or 0, "")
        status = RoundStatus.done if is_kept(row) else row.status
        name = gettext("Round {number}").format(number=row.number)
        sides.append(ComparedSide(f"r{row.id}", name, row.id, row.checkpoint_id, of, status, parent))
    return sides


def default(actor: Actor, project_id: int, new: str = "") -> tuple[str, str] | None:
    """The side `new`, else the newest round that is done, against the baseline, else against what it started from.

    None where there is no such side.
    """
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        known = _sides(db, project_id)
        baseline_id = db.scalar(select(tables.Project.baseline_id).where(tables.Project.id == project_id))
    wanted = [side for side in known if (side.key == new if new else side.status is RoundStatus.done)]
    if not wanted:
        return None
    side = wanted[-1]
    base = next((side.key for side in known if side.checkpoint_id == baseline_id and baseline_id is not None), "")
    return (base if base and base != side.key else side.parent), side.key


def parent_of(actor: Actor, project_id: int, checkpoint_id: int) -> int | None:
    """The policy of the round that made a checkpoint; None for one that no round made."""
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        query = select(tables.Round.policy_id).where(
            tables.Round.project_id == project_id, tables.Round.checkpoint_id == checkpoint_id
        )
        return db.scalar(query)


def compare(actor: Actor, project_id: int, old: str, new: str) -> Compared:
    """Compare two sides by their keys; raises `NotFound` for one that the project has not, `InvalidInput` for one side
    twice."""
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        first, other = named(db, actor, project_id, [old, new])
        return of_sides(HeldOutRows(db), measurements(db, project_id, (first, other)), first, other)


def measurements(db: Session, project_id: int, asked: Sequence[ComparedSide]) -> list[Measurement]:
    """The measurements of the checkpoints of these sides, newest first."""
    return measured.all_of(db, project_id, [side.checkpoint_id for side in asked if side.checkpoint_id is not None])


def named(db: Session, actor: Actor, project_id: int, keys: Sequence[str]) -> list[ComparedSide]:
    """The sides of these keys; raises `NotFound` for one that the project has not, `InvalidInput` for one twice."""
    known = {side.key: side for side in _sides(db, project_id)}
    sides = [_known(db, actor, known, key) for key in keys]
    twice = next((side for n, side in enumerate(sides) if side.key in {other.key for other in sides[:n]}), None)
    if twice is not None:
        raise InvalidInput(f"{twice.name} stands on both sides, or twice. Choose another one.")
    return sides


def of_sides(read: HeldOutRows, listed: Sequence[Measurement], first: ComparedSide, other: ComparedSide) -> Compared:
    """Compare two sides; `listed`: the project's measurements."""
    db, asked_for = read.db, None
    if first.round_id is not None and other.round_id is not None:
        asked_for = knobs.differing(
            db, db.get_one(tables.Round, first.round_id), db.get_one(tables.Round, other.round_id)
        )
    pair = pair_of(listed, first, other)
    asked = [read.asked(side) for side in pair]
    numbers = (*_of_checkpoints(read, *pair), *of_rounds(read, first.round_id, other.round_id))
    before, after = pair
    categories = by_category.of(db, before, after) if before and after else ()
    common = len(asked[0] & asked[1]) if None not in pair else 0
    # No verdict changed, or the texts did: only then are all of them read.
    may_be_same = asked[0] == asked[1] and any(
        number.name == ACCURACY and number.difference.newly_wrong == number.difference.newly_right == 0
        for number in numbers
        if number.of_checkpoint
    )
    is_same = bool(before and after and may_be_same and read.is_same_text(before, after))
    counts = [None if side is None else len(ids) for side, ids in zip(pair, asked, strict=True)]
    return Compared(first, other, asked_for, numbers, common, counts[0], counts[1], categories, is_same)


def _known(db: Session, actor: Actor, known: Mapping[str, ComparedSide], key: str) -> ComparedSide:
    if key in known:
        return known[key]
    match = KEY.fullmatch(key)
    if match is None:
        raise InvalidInput(f"“{key[:40]}” names no round and no checkpoint. Write r and a round's id, or choose one.")
    what = "round" if match[1] == "r" else "checkpoint that was measured and that no round made,"
    missing = f"There is no {what} {match[2]} in this project. It is another project's, or the address is wrong."
    if match[1] == "r":
        require_row(db, actor, db.get(tables.Round, int(match[2])), Role.viewer, missing)  # it may be in the trash
    raise NotFound(missing)


def pair_of(
    listed: Sequence[Measurement], old: ComparedSide, new: ComparedSide
) -> tuple[Measurement | None, Measurement | None]:
    """The measurements of both that go together; None for a side that has none."""
    ids = {measurement.checkpoint_id for measurement in listed}
    there = [side.checkpoint_id for side in (old, new) if side.checkpoint_id in ids and side.checkpoint_id is not None]
    # Two rounds may have the same checkpoint only where one of them made none; then one side stays without.
    chosen = {measurement.checkpoint_id: measurement for measurement in measured.choose(listed, there)}
    return chosen.get(old.checkpoint_id or 0), chosen.get(new.checkpoint_id or 0)


def _of_checkpoints(read: HeldOutRows, old: Measurement | None, new: Measurement | None) -> list[ComparedMetric]:
    rows = [
        read.metrics(measurement.round_id, measurement.checkpoint_id) if measurement else {}
        for measurement in (old, new)
    ]
    names = [ACCURACY, *sorted({*rows[0], *rows[1]} - {ACCURACY})]
    numbers = []
    for name in names:
        first, other = rows[0].get(name), rows[1].get(name)
        if first is None and other is None:
            continue
        numbers.append(_compared(read.db, name, first, other, of_checkpoint=True))
    return numbers


def of_rounds(read: HeldOutRows, old: int | None, new: int | None) -> list[ComparedMetric]:
    """The metrics of two rounds' own samples."""
    rows = [read.metrics(round_id, None) for round_id in (old, new)]
    numbers = []
    for name in sorted({*rows[0], *rows[1]}):
        first, other = rows[0].get(name), rows[1].get(name)
        numbers.append(_compared(read.db, name, first, other, of_checkpoint=False))
    return numbers


def _compared(
    db: Session, name: str, old: tables.Metric | None, new: tables.Metric | None, *, of_checkpoint: bool
) -> ComparedMetric:
    missing = Difference(None, None, None, 0, why=ONE_MISSING)
    gap = missing if old is None or new is None else between(db, old, new)
    return ComparedMetric(name, _value(old), _value(new), gap, of_checkpoint=of_checkpoint)


def _value(row: tables.Metric | None) -> Value | None:
    return None if row is None else Value(row.value, row.low, row.high, row.n)
