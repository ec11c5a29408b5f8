"""Checkpoints: their lineage, who and what made each, registering, renaming and deleting them."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from backend.config import settings
from backend.db import reading, session, standing, tables
from backend.errors import Conflict
from backend.pipeline import preview_rows
from backend.pipeline.trained import say_rows
from backend.services import events, unfinished
from backend.services.access import Actor, is_owner, require, require_row
from backend.services.checkpoints import at_work, endpoints, gguf_files, merging, model_checks, model_folders, trainings
from backend.services.checkpoints.endpoints import Endpoint, EndpointSettings, EndpointView
from backend.services.checkpoints.gguf_files import GgufFile
from backend.services.checkpoints.lineage import CheckpointRow, MetricNumber, ancestors, tree_of
from backend.services.checkpoints.merging import Merge
from backend.services.checkpoints.model_checks import Checks
from backend.services.checkpoints.registration import ROLES, flush_name, register, usable_name
from backend.services.checkpoints.trainings import Training
from backend.services.checkpoints.trials import Trial, try_prompt, try_result
from backend.services.checkpoints.wrappers import Use, uses_of
from backend.services.recipes.titles import title_of
from backend.values import JSON, SCORER, Role, Stage

__all__ = [
    "ROLES",
    "SCORER",
    "CheckpointDetail",
    "CheckpointRow",
    "Contribution",
    "Endpoint",
    "EndpointSettings",
    "EndpointView",
    "MetricNumber",
    "Trial",
    "delete",
    "detail",
    "register",
    "rename",
    "tree",
    "try_prompt",
    "try_result",
]


@dataclass(frozen=True)
class Contribution:
    """What a person decided in one round of the lineage."""

    round_number: int
    person: str
    decisions: int
    overrides: int


@dataclass(frozen=True)
class CheckpointDetail:
    """Who and what made a checkpoint. All but the row is empty for a registered one."""

    row: CheckpointRow
    ancestors: tuple[str, ...]
    recipe: str
    paper: str
    policy: str
    reference: str
    judge: str
    dataset_id: int | None
    dataset_type: str
    num_examples: int
    content_hash: str
    funnel: list[JSON]
    provenance: JSON
    people: tuple[Contribution, ...]
    job_id: int | None
    job_seconds: float | None
    job_metrics: JSON
    training_rows: str
    num_bytes: int
    details: JSON
    checks: Checks
    notes: tuple[str, ...]
    """What its endpoint refused while it was used."""
    endpoint: EndpointView | None = None
    """Where an endpoint serves it."""
    uses: tuple[Use, ...] = ()
    """How it uses its weights, the outermost way first; empty for one that answers by itself."""
    can_merge: bool = False
    """It is an adapter on a model."""
    merge: Merge | None = None
    """Its last merge that was asked for."""
    can_write_gguf: bool = False
    """It can be asked for as a GGUF file."""
    gguf: GgufFile | None = None
    """The last one that was asked for."""


def tree(actor: Actor, project_id: int) -> list[CheckpointRow]:
    """Return the project's checkpoints depth first, children after their parent, with every held-out metric."""
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        return tree_of(db, project_id)


def detail(actor: Actor, checkpoint_id: int) -> CheckpointDetail:
    """Return who and what made a checkpoint, back to its base."""
    with reading() as db:
        checkpoint = _find(db, actor, checkpoint_id, Role.viewer)
        rows = {row.id: row for row in tree_of(db, checkpoint.project_id)}
        row = rows[checkpoint.id]
        above = ancestors(row, rows)
        round_ = db.get(tables.Round, row.round_id) if row.round_id else None
        training = trainings.of_checkpoint(db, round_.id, row.id) if round_ else None
        dataset = db.get(tables.Dataset, training.dataset_id) if training and training.dataset_id else None
        job = _training_job(db, training) if training else None
        names = {id_: other.name for id_, other in rows.items()}
        owns = is_owner(db, actor)
        people = _people(db, [other.round_id for other in (row, *above) if other.round_id])
        merge, gguf = merging.newest(db, checkpoint), gguf_files.newest(db, checkpoint)
    recipe = round_.recipe if round_ else {}
    return CheckpointDetail(
        row=row,
        ancestors=tuple(other.name for other in above),
        recipe=title_of(recipe),
        paper=str(recipe.get("paper", "")),
        policy=names.get(round_.policy_id, "") if round_ else "",
        reference=names.get(round_.reference_id, "") if round_ else "",
        judge=(names.get(round_.judge_id, "") if round_.judge_id else "the policy itself") if round_ else "",
        dataset_id=dataset.id if dataset else None,
        dataset_type=dataset.type.value if dataset else "",
        num_examples=dataset.num_examples if dataset else 0,
        content_hash=dataset.content_hash if dataset else "",
        funnel=list(dataset.funnel) if dataset else [],
        provenance=dict(dataset.provenance) if dataset else {},
        people=people,
        job_id=job.id if job else None,
        job_seconds=_seconds(job),
        job_metrics=dict(job.last_metrics) if job else {},
        training_rows=say_rows(checkpoint.details) if "rows_used" in checkpoint.details else "",
        num_bytes=model_folders.size(settings().folder / checkpoint.location) if checkpoint.location else 0,
        details={name: value for name, value in checkpoint.details.items() if name not in ("checks", "notes")},
        checks=model_checks.of(checkpoint.details),
        notes=tuple(checkpoint.details.get("notes", [])),
        endpoint=endpoints.view(checkpoint.engine, is_owner=owns),
        uses=uses_of(checkpoint.engine),
        can_merge=merging.can_merge(checkpoint),
        merge=merge,
        can_write_gguf=gguf_files.can_write(checkpoint),
        gguf=gguf,
    )


def rename(actor: Actor, checkpoint_id: int, name: str) -> None:
    """Give a checkpoint another name."""
    name = usable_name(name)
    with session() as db:
        row = _find(db, actor, checkpoint_id, Role.curator)
        was, row.name = row.name, name
        flush_name(db, name)
        what: JSON = {"checkpoint_id": row.id, "was": was}
        events.note(db, actor, "rename checkpoint", name, project_id=row.project_id, **what)


def delete(actor: Actor, checkpoint_id: int) -> None:
    """Forget a checkpoint that nothing refers to. Its files stay where they are."""
    unfinished.clear_left(unfinished.WAIT_SECONDS)
    with session() as db:
        row = _find(db, actor, checkpoint_id, Role.curator)
        db.refresh(row, with_for_update=True)  # a merge or a push that starts now is seen below, or waits
        preview_rows.clear_ended(db, row.project_id, preview_rows.using_checkpoint(db, row.id))
        if held_by := preview_rows.using_checkpoint(db, row.id):
            raise Conflict(
                f"The checkpoint {row.name} is used by preview {held_by[0]}, whose job has not ended. Wait for its end "
                "or cancel the job, then delete the checkpoint again."
            )
        if busy := at_work.rewrite_at_work(db, [row.id]):
            raise Conflict(f"{busy} and asks the checkpoint {row.name}. Wait for its end or cancel its job.")
        if merges := merging.at_work(db, row.id):
            raise Conflict(f"{merges} and merges the checkpoint {row.name}. Wait for its end, or cancel it.")
        if writes := gguf_files.at_work(db, row.id):
            raise Conflict(f"{writes} and writes the checkpoint {row.name}. Wait for its end, or cancel it.")
        if pushes := at_work.push_at_work(db, row.id):
            raise Conflict(f"{pushes} and pushes the checkpoint {row.name}. Wait for its end, or cancel it.")
        if at_work.import_at_work(db, row.id):
            raise Conflict(
                f"An import of samples of the checkpoint {row.name} is under way, or what a killed one left is not "
                "deleted yet. Wait until no import runs, then retry."
            )
        users = _users(db, row.id)
        if users:
            raise Conflict(f"The checkpoint {row.name} is used by {users}, so its history would break. Keep it.")
        db.delete(row)
        events.note(db, actor, "forget checkpoint", row.name, project_id=row.project_id, location=row.location)


def _training_job(db: Session, training: Training) -> tables.Job | None:
    """The newest job of a training; those of recipes of slots name no step, and there is one training."""
    job = tables.Job
    query = select(job).where(job.round_id == training.round_id, job.stage == Stage.train)
    of_step = query.where(job.step.is_(None) | (job.step == training.step))
    return db.scalar(of_step.order_by(job.id.desc()).limit(1))


def _seconds(job: tables.Job | None) -> float | None:
    if job is None or job.started_at is None or job.finished_at is None:
        return None
    return (job.finished_at - job.started_at).total_seconds()


def _people(db: Session, round_ids: list[int]) -> tuple[Contribution, ...]:
    """The people whose decisions changed labels of these rounds, by round and person."""
    decision, round_, user = tables.Decision, tables.Round, tables.User
    query = (
        select(round_.number, user.name, func.count(), func.count().filter(decision.is_override))
        .join(decision, decision.round_id == round_.id)
        .join(user, user.id == decision.user_id)
        .where(decision.id.in_(standing.last_label_words().where(decision.round_id.in_(round_ids))))
        .group_by(round_.number, user.name)
        .order_by(round_.number.desc(), func.count().desc())
    )
    return tuple(Contribution(*row) for row in db.execute(query))


def _find(db: Session, actor: Actor, checkpoint_id: int, role: Role) -> tables.Checkpoint:
    row = db.get(tables.Checkpoint, checkpoint_id)
    missing = f"There is no checkpoint {checkpoint_id}. Choose one from the list."
    return require_row(db, actor, row, role, missing)


def _users(db: Session, checkpoint_id: int) -> str:
    """In words, what refers to a checkpoint."""
    round_, sample, judgment, child = tables.Round, tables.Sample, tables.Judgment, tables.Checkpoint
    arena = tables.Arena
    uses: dict[str, ColumnElement[bool]] = {
        "rounds": or_(
            round_.policy_id == checkpoint_id,
            round_.reference_id == checkpoint_id,
            round_.judge_id == checkpoint_id,
            round_.checkpoint_id == checkpoint_id,
        ),
        "roles of rounds": tables.RoundRole.checkpoint_id == checkpoint_id,
        "samples": sample.checkpoint_id == checkpoint_id,
        "judgments": judgment.checkpoint_id == checkpoint_id,
        "answers of judges": tables.JudgeAnswer.checkpoint_id == checkpoint_id,
        "arenas": or_(
            arena.first_id == checkpoint_id, arena.second_id == checkpoint_id, arena.judge_id == checkpoint_id
        ),
        "judge benches": tables.BenchJudge.checkpoint_id == checkpoint_id,
        "other checkpoints": child.parent_id == checkpoint_id,
    }
    archives = db.scalars(select(round_.archive).where(round_.archived_at.is_not(None)))
    named = ["archived rounds"] if any(checkpoint_id in archive.get("checkpoints", ()) for archive in archives) else []
    return ", ".join([what for what, clause in uses.items() if db.scalar(select(exists().where(clause)))] + named)
