"""One line a round: what the overview shows of it. Reads the rows the stages wrote; counts nothing large."""

from dataclasses import dataclass, field, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import now, tables
from backend.db.filters import Filters, decode_facet
from backend.db.listing import scope
from backend.differences import Difference
from backend.services.recipes.titles import title_of
from backend.services.results.accuracies import MeasuredNumber, accuracies
from backend.services.results.branch_start import begun_at, trashed_parents
from backend.services.results.noticed import Warned, of_counts
from backend.values import JSON, JobStatus, RoundStatus, Stage, WarningLevel

FORGETTING = "forgetting"
OPEN = (RoundStatus.running, RoundStatus.review, RoundStatus.held)


@dataclass(frozen=True)
class RunningJob:
    """The round's unfinished job."""

    job_id: int
    stage: Stage
    status: JobStatus
    done: int
    total: int
    unit: str
    rate: float | None
    step: int | None = None

    @property
    def share(self) -> float:
        return min(1.0, self.done / self.total) if self.total else 0.0


@dataclass(frozen=True)
class RaisedWarning:
    """A warning that is raised. `category`: the one that it speaks of, `topic: sums`; empty for none."""

    name: str
    level: WarningLevel
    category: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class RoundLine:
    """One round in a line. A base checkpoint, from which a round without a parent started, is number 0.

    `policy_id`: the checkpoint that the round started from; None for a base.
    """

    number: int
    round_id: int | None
    parent: int | None
    """Number of the round it started from; 0 is the base."""
    status: RoundStatus
    stage: Stage | None
    progress: RunningJob | None
    recipe: str
    samples: int | None
    judged: int | None
    kept: int | None
    decided: int | None
    """Samples that the judge had labelled and people gave a verdict, without edits. After the review without gold
    items, too, whose labels were known; while it goes on, a count that stood still there would name them."""
    overridden: int | None
    kept_share: float | None
    accuracy: MeasuredNumber | None
    seconds: float | None
    checkpoint_id: int | None
    checkpoint: str
    error: str | None
    policy_id: int | None = None
    left_out: int = 0
    """Prompts, replies and rows that could not be used and were not made since."""
    auto: JSON = field(default_factory=dict)
    """Of a round that others follow by themselves: how many, and why none did."""
    to_baseline: Difference | None = None
    """How its held-out accuracy differs from that of the project's baseline, where there is one before it."""
    is_baseline: bool = False
    branch_of: int | None = None
    """Number of the round whose rows it began with."""
    branch_at: str = ""
    """Of a branch: the kind of its first step that ran anew; empty where the recipe cannot be read."""
    to_parent: Difference | None = None
    """How its held-out accuracy differs from that of the round it branches off, or that it started from."""
    to_base: Difference | None = None
    """The same against the base at the head of its line, where that is not what it comes from."""
    base: str = ""
    """The name of that base's checkpoint."""
    policy: str = ""
    """The name of the checkpoint that it started from."""
    warned: tuple[RaisedWarning, ...] = ()
    """Of its warnings the red and amber ones, red ones first."""
    is_fall_unknown: bool = False
    """The warning Forgetting was asked, and does not know what got worse."""
    is_archived: bool = False
    """Its rows lie in files."""
    not_known: int | None = None
    """How many of its warnings are not known; None where none was computed."""
    trashed_parent: int | None = None
    """Number of the round it started from, where that is in the trash."""
    noticed: tuple[Warned, ...] = ()
    """What its counts say beside its lights."""

    @property
    def follows(self) -> int:
        """How many rounds follow by themselves, unless a rule stops them."""
        return follows(self.auto, self.status)

    @property
    def overridden_share(self) -> float | None:
        """Of what people decided; None where nobody did."""
        return self.overridden / self.decided if self.decided and self.overridden is not None else None

    @property
    def looked_at_share(self) -> float | None:
        """How much of what the judge labelled people decided on; None where nobody did."""
        return self.decided / self.judged if self.judged and self.decided else None


def follows(auto: JSON, status: RoundStatus) -> int:
    """How many rounds follow one of this status by themselves, by what its row says; 0 once it is over."""
    is_open = status not in (RoundStatus.done, RoundStatus.cancelled) and not {"stopped", "next"} & auto.keys()
    return int(auto.get("left", 0)) if is_open else 0


def lines_of(db: Session, project_id: int) -> tuple[RoundLine, ...]:
    rounds_read = list(
        db.scalars(select(tables.Round).where(tables.Round.project_id == project_id).order_by(tables.Round.number))
    )
    if not rounds_read:
        return ()
    checkpoints = select(tables.Checkpoint.id, tables.Checkpoint.name).where(tables.Checkpoint.project_id == project_id)
    names: dict[int, str] = dict(db.execute(checkpoints).tuples().all())
    accuracy, jobs = accuracies(db, project_id), _active_jobs(db, project_id)
    numbers, missing = {row.id: row.number for row in rounds_read}, _left_out(db, project_id)
    # A round whose parent is in the trash starts from a checkpoint, as far as is shown.
    bases = dict.fromkeys(row.policy_id for row in rounds_read if (row.parent_id or 0) not in numbers)
    lines = [_base_line(base, names.get(base, ""), accuracy.get(base)) for base in bases]
    for row in rounds_read:
        measured = accuracy.get(row.checkpoint_id) if row.checkpoint_id else None
        parent = numbers.get(row.parent_id or 0, 0)
        name = names.get(row.checkpoint_id or 0, "")
        lines.append(_line(db, row, parent=parent, job=jobs.get(row.id), accuracy=measured, checkpoint=name))
    begun = {row.id: begun_at(row) for row in rounds_read if row.branch_of_id is not None}
    trashed = trashed_parents(db, project_id)
    origins, lights = {row.id: numbers.get(row.branch_of_id or 0) for row in rounds_read}, _lights(db, project_id)
    return tuple(
        replace(
            line,
            left_out=missing.get(line.round_id or 0, 0),
            branch_of=origins.get(line.round_id or 0),
            branch_at=begun.get(line.round_id or 0, ""),
            policy=names.get(line.policy_id or 0, ""),
            trashed_parent=trashed.get(line.round_id or 0),
            **lights.get(line.round_id or 0, {}),
        )
        for line in lines
    )


def _left_out(db: Session, project_id: int) -> dict[int, int]:
    row = tables.LeftOut
    query = select(row.round_id, func.count()).where(row.project_id == project_id, row.resolved_at.is_(None))
    return dict(db.execute(query.group_by(row.round_id)).tuples().all())


def _lights(db: Session, project_id: int) -> dict[int, JSON]:
    """What the lines say of warnings, by round."""
    row, by_round = tables.RoundWarning, dict[int, JSON]()
    query = select(row.round_id, row.name, row.level, row.details["category"], row.value, row.low, row.high)
    rows = db.execute(query.where(row.project_id == project_id).order_by(row.level.desc(), row.name))
    for round_id, name, level, named, *numbers in rows:
        here = by_round.setdefault(round_id, {"warned": (), "not_known": 0, "is_fall_unknown": False})
        if level is WarningLevel.unknown:
            here["not_known"] += 1
            here["is_fall_unknown"] |= name == FORGETTING
        elif level is not WarningLevel.green:
            category = f"{named[0]}: {named[1]}" if isinstance(named, list) and len(named) == 2 else ""
            here["warned"] += (RaisedWarning(name, level, category, *numbers),)
    return by_round


def _active_jobs(db: Session, project_id: int) -> dict[int, tables.Job]:
    # By the unique key, which only unfinished jobs hold: the many finished ones are never read.
    job = tables.Job
    query = select(job).where(job.active_key.is_not(None), job.project_id == project_id)
    return {row.round_id: row for row in db.scalars(query) if row.round_id is not None}


def _base_line(checkpoint_id: int, name: str, accuracy: MeasuredNumber | None) -> RoundLine:
    return RoundLine(
        number=0,
        round_id=None,
        parent=None,
        status=RoundStatus.done,
        stage=None,
        progress=None,
        recipe="",
        samples=None,
        judged=None,
        kept=None,
        decided=None,
        overridden=None,
        kept_share=None,
        accuracy=accuracy,
        seconds=None,
        checkpoint_id=checkpoint_id,
        checkpoint=name,
        error=None,
    )


def _line(
    db: Session,
    row: tables.Round,
    *,
    parent: int,
    job: tables.Job | None,
    accuracy: MeasuredNumber | None,
    checkpoint: str,
) -> RoundLine:
    counts = row.counts
    samples = _live(counts.get("samples"), job, Stage.generate)
    judged = _live(samples if "judgments" in counts else None, job, Stage.judge)
    decided, overridden = counts.get("decided"), counts.get("overridden")
    if decided is None:
        decided = _decided_in(counts.get("funnel", []))
    if row.status is RoundStatus.review:
        decided, overridden = _decided_now(db, row.id)
    kept = counts.get("kept")
    end = row.finished_at or (now() if row.status in OPEN else None)
    return RoundLine(
        number=row.number,
        round_id=row.id,
        parent=parent,
        status=row.status,
        stage=row.stage,
        progress=_progress(job) if job else None,
        recipe=title_of(row.recipe),
        samples=samples,
        judged=judged,
        kept=kept,
        decided=decided,
        overridden=overridden,
        kept_share=kept / samples if samples and kept is not None else None,
        accuracy=accuracy,
        seconds=(end - row.created_at).total_seconds() if end else None,
        checkpoint_id=row.checkpoint_id,
        checkpoint=checkpoint,
        error=row.error,
        policy_id=row.policy_id,
        auto=row.auto,
        is_archived=row.archived_at is not None,
        noticed=of_counts(row),
    )


def _live(counted: int | None, job: tables.Job | None, stage: Stage) -> int | None:
    """What the stage wrote at its end, or how far it is while it runs; a job of another kind does not count these."""
    is_of_stage = job is not None and job.stage is stage and not job.spec.get("kind")
    return job.done if counted is None and job is not None and is_of_stage else counted


def _decided_in(funnel: list[JSON]) -> int | None:
    """What rounds say that were selected before the number stood on its own."""
    return next((step["by people"] for step in funnel if "by people" in step), None)


def _decided_now(db: Session, round_id: int) -> tuple[int, int]:
    """Of a round in review: how many samples people gave a verdict that the judge had labelled, and overrode."""
    label = tables.Label
    by_people = Filters(source=("person",), verdict=("accept", "reject"), kind=("completion", "other"))
    judged = scope(db, round_id, replace(by_people, is_unparsed=False)).facets
    query = select(func.count()).where(label.round_id == round_id)
    return tuple(
        db.scalar(query.where(label.facet.in_(facets))) or 0
        for facets in (judged, [facet for facet in judged if decode_facet(facet)["is_overridden"]])
    )  # type: ignore[return-value]


def _progress(job: tables.Job) -> RunningJob:
    return RunningJob(job.id, job.stage, job.status, job.done, job.total, job.unit, job.rate, job.step)
