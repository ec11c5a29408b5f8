"""A judge's template rewritten by a model from people's labels: what it takes, starting it, using what it found."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import boundary, jobs, recipes
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound
from backend.judges._template import TemplateJudge
from backend.pipeline import rewrite
from backend.pipeline.bind import checkpoint_of
from backend.pipeline.health.shapes import Estimate
from backend.pipeline.rewrite.optimizer import is_installed, most_calls
from backend.services import events, rounds
from backend.services.access import Actor, require, require_row
from backend.services.held_out.words import changes
from backend.services.plans.plan import Plan
from backend.services.rewrites.shapes import ChangedExample, Offer, RewriteOutcome, RewriteRow, RewriteView, SplitSide
from backend.services.rounds import kept_figures, round_versions
from backend.translations import gettext, ngettext
from backend.values import JSON, SCORER, JobStatus, Role, Stage

USUAL, MOST = 8, 50
"""Templates that are written."""
NOT_INSTALLED = (
    "The package gepa, which a rewrite needs, is not installed here. Where the worker runs in the same environment, "
    'install it first: pip install "rondo[gepa]".'
)


def offer(actor: Actor, round_id: int, *, rewrites: int = USUAL) -> Offer:
    """What rewriting would take; nothing is started. Raises `InvalidInput` for a judge without such a template."""
    boundary.whole(rewrites, "rewrites", least=1, most=MOST)
    with reading() as db:
        row = rounds.get_row(db, actor, round_id, Role.curator)
        figures = kept_figures.figures(db, row, "rewrite", _counted, late=_versions_above)
        offered = _offer(db, row, rewrites, figures.value)
        return replace(offered, as_of=figures.as_of)


def start(actor: Actor, round_id: int, reflector_id: int, *, rewrites: int = USUAL) -> int:
    """Start a job in which a checkpoint writes at most so many templates; return the rewrite's id.

    Raises `InvalidInput` for too few labels, and for a judge or a checkpoint that this cannot be done with.
    """
    boundary.whole(rewrites, "rewrites", least=1, most=MOST)
    with session() as db:
        row = rounds.get_row(db, actor, round_id, Role.curator)
        _check_reflector(db, row.project_id, reflector_id)
        offer = _offer(db, row, rewrites, _counted(db, row))
        if offer.why_not:
            raise InvalidInput(offer.why_not)
        _, step = rewrite.judge_in(row)
        job = jobs.enqueue(
            db, stage=Stage.judge, project_id=row.project_id, spec={"kind": rewrite.KIND}, created_by=actor.user_id
        )
        asked = {"template": offer.template, "judge_id": offer.judge_id, "reflector_id": reflector_id}
        row_made = tables.TemplateRewrite(
            project_id=row.project_id,
            job_id=job.id,
            round_id=round_id,
            step=step,
            asked=asked | {"rewrites": rewrites},
            created_by=actor.user_id,
        )
        db.add(row_made)
        db.flush()
        events.note(
            db,
            actor,
            "rewrite template",
            f"round {row.number}",
            project_id=row.project_id,
            round_id=round_id,
            rewrite_id=row_made.id,
            rewrites=rewrites,
        )
        return row_made.id


def list_rewrites(actor: Actor, project_id: int) -> list[RewriteRow]:
    """The project's rewrites, newest first."""
    row, job, round_ = tables.TemplateRewrite, tables.Job, tables.Round
    query = (
        select(row.id, row.round_id, round_.number, job.status, row.result["is_kept"].as_boolean(), row.created_at)
        .join(round_, round_.id == row.round_id)
        .outerjoin(job, job.id == row.job_id)
        .where(row.project_id == project_id)
        .order_by(row.id.desc())
    )
    with reading() as db:
        require(db, actor, project_id, Role.curator)
        return [
            RewriteRow(id_, round_id, number, status or JobStatus.cancelled, is_kept, at)
            for id_, round_id, number, status, is_kept, at in db.execute(query).tuples()
        ]


def get(actor: Actor, rewrite_id: int) -> RewriteView:
    """One rewrite, as far as it is; raises `NotFound`."""
    with reading() as db:
        return _view(db, _find(db, actor, rewrite_id))


def plan(actor: Actor, rewrite_id: int) -> Plan:
    """The plan of the next round with the new template; raises `Conflict` for one that was not kept."""
    with reading() as db:
        row = _find(db, actor, rewrite_id)
        if not row.result.get("is_kept"):
            raise Conflict(f"Rewrite {rewrite_id} has no template that was kept. Its page says why.")
        round_ = db.get_one(tables.Round, row.round_id)
    default = rounds.defaults(actor, row.project_id)
    # The next round's own recipe where it is that of the round, which its schedule may have changed since.
    is_same = default.recipe.get("name") == round_.recipe.get("name")
    of_round = recipes.read(round_.recipe)
    recipe = recipes.read(default.recipe) if is_same else of_round
    if _at(recipe, round_.phase, row.step) != _at(of_round, round_.phase, row.step):
        recipe = of_round
    phase = min(round_.phase, len(recipe.phases) - 1)
    # A recipe of slots calls its one judge by its slot; another one calls a step by its number.
    place = (
        "judge" if recipe.is_slots else f"{phase + 1}/{row.step + 1}" if len(recipe.phases) > 1 else str(row.step + 1)
    )
    changed = recipe.with_changes({place: {"template": row.result["template"]}})
    return replace(default, recipe=changed.model_dump(mode="json"))


def _at(recipe: recipes.Recipe, phase: int, step: int) -> str | None:
    """The name of the judge by a template at that step; None where none stands there."""
    steps = recipe.phases[min(phase, len(recipe.phases) - 1)].steps
    part = steps[step].part if step < len(steps) else None
    return part.name if isinstance(part, TemplateJudge) else None


def _counted(db: Session, row: tables.Round) -> tuple[int, int, str]:
    """How many labels a rewrite may see and how many it must not, and why they are too few, if so."""
    rewrite.judge_in(row)  # what cannot be rewritten is refused before labels are read
    cases = rewrite.gather(db, row)
    seen, unseen = map(len, rewrite.split(cases))
    return seen, unseen, rewrite.too_few(cases) or ""


def _versions_above(db: Session, row: tables.Round) -> tuple[Any, ...]:
    """What people and jobs have done in the rounds above, which give labels, too."""
    versions = []
    for _ in range(rewrite.MOST_ROUNDS):
        above = db.get(tables.Round, row.parent_id) if row.parent_id is not None else None
        if above is None:
            break
        versions.append((above.id, round_versions.of_people(db, above), round_versions.of_machine(db, above)))
        row = above
    return tuple(versions)


def _offer(db: Session, row: tables.Round, rewrites: int, counted: tuple[int, int, str]) -> Offer:
    judge, step = rewrite.judge_in(row)
    place = recipes.read(row.recipe).places(row.phase)[step]
    judge_id = checkpoint_of(db, row, place.step.by, step)
    seen, unseen, why_not = counted
    checkpoint = db.get(tables.Checkpoint, judge_id)
    return Offer(
        row.id,
        str(judge.name),
        judge_id,
        checkpoint.name if checkpoint is not None else "",
        judge.template,
        seen,
        unseen,
        rewrites,
        most_calls(seen, unseen, rewrites, judge.calls_per_sample),
        why_not,
        "" if is_installed() else NOT_INSTALLED,
    )


def _check_reflector(db: Session, project_id: int, checkpoint_id: int) -> None:
    row = db.get(tables.Checkpoint, checkpoint_id)
    if row is None or row.project_id != project_id:
        raise NotFound(f"There is no checkpoint {checkpoint_id} in this project. Choose one from the list.")
    if row.kind == SCORER:
        raise InvalidInput(f"{row.name} is a scorer, which writes no text. Choose a language model to write templates.")


def _find(db: Session, actor: Actor, rewrite_id: int) -> tables.TemplateRewrite:
    missing = f"There is no rewrite {rewrite_id} here. Start one on the page Rewrites."
    row = db.get(tables.TemplateRewrite, rewrite_id)
    return require_row(db, actor, row, Role.curator, missing)


def _view(db: Session, row: tables.TemplateRewrite) -> RewriteView:
    job = db.get(tables.Job, row.job_id) if row.job_id is not None else None
    round_ = db.get_one(tables.Round, row.round_id)
    user = db.get(tables.User, row.created_by) if row.created_by is not None else None
    judge = recipes.read(round_.recipe).places(round_.phase)[row.step].step.part
    return RewriteView(
        row.id,
        row.project_id,
        row.round_id,
        round_.number,
        row.job_id,
        job.status if job is not None else JobStatus.cancelled,
        job.error if job is not None else None,
        job.done if job is not None else 0,
        job.total if job is not None else 0,
        str(judge.name),
        _name(db, row.asked["judge_id"]),
        _name(db, row.asked["reflector_id"]),
        row.asked["rewrites"],
        row.asked["template"],
        _outcome(row.asked["template"], row.result) if row.result else None,
        user.name if user is not None else None,
        row.created_at,
    )


def _name(db: Session, checkpoint_id: int) -> str:
    row = db.get(tables.Checkpoint, checkpoint_id)
    return row.name if row is not None else f"checkpoint {checkpoint_id}, which is gone"


def _outcome(old: str, result: JSON) -> RewriteOutcome:
    seen, unseen = (_side(result[name]) for name in ("seen", "unseen"))
    gain = Estimate(**result["unseen"]["gain"])
    return RewriteOutcome(
        result["template"],
        result["is_kept"],
        _said(old, result, gain),
        seen,
        unseen,
        gain,
        result["written"],
        result["refused"],
        result["calls"],
        tuple(changes(old, result["template"])),
        _examples(result["examples"]),
        result.get("note", ""),
    )


def _side(given: JSON) -> SplitSide:
    return SplitSide(given["labels"], given["prompts"], Estimate(**given["before"]), Estimate(**given["after"]))


def _examples(given: Sequence[JSON]) -> tuple[ChangedExample, ...]:
    return tuple(ChangedExample(**example) for example in given)


def _said(old: str, result: JSON, gain: Estimate) -> str:
    if result["is_kept"]:
        return gettext("Kept: on labels that it has not seen the judge agrees with people more often, beyond chance.")
    if result["template"] == old:
        text = ngettext(
            "Nothing is changed: the {number} template was not better on the labels that were seen. Try another "
            "reflecting model, or let it write more.",
            "Nothing is changed: none of {number} templates was better on the labels that were seen. Try another "
            "reflecting model, or let it write more.",
            result["written"],
        )
        return text.format(number=result["written"])
    if gain.low is None:
        return gettext("Not kept: of so few unseen prompts no interval can be said. Collect more labels.")
    return gettext(
        "Not kept: on labels that it has not seen the new template is not better beyond chance. More labels, or "
        "another reflecting model, may tell."
    )
