"""Which checkpoints were measured on held-out prompts, in which round, and what each answered right."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.errors import NotFound
from backend.services.results.accuracies import ACCURACY
from backend.services.results.paired import names_all
from backend.values import JSON, SetUse

MOST_KEPT = 200_000
"""Of so many prompts it is kept whether they were answered right."""


@dataclass(frozen=True)
class Measurement:
    """One checkpoint's answers in one round. `metric_id`: the row that says which were right; None where none does.

    `set_ids`: the held-out sets whose prompts were asked.
    """

    checkpoint_id: int
    checkpoint: str
    round_id: int
    round_number: int
    set_ids: tuple[int, ...]
    metric_id: int | None
    at: datetime
    is_own: bool = True
    """Whether that round made the checkpoint."""


@dataclass(frozen=True)
class Verdicts:
    """Ids of the prompts answered right and wrong. What is in neither is unknown: the verifier could not tell, or the
    measurement does not say of each prompt (`is_told` False)."""

    right: frozenset[int] = frozenset()
    wrong: frozenset[int] = frozenset()
    is_told: bool = False

    def of(self, prompt_id: int) -> bool | None:
        """Whether that prompt was answered right; None where it is not known."""
        return True if prompt_id in self.right else False if prompt_id in self.wrong else None


_kept: dict[tuple[int, datetime], Verdicts] = {}
"""By the row that says it, which never changes: a page asks for the same ones several times."""


def all_of(db: Session, project_id: int, checkpoint_ids: Sequence[int] | None = None) -> list[Measurement]:
    """The project's measurements, or those of some checkpoints, newest first, but those of archived rounds: their
    answers lie in files."""
    metric, checkpoint, round_ = tables.Metric, tables.Checkpoint, tables.Round
    query = (
        select(
            metric.checkpoint_id,
            checkpoint.name,
            metric.round_id,
            round_.number,
            metric.id,
            metric.name,
            metric.created_at,
            round_.checkpoint_id,
        )
        .join(checkpoint, checkpoint.id == metric.checkpoint_id)
        .join(round_, round_.id == metric.round_id)
        .where(metric.project_id == project_id, round_.archived_at.is_(None))
        .order_by(metric.id)
    )
    if checkpoint_ids is not None:
        query = query.where(metric.checkpoint_id.in_(checkpoint_ids))
    rows = db.execute(query).all()
    sets = sets_of(db, {row.round_id for row in rows})
    by_place: dict[tuple[int, int], Measurement] = {}
    for checkpoint_id, name, round_id, number, metric_id, metric_name, at, own_id in rows:
        assert checkpoint_id is not None  # it is joined
        before = by_place.pop((checkpoint_id, round_id), None)
        compared_id = metric_id if metric_name == ACCURACY else before.metric_id if before else None
        by_place[checkpoint_id, round_id] = Measurement(
            checkpoint_id, name, round_id, number, sets.get(round_id, ()), compared_id, at, checkpoint_id == own_id
        )
    return [*reversed(by_place.values())]


def sets_of(db: Session, round_ids: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """The held-out sets of rounds, by round."""
    row = tables.RoundPromptSet
    query = select(row.round_id, row.prompt_set_id).where(row.round_id.in_([*round_ids]), row.use == SetUse.held_out)
    by_round: dict[int, tuple[int, ...]] = {}
    for round_id, set_id in db.execute(query.order_by(row.round_id, row.prompt_set_id)):
        by_round[round_id] = (*by_round.get(round_id, ()), set_id)
    return by_round


def choose(known: Sequence[Measurement], checkpoint_ids: Sequence[int]) -> list[Measurement]:
    """One measurement for each of these checkpoints, the last of which leads.

    Of a checkpoint that was measured in several rounds the newest with the held-out sets of the leading one, so that
    the same prompts stand beside each other; else the newest that shares a set; else the newest. Raises `NotFound` for
    one that was never measured.
    """
    if not checkpoint_ids:
        return []
    by_id = {id_: [measurement for measurement in known if measurement.checkpoint_id == id_] for id_ in checkpoint_ids}
    for id_, measurements in by_id.items():
        if not measurements:
            raise NotFound(
                f"The checkpoint {id_} has no held-out answers in this project, or the round that measured it is "
                "archived. Choose one that a round measured, or restore the round."
            )
    *others, last = checkpoint_ids
    lead = by_id[last][0]
    if others:
        # The leading one, too, is looked at where it was asked what the first of the others was.
        lead = max(by_id[last], key=lambda measurement: max(_shared(measurement, other) for other in by_id[others[0]]))
    return [*(max(by_id[id_], key=lambda measurement: _shared(lead, measurement)) for id_ in others), lead]


def _shared(measurement: Measurement, other: Measurement) -> int:
    """2 for measurements on the same sets, 1 where they share one; `max` takes the first, that is the newest."""
    return 2 if measurement.set_ids == other.set_ids else int(bool({*measurement.set_ids} & {*other.set_ids}))


def verdicts_of(db: Session, measurements: Sequence[Measurement]) -> list[Verdicts]:
    """What was right and wrong in each of them."""
    keys = {row.metric_id: (row.metric_id, row.at) for row in measurements if row.metric_id is not None}
    told = {id_: kept for id_, key in keys.items() if (kept := _kept.get(key)) is not None}
    metric, missing = tables.Metric, keys.keys() - told.keys()
    query = select(metric.id, metric.n, metric.details).where(metric.id.in_(missing))
    for id_, n, details in db.execute(query) if missing else ():
        told[id_] = _keep(keys[id_], read(n, details))
    return [told.get(measurement.metric_id or 0, Verdicts()) for measurement in measurements]


def _keep(key: tuple[int, datetime], verdicts: Verdicts) -> Verdicts:
    size = _size(verdicts)
    if size > MOST_KEPT:
        return verdicts  # it would take the place of all others, and give it up to the next
    if size + sum(map(_size, [*_kept.values()])) > MOST_KEPT:
        _kept.clear()
    _kept[key] = verdicts
    return verdicts


def _size(verdicts: Verdicts) -> int:
    """What it counts for: its prompts, and itself where it tells of none."""
    return 1 + len(verdicts.right) + len(verdicts.wrong)


def read(n: int, details: JSON) -> Verdicts:
    """What a row of held-out accuracy says of each prompt.

    Nothing where it names fewer than it counts: earlier versions left out answers that could not be read, and without
    them a fall would not show.
    """
    if not names_all(n, details):
        return Verdicts()
    return Verdicts(frozenset(details["right"]), frozenset(details["wrong"]), is_told=True)
