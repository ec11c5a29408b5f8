"""Previews: a few prompts through a round's whole recipe before the round is launched.

A preview runs as one job. What it writes is in no list, number or export of the project, and is deleted at its end but
for what is shown of it.
"""

import secrets
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import boundary, jobs
from backend.db import reading, session, tables
from backend.errors import Conflict
from backend.pipeline import preview_rows
from backend.pipeline.preview import KIND, TUNE, spec_of
from backend.pipeline.stage import derive_seed
from backend.services import events, rounds
from backend.services.access import Actor, require, require_row, role_of
from backend.services.plans.checks import check, parse
from backend.services.plans.plan import Plan
from backend.services.previews import step_lines
from backend.services.rounds import moving
from backend.values import JSON, JobStatus, LocalEngine, Role, Stage

PROMPTS, MOST_PROMPTS = 5, 20
KEPT = 20
"""Of a project's previews so many are kept; the oldest go when another one starts."""

TOLD = ("took", "estimate", "num_prompts", "is_over", "is_timed", "groups", "num_samples", "spent")
TOLD_OF_SAMPLE = ("id", "step", "text", "finish_reason", "tokens")
"""What reviewers see of a preview, and of each of its texts."""


@dataclass(frozen=True)
class PreviewRow:
    """A preview in a list."""

    id: int
    job_id: int | None
    status: JobStatus
    recipe: str
    num_prompts: int
    created_by: str | None
    created_at: datetime


@dataclass(frozen=True)
class PreviewView:
    """A preview as far as it is. `error`: what its job failed with.

    `result`: `took` (each step with seconds), `groups` (each question with its texts, what judges said of them and
    as what they were kept), `funnels`, `dropped`, `left_out`, `preflight`, `empty` (why nothing was kept), `estimate`,
    `spent` (what endpoints were asked for). `is_masked`: what judges said and what was kept is left out.
    `seconds`: a loose bound on what the steps of the full round in `timed` take, by this pace; None until all of them
    ran, and where they did not in one attempt.
    """

    id: int
    project_id: int
    job_id: int | None
    status: JobStatus
    error: str | None
    done: int
    total: int
    unit: str
    plan: Plan
    num_prompts: int
    result: JSON
    seconds: float | None
    timed: tuple[str, ...]
    not_run: tuple[str, ...]
    """The steps after the first training, which work with what it would make."""
    created_by: str | None
    created_at: datetime
    is_masked: bool = False

    @property
    def is_over(self) -> bool:
        return self.status not in jobs.ACTIVE


def start(actor: Actor, project_id: int, plan: Plan, *, num_prompts: int = PROMPTS) -> int:
    """Run so many prompts of a plan through its recipe, in a job; return the preview's id.

    Nobody reviews, and nothing is trained: the training is looked at. A plan that branches off another round is
    previewed with texts of its own. Raises what a launch would raise.
    """
    boundary.whole(num_prompts, "num_prompts", least=1, most=MOST_PROMPTS)
    plan = replace(plan, branch_of=None, branch_step=None)
    few = replace(plan, num_prompts=min(num_prompts, plan.num_prompts), is_reviewed=False, num_rounds=1)
    # Other texts than those of the round, whose judgments people must not have seen before they decide.
    few = replace(few, seed=derive_seed(plan.seed, KIND))
    estimated = {
        "full": asdict(rounds.estimate(actor, project_id, plan)),
        "few": asdict(rounds.estimate(actor, project_id, few)),
    }
    recipe = parse(plan.recipe)
    with session() as db:
        require(db, actor, project_id, Role.curator)
        db.get_one(tables.Project, project_id, with_for_update=True)
        check(db, project_id, plan, recipe)
        preview_rows.clear_ended(db, project_id)
        _forget_oldest(db, project_id)
        row = tables.Preview(
            project_id=project_id,
            plan=_stored(plan),
            created_by=actor.user_id,
            result={"estimate": estimated, "num_prompts": few.num_prompts},
        )
        db.add(row)
        db.flush()
        hidden = tables.Project(name=f"preview {secrets.token_hex(16)}", preview_id=row.id)
        db.add(hidden)
        db.flush()
        rounds.write(
            db,
            hidden.id,
            few,
            recipe,
            moving.last_number(db, project_id) + 1,
            created_by=actor.user_id,
            home_id=project_id,
        )
        job = jobs.enqueue(
            db, stage=Stage.generate, project_id=project_id, spec=spec_of(row.id), created_by=actor.user_id
        )
        row.job_id = job.id
        events.note(
            db,
            actor,
            "preview round",
            f"preview {row.id}",
            project_id=project_id,
            recipe=str(plan.recipe.get("name", "")),
            num_prompts=few.num_prompts,
        )
        return row.id


def get(actor: Actor, preview_id: int) -> PreviewView:
    """One preview, as far as it is; raises `NotFound`.

    Below curator without what judges said and what became of the texts: the same texts may come up in a blind review.
    """
    with reading() as db:
        row = _find(db, actor, preview_id, Role.viewer)
        has, view = role_of(db, actor, row.project_id), _view(db, row)
    return view if has is not None and has.rank >= Role.curator.rank else masked(view)


def masked(view: PreviewView) -> PreviewView:
    """The preview without judgments, scores, verdicts and what was kept, by whom a text is, and why a step failed.

    What is asked after the first texts is left out, too: which of them it is about tells what was said of them, and a
    model that judges itself answers there. What stays is named, so that nothing comes in that nobody thought of.
    """
    fields = {name: view.result[name] for name in TOLD if name in view.result}
    first = min((group["step"] for group in fields.get("groups", [])), default=0)
    groups = [
        group | {"samples": [{name: sample[name] for name in TOLD_OF_SAMPLE} for sample in group["samples"]]}
        for group in fields.get("groups", [])
        if group["step"] == first and group["about"] is None
    ]
    error = None if view.error is None else "The preview failed. A curator sees why."
    return replace(view, result=fields | {"groups": groups}, error=error, is_masked=True)


def list_previews(actor: Actor, project_id: int) -> list[PreviewRow]:
    """The project's previews, newest first."""
    preview, job, user = tables.Preview, tables.Job, tables.User
    query = (
        select(
            preview.id,
            preview.job_id,
            job.status,
            preview.plan["recipe"]["title"].as_string(),
            preview.result["num_prompts"].as_integer(),
            user.name,
            preview.created_at,
        )
        .outerjoin(job, job.id == preview.job_id)
        .outerjoin(user, user.id == preview.created_by)
        .where(preview.project_id == project_id)
        .order_by(preview.id.desc())
    )
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        return [
            PreviewRow(id_, job_id, status or JobStatus.cancelled, title or "", number or 0, name, at)
            for id_, job_id, status, title, number, name, at in db.execute(query).tuples()
        ]


def delete(actor: Actor, preview_id: int) -> None:
    """Delete a preview with all that it wrote; raises `Conflict` while its job is queued or running."""
    with session() as db:
        row = _find(db, actor, preview_id, Role.curator)
        job = db.get(tables.Job, row.job_id) if row.job_id is not None else None
        if job is not None and job.status in jobs.ACTIVE:
            raise Conflict(f"Preview {preview_id} is {job.status}. Cancel its job first, or wait for its end.")
        _delete(db, row)
        events.note(db, actor, "delete preview", f"preview {preview_id}", project_id=row.project_id)


def _delete(db: Session, row: tables.Preview) -> None:
    preview_rows.delete_rows(db, row.id)
    db.delete(row)
    db.flush()


def _forget_oldest(db: Session, project_id: int) -> None:
    preview, job = tables.Preview, tables.Job
    query = select(preview).outerjoin(job, job.id == preview.job_id).where(preview.project_id == project_id)
    ended = query.where(job.status.not_in(jobs.ACTIVE) | job.id.is_(None)).order_by(preview.id.desc())
    for ended_row in db.scalars(ended.offset(KEPT - 1)).all():
        _delete(db, ended_row)


def _find(db: Session, actor: Actor, preview_id: int, role: Role) -> tables.Preview:
    missing = f"There is no preview {preview_id} here. Start one from New round."
    row = db.get(tables.Preview, preview_id)
    return require_row(db, actor, row, role, missing)


def _view(db: Session, row: tables.Preview) -> PreviewView:
    job = db.get(tables.Job, row.job_id) if row.job_id is not None else None
    plan = plan_of(row)
    result = row.result if row.result.get("is_over") else row.result | preview_rows.shown(db, row.id)
    lines = step_lines.lines_of(db, plan)
    result = step_lines.with_lines(result, lines)
    user = db.get(tables.User, row.created_by) if row.created_by is not None else None
    return PreviewView(
        row.id,
        row.project_id,
        row.job_id,
        job.status if job is not None else JobStatus.cancelled,
        job.error if job is not None else None,
        job.done if job is not None else 0,
        job.total if job is not None else 0,
        job.unit if job is not None else "",
        plan,
        int(row.result.get("num_prompts", PROMPTS)),
        result,
        seconds(result),
        tuple(step["line"] for step in timed(result)),
        step_lines.not_run(result, lines),
        user.name if user is not None else None,
        row.created_at,
    )


def plan_of(row: tables.Preview) -> Plan:
    """The plan as it was previewed."""
    stored: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in row.plan.items()
    }
    return Plan(**stored | {"engine": LocalEngine(stored.get("engine", LocalEngine.transformers))})


def _stored(plan: Plan) -> JSON:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(plan).items()}


def seconds(result: JSON) -> float | None:
    """What the steps that were timed take in the full round at most; None where not all of them were, in one attempt.

    Loading models takes as long for few prompts as for many, the rest is taken to grow with the samples. Where so few
    prompts fill no batch, it grows far less.
    """
    few, full = (result["estimate"][name]["samples"] for name in ("few", "full"))
    if not result.get("is_timed") or not few:
        return None
    return sum(float(step["loading"]) + (step["seconds"] - step["loading"]) * full / few for step in timed(result))


def timed(result: JSON) -> list[JSON]:
    """The steps whose pace is the full round's, too: those up to the first training but it and trying changes out."""
    stages = (Stage.generate, Stage.judge, Stage.select)
    return [step for step in result.get("took", []) if step["stage"] in stages and step["step"] != TUNE]
