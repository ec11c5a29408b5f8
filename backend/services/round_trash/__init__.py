"""The trash of a project's rounds: what lies there is nowhere else, and comes back as it was."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, or_, select
from sqlalchemy.orm import Session

from backend import jobs
from backend.db import reading, tables
from backend.db.giving_way import giving_way
from backend.db.many import among
from backend.errors import Conflict, NotFound
from backend.services import events, hidden_projects
from backend.services.access import Actor, is_owner, require, require_in
from backend.services.results.summaries import follows
from backend.services.round_archive import needs
from backend.services.rounds import get_row, moving
from backend.values import JobStatus, Role, RoundStatus


@dataclass(frozen=True)
class TrashedRound:
    """A round in the trash. `trashed_at` tells whether it is still the one that was looked at.

    `is_deleting`: its deletion was begun, so that it cannot come back, only be deleted again.
    """

    id: int
    project_id: int
    project: str
    number: int
    recipe: str
    status: RoundStatus
    samples: int | None
    """As its last stage counted them; None where none did."""
    checkpoint: str
    """What it made, which stays; empty where it made none."""
    trashed_at: datetime
    trashed_by: str
    is_deleting: bool
    may_restore: bool
    may_delete: bool

    @property
    def name(self) -> str:
        return f"Round {self.number} of {self.project}"


def put(actor: Actor, round_id: int) -> TrashedRound:
    """Put a round in the trash; needs the role curator.

    Its reviewers hold nothing any more. Raises `Conflict` where it runs, may be read by what runs, is the project's
    baseline, is archived, or others are to follow it.
    """

    def move(db: Session) -> None:
        row = locked(db, actor, round_id)
        if why := refusal(db, row):
            raise Conflict(why)
        home_id, number = row.project_id, row.number
        moving.take_out(db, row, hidden_projects.hide(db, actor, home_id, "round"))
        lease = tables.Lease
        db.execute(delete(lease).where(lease.round_id == round_id, lease.decided_at.is_(None)))
        db.execute(delete(tables.Presence).where(tables.Presence.round_id == round_id))
        events.note(db, actor, "trash round", f"round {number}", project_id=home_id, round_id=round_id)

    giving_way(move)
    return get(actor, round_id)


def why_not(actor: Actor, round_id: int) -> str:
    """Why the round cannot go to the trash now; empty where it can."""
    with reading() as db:
        return refusal(db, get_row(db, actor, round_id, Role.curator))


def list_mine(actor: Actor, project_id: int | None = None, *, number: int | None = None) -> list[TrashedRound]:
    """The rounds in the trash of all projects that the actor is in, or of this one; the last to go there first.

    number: of this number alone.
    """
    query = _query(actor)
    query = query.where(tables.Round.number == number) if number is not None else query
    return [_view(row, owns=owns) for row, owns in hidden_projects.listed(actor, query, project_id)]


def get(actor: Actor, round_id: int) -> TrashedRound:
    """One round in the trash; raises `NotFound` where it is not there, or its project is not the actor's."""
    with reading() as db:
        return find(db, actor, round_id)


def of_sample(actor: Actor, project_id: int, sample_id: int) -> TrashedRound | None:
    """The round in the project's trash that has this sample; None where there is none."""
    with reading() as db:
        round_id = db.scalar(select(tables.Sample.round_id).where(tables.Sample.id == sample_id))
    return next((entry for entry in list_mine(actor, project_id) if entry.id == round_id), None)


def that_measured(actor: Actor, project_id: int, checkpoint_id: int) -> TrashedRound | None:
    """The round in the project's trash that measured this checkpoint last; None where there is none."""
    metric = tables.Metric
    with reading() as db:
        round_ids = {*db.scalars(select(metric.round_id).where(metric.checkpoint_id == checkpoint_id))}
    return max((e for e in list_mine(actor, project_id) if e.id in round_ids), key=lambda e: e.id, default=None)


def find(db: Session, actor: Actor, round_id: int, role: Role = Role.viewer) -> TrashedRound:
    """The same in the caller's transaction, for whoever has that role; raises `NotFound`, `PermissionDenied`."""
    missing = f"Round {round_id} is not in the trash. The page /projects and `rondo trash list` show what is."
    project = tables.Project
    here = select(tables.Round.project_id, project.trash_of_id).join(project, project.id == tables.Round.project_id)
    row = db.execute(here.where(tables.Round.id == round_id)).one_or_none()
    require_in(db, actor, None if row is None else row.trash_of_id or row.project_id, role, missing)
    entry = db.execute(_query(actor).where(tables.Round.id == round_id)).one_or_none()
    if entry is None:
        raise NotFound(missing)
    return _view(entry, owns=is_owner(db, actor))


def restore(actor: Actor, round_id: int) -> None:
    """Bring a round back as it was; needs the role curator. Raises `Conflict` where its deletion was begun."""

    def move(db: Session) -> None:
        entry = find(db, actor, round_id, Role.curator)
        db.get_one(tables.Project, entry.project_id, with_for_update=True)
        row = db.get_one(tables.Round, round_id, with_for_update=True, populate_existing=True)
        if row.project_id == entry.project_id:
            raise Conflict(f"{entry.name} is back already. Reload the page.")
        hidden = db.get_one(tables.Project, row.project_id, with_for_update=True, populate_existing=True)
        if hidden.is_deleting:
            raise Conflict(f"{entry.name} is partly deleted and cannot come back. Delete it again, which ends that.")
        moving.take_back(db, hidden.id, entry.project_id)
        what = f"round {entry.number}"
        events.note(db, actor, "bring back round", what, project_id=entry.project_id, round_id=round_id)

    giving_way(move)


def locked(db: Session, actor: Actor, round_id: int) -> tables.Round:
    """The round, with nothing launched, enqueued or decided in it meanwhile; raises `NotFound`, `PermissionDenied`."""
    row = get_row(db, actor, round_id, Role.curator)
    db.get_one(tables.Project, row.project_id, with_for_update=True)
    row = db.get_one(tables.Round, round_id, with_for_update=True, populate_existing=True)
    require(db, actor, row.project_id, Role.curator)  # somebody else may have put it there
    return row


def refusal(db: Session, row: tables.Round) -> str:
    """Why a round has to stay, with the way out; empty where it may go."""
    job, which = tables.Job, f"Round {row.number}"
    if row.archived_at is not None:
        return f"{which} is archived: its rows are in files. Restore them on its page first."
    later = needs.below(db, row)
    ids = [row.id, *(round_.id for round_ in later)]
    reads = or_(job.round_id.is_(None), among(job.round_id, ids))  # type: ignore[arg-type]
    active = select(job.id, job.stage, job.status).where(job.project_id == row.project_id, job.status.in_(jobs.ACTIVE))
    first = db.execute(active.where(reads).order_by(job.id).limit(1)).one_or_none()
    if first is not None:
        doing = "runs" if first.status is JobStatus.running else "is queued"
        return (
            f"Job {first.id} ({first.stage}) {doing} and may read {which.lower()}. Cancel it on the page Jobs and wait "
            "until its worker has let go, or wait for its end."
        )
    if row.status is RoundStatus.running:
        return f"{which} is running. Cancel it on its page first."
    going_on = [round_.number for round_ in later if round_.status not in needs.ENDED]
    if going_on:
        which_ones = "that has ended, or put it" if len(going_on) == 1 else "these have ended, or put them"
        return (
            f"{needs.in_words(going_on)} came from round {row.number} and may still read its rows. Wait until "
            f"{which_ones} in the trash first."
        )
    if num := follows(row.auto, row.status):
        more = "one more round is" if num == 1 else f"{num} more rounds are"
        return f"{more.capitalize()} to follow round {row.number}. Stop that on the page Overview first."
    baseline = db.scalar(select(tables.Project.baseline_id).where(tables.Project.id == row.project_id))
    if baseline is not None and baseline == row.checkpoint_id:
        return f"{which} made the project's baseline. Choose another baseline on the page Compare first."
    return ""


def _query(actor: Actor) -> Select[Any]:
    row, checkpoint = tables.Round, tables.Checkpoint
    return (
        hidden_projects.query(row, actor)
        .add_columns(row.number, row.status, row.counts["samples"].as_integer().label("samples"))
        .add_columns(row.recipe["title"].as_string().label("title"), row.recipe["name"].as_string().label("recipe"))
        .add_columns(checkpoint.name.label("checkpoint"))
        .outerjoin(checkpoint, checkpoint.id == row.checkpoint_id)
    )


def _view(entry: Any, *, owns: bool) -> TrashedRound:
    is_curator = owns or (entry.role is not None and entry.role.rank >= Role.curator.rank)
    return TrashedRound(
        entry.id,
        entry.home_id,
        entry.home,
        entry.number,
        entry.title or entry.recipe or "",
        entry.status,
        entry.samples,
        entry.checkpoint or "",
        entry.trashed_at,
        entry.by or "",
        entry.is_deleting,
        is_curator,
        owns,
    )
