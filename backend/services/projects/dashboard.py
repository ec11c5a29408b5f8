"""All projects that a person may see, each in a line: what waits, what runs, how good the last round is, what warns.

However many projects there are, the number of statements is the same, but for open reviews: one counts a hundred.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.db.many import among
from backend.differences import Difference
from backend.services import projects
from backend.services.access import Actor
from backend.services.projects import ProjectView, open_items
from backend.services.results.accuracies import ACCURACY, MeasuredNumber, accuracies_of, way_of
from backend.services.results.paired import of_pairs
from backend.services.results.starts import highest
from backend.services.results.summaries import OPEN
from backend.values import Role, RoundStatus, Stage, WarningLevel


class ProjectSortKey(StrEnum):
    """`waits`: most to decide first. `accuracy`: best first. `change`: what fell most first. `newest`: last round."""

    by_name = "name"
    waits = "waits"
    accuracy = "accuracy"
    change = "change"
    warnings = "warnings"
    newest = "newest"


class ShownProjects(StrEnum):
    """Which projects: all, with an open review, with a round under way, whose last round failed, with red warnings."""

    all = "all"
    review = "review"
    running = "running"
    failed = "failed"
    red = "red"


@dataclass(frozen=True)
class RoundAt:
    """A round and where it stands."""

    id: int
    number: int
    status: RoundStatus
    stage: Stage


@dataclass(frozen=True)
class OpenReview:
    """A round in review. `undecided` items that nobody has decided; `assigned`: those of the actor's that wait."""

    id: int
    number: int
    undecided: int
    assigned: int


@dataclass(frozen=True)
class ProjectState:
    """One project. `waits`: items for the actor: those assigned to them, else the undecided ones; none for a viewer.

    `under_way`: rounds that run or are held. `failed`: the last round, if it failed. `accuracy`: of the last round that
    was measured on held-out prompts, `measured` its number, and `change` what it differs from what that started from.
    `red`: raised red warnings of the last round and of those that are open.
    """

    id: int
    name: str
    slug: str
    role: Role
    num_rounds: int
    last_at: datetime | None
    reviews: tuple[OpenReview, ...] = ()
    under_way: tuple[RoundAt, ...] = ()
    failed: RoundAt | None = None
    accuracy: MeasuredNumber | None = None
    measured: RoundAt | None = None
    change: Difference | None = None
    red: int = 0
    red_round_id: int | None = None

    @property
    def undecided(self) -> int:
        return sum(review.undecided for review in self.reviews)

    @property
    def waits(self) -> int:
        if self.role.rank < Role.reviewer.rank:
            return 0
        return sum(review.assigned or review.undecided for review in self.reviews)


@dataclass
class _Read:
    """What the statements gave, by project or round."""

    last: dict[int, tuple[int, datetime]] = field(default_factory=dict)
    rounds: dict[int, list[tables.Round]] = field(default_factory=lambda: defaultdict(list))
    undecided: dict[int, int] = field(default_factory=dict)
    assigned: dict[int, int] = field(default_factory=dict)
    red: Counter[int] = field(default_factory=Counter)
    measured: dict[int, tuple[RoundAt, MeasuredNumber]] = field(default_factory=dict)
    changes: dict[int, Difference] = field(default_factory=dict)


def listing(
    actor: Actor,
    *,
    sort: ProjectSortKey = ProjectSortKey.by_name,
    show: ShownProjects = ShownProjects.all,
    name: str = "",
) -> list[ProjectState]:
    """The actor's projects whose name holds these letters; those in the trash are not among them."""
    mine = [
        project_view for project_view in projects.list_mine(actor) if name.casefold() in project_view.name.casefold()
    ]
    with reading() as db:
        read = _read(db, actor, [project_view.id for project_view in mine])
    states = [state for project_view in mine if is_shown(state := _state(project_view, read), show)]
    return ordered(states, sort)


def is_shown(state: ProjectState, show: ShownProjects) -> bool:
    """Whether a project passes the filter."""
    passes = {
        ShownProjects.review: bool(state.reviews),
        ShownProjects.running: bool(state.under_way),
        ShownProjects.failed: state.failed is not None,
        ShownProjects.red: state.red > 0,
    }
    return passes.get(show, True)


def ordered(states: Sequence[ProjectState], sort: ProjectSortKey) -> list[ProjectState]:
    """In this order, and by name where that leaves it open; projects without the number come last."""

    def key(state: ProjectState) -> tuple[bool, float]:
        number: float | None = None
        if sort is ProjectSortKey.waits:
            number = -float(state.waits or state.undecided / 1e9) or None
        elif sort is ProjectSortKey.accuracy and state.accuracy is not None:
            number = -state.accuracy.value
        elif sort is ProjectSortKey.change and state.change is not None:
            number = state.change.value
        elif sort is ProjectSortKey.warnings:
            number = -float(state.red) or None
        elif sort is ProjectSortKey.newest and state.last_at is not None:
            number = -state.last_at.timestamp()
        return number is None, number or 0.0

    return sorted(states, key=lambda state: (*key(state), state.name.casefold()))


def _state(project_view: ProjectView, read: _Read) -> ProjectState:
    rounds, (number, last_at) = read.rounds.get(project_view.id, []), read.last.get(project_view.id, (0, None))
    accuracy, newest = read.measured.get(project_view.id), max(rounds, key=lambda row: row.number, default=None)
    reviews = tuple(
        OpenReview(row.id, row.number, read.undecided.get(row.id, 0), read.assigned.get(row.id, 0))
        for row in rounds
        if row.status is RoundStatus.review
    )
    red = [row.id for row in rounds if read.red[row.id]]
    return ProjectState(
        project_view.id,
        project_view.name,
        project_view.slug,
        project_view.role,
        number,
        last_at,
        reviews,
        tuple(_at(row) for row in rounds if row.status in (RoundStatus.running, RoundStatus.held)),
        _at(newest) if newest is not None and newest.status is RoundStatus.failed else None,
        accuracy[1] if accuracy else None,
        accuracy[0] if accuracy else None,
        read.changes.get(project_view.id),
        sum(read.red[round_id] for round_id in red),
        red[-1] if red else None,
    )


def _at(row: tables.Round) -> RoundAt:
    return RoundAt(row.id, row.number, row.status, row.stage)


def _read(db: Session, actor: Actor, ids: list[int]) -> _Read:
    read = _Read()
    if not ids:
        return read
    row = tables.Round
    newest = select(row.project_id, func.count(), func.max(row.number), func.max(row.created_at))
    numbers = list(db.execute(newest.where(among(row.project_id, ids)).group_by(row.project_id)))
    read.last = {project_id: (number, at) for project_id, number, _, at in numbers}
    last = select(func.max(row.id)).where(among(row.project_id, ids)).group_by(row.project_id)
    shown = select(row).where(among(row.project_id, ids), or_(row.status.in_(OPEN), row.id.in_(last)))
    for round_ in db.scalars(shown.order_by(row.number)):
        read.rounds[round_.project_id].append(round_)
    every = [round_ for some in read.rounds.values() for round_ in some]
    in_review = [round_ for round_ in every if round_.status is RoundStatus.review and round_.archived_at is None]
    read.undecided = open_items.undecided(db, in_review)
    read.assigned = open_items.assigned(db, actor, in_review)
    warning = tables.RoundWarning
    red = select(warning.round_id, func.count()).where(warning.level == WarningLevel.red)
    reds = db.execute(red.where(among(warning.round_id, [round_.id for round_ in every])).group_by(warning.round_id))
    read.red = Counter(dict(reds.tuples().all()))
    _measure(db, read, ids)
    return read


def _measure(db: Session, read: _Read, ids: list[int]) -> None:
    """The held-out accuracy of each project's last measured round, and its difference to what that started from."""
    metric, row = tables.Metric, tables.Round
    measured_id: Any = metric.checkpoint_id
    numbers = (metric.value, metric.low, metric.high, metric.n, metric.id, metric.details["measured_by"])
    measured = (metric.name == ACCURACY, metric.value.is_not(None))
    place = func.row_number().over(partition_by=row.project_id, order_by=(row.number.desc(), metric.id.desc()))
    statement = select(row.id.label("round_id"), metric.id.label("metric_id"), place.label("place"))
    # What a round in the trash measured of the same checkpoint is not told.
    ours = (metric.checkpoint_id == row.checkpoint_id) & (metric.project_id == row.project_id)
    statement = statement.join(metric, ours).where(among(row.project_id, ids), *measured)
    ranked = statement.subquery()
    last = select(row, *numbers).join(ranked, ranked.c.round_id == row.id).join(metric, metric.id == ranked.c.metric_id)
    started: dict[int, int] = {}
    for round_, value, low, high, n, metric_id, by in db.execute(last.where(ranked.c.place == 1)):
        read.measured[round_.project_id] = _at(round_), MeasuredNumber(value, low, high, n, metric_id, way_of(by or {}))
        started[round_.policy_id] = round_.project_id
    before = select(metric.checkpoint_id, metric.id, metric.details["measured_by"])
    before = before.where(among(metric.project_id, ids), *measured)
    pairs: dict[int, tuple[int, int]] = {}
    for checkpoint_id, metric_id, by in db.execute(before.where(among(measured_id, list(started))).order_by(metric.id)):
        project_id = started[checkpoint_id]
        number = read.measured[project_id][1]
        if number.way == way_of(by or {}):
            pairs[project_id] = metric_id, number.metric_id
    read.changes = of_pairs(db, pairs)
    # Only where a difference is beyond chance alone does it matter of how many rounds one of the two is the highest.
    sure = {project_id: pairs[project_id] for project_id, gap in read.changes.items() if gap.is_sure}
    read.changes |= of_pairs(db, sure, times=_of_how_many(db, sure))


def _of_how_many(db: Session, pairs: Mapping[int, tuple[int, int]]) -> dict[int, int]:
    """Of how many differences each is one, by project, as the overview and the comparison count them."""
    row = tables.Round
    query = select(row.project_id, row.checkpoint_id).where(among(row.project_id, pairs.keys()))
    of_rounds: dict[int, set[int | None]] = defaultdict(set)
    for project_id, checkpoint_id in db.execute(query) if pairs else ():
        of_rounds[project_id].add(checkpoint_id)
    numbers: dict[int, int] = {}
    for project_id, by_checkpoint in (accuracies_of(db, pairs.keys()) if pairs else {}).items():
        rounds = {number.metric_id: number for id_, number in by_checkpoint.items() if id_ in of_rounds[project_id]}
        tops = highest(rounds)
        numbers[project_id] = max(tops.get(metric_id, 1) for metric_id in pairs[project_id])
    return numbers
