"""Rounds: the plan of the next one, launching it, following it."""

from dataclasses import asdict

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from app import round_file
from app.api.depends import After, Asking, Before, Limit, Page, cut, file_of
from backend import translations
from backend.boundary import Count, Data, Id, Line, RecipeOrName, Seed
from backend.services import round_archive, round_report, rounds
from backend.services.plans import recipe_choice
from backend.services.recipes import parts
from backend.services.results import trends
from backend.services.results.trends import TrendPoint
from backend.services.round_report import Report
from backend.services.rounds import Plan, PlanEstimate, RoundView, auto, failures, job_views
from backend.services.rounds import reselect as reselecting
from backend.services.rounds.failures import FailureView
from backend.services.rounds.job_views import JobView
from backend.values import JSON, LocalEngine

router = APIRouter(tags=["rounds"])


class Changes(BaseModel):
    """Fields of the plan that differ from the default one; absent and null fields stay as `GET .../plan` shows them.

    A `judge_id` of null is a choice: the policy judges its own answers. `roles`: checkpoints by the role that steps of
    the recipe name. `num_rounds`: rounds to run, this one included, until one of the `stop_rules` ends them.
    `engine`: what serves model folders, transformers or vllm.
    `again`: the round whose settings are the default, seed included.
    `recipe`: the whole recipe, or the name of one: "rso" or {"name": "rso"}, see `GET /recipes`. `changes`: knobs of it
    that differ, by the name, kind, part or number of the step, as in {"sample": {"n": 4}, "dpo": {"beta": 0.1}}.
    """

    recipe: RecipeOrName | None = None
    changes: Data | None = None
    policy_id: Id | None = None
    reference_id: Id | None = None
    judge_id: Id | None = None
    sample_set_ids: tuple[Id, ...] | None = None
    held_out_set_ids: tuple[Id, ...] | None = None
    mix_set_ids: tuple[Id, ...] | None = None
    num_prompts: Count | None = None
    seed: Seed | None = None
    is_reviewed: bool | None = None
    is_blind: bool | None = None
    review: Data | None = None
    roles: dict[str, Id] | None = None
    engine: LocalEngine | None = None
    num_rounds: Count | None = None
    stop_rules: tuple[str, ...] | None = None
    parent_id: Id | None = None
    again: Id | None = None

    def plan(self, asking: Asking, project_id: Id) -> Plan:
        """The default plan, changed."""
        default = _default(asking, project_id, self.parent_id, self.again)
        if self.recipe is not None or self.changes:
            default = recipe_choice.chosen(asking, project_id, default, self.recipe, self.changes)
        given = self.model_dump(exclude_unset=True, exclude={"parent_id", "again", "recipe", "changes"})
        return Plan(**asdict(default) | {k: v for k, v in given.items() if v is not None or k == "judge_id"})


class SelectorRequest(BaseModel):
    """Knobs of the round's selector that change, or a whole other one with its `name`."""

    selector: Data


class StartedRoundJob(BaseModel):
    """The job that goes on with the round."""

    job_id: int


def _default(actor: Asking, project_id: int, parent_id: int | None, again: int | None) -> Plan:
    if again is not None:
        return rounds.again(actor, project_id, again)
    return rounds.defaults(actor, project_id, parent_id)


@router.get("/parts")
def list_parts(actor: Asking) -> JSON:
    """Every part that a recipe can name, with its knobs, and the recipes."""
    return {"parts": parts.describe(), "recipes": parts.recipes()}


@router.get("/projects/{project_id}/plan")
def get_plan(actor: Asking, project_id: Id, parent_id: Id | None = None, again: Id | None = None) -> Plan:
    """What the next round would be: from `parent_id`, else from where it has best start; or a round `again`."""
    return _default(actor, project_id, parent_id, again)


@router.post("/projects/{project_id}/plan/estimate")
def estimate(actor: Asking, project_id: Id, body: Changes) -> PlanEstimate:
    """Say how much a round would make; nothing is started."""
    return rounds.estimate(actor, project_id, body.plan(actor, project_id))


@router.get("/projects/{project_id}/trends")
def list_trends(actor: Asking, project_id: Id) -> list[str]:
    """The figures of which a round of the project has one."""
    return trends.names(actor, project_id)


@router.get("/projects/{project_id}/trend")
def get_trend(actor: Asking, project_id: Id, name: Line = trends.JUDGE_MEAN) -> list[TrendPoint]:
    """One figure of each round that has it, by number, with its interval."""
    return trends.read(actor, project_id, name)


@router.get("/projects/{project_id}/rounds")
def list_rounds(actor: Asking, project_id: Id, limit: Limit = 50, after: After = None) -> Page[RoundView]:
    return cut(rounds.list_rounds(actor, project_id), limit=limit, after=after, key=lambda row: row.id)


@router.post("/projects/{project_id}/rounds", status_code=201)
def launch(actor: Asking, project_id: Id, body: Changes) -> RoundView:
    return rounds.get(actor, rounds.launch(actor, project_id, body.plan(actor, project_id)))


@router.get("/rounds/{round_id}")
def get_round(actor: Asking, round_id: Id) -> RoundView:
    return rounds.get(actor, round_id)


@router.get("/rounds/{round_id}/report")
def get_report(actor: Asking, round_id: Id) -> Report:
    """What the round was asked for, what it measured, what became of its texts, people's part, failures and cost."""
    with translations.using(translations.SOURCE):  # a file that people keep, the same for all
        return round_report.get(actor, round_id)


@router.get("/rounds/{round_id}/report.html", **file_of("text/html"))
def get_report_file(actor: Asking, round_id: Id) -> Response:
    """The same as one HTML file that asks for nothing else."""
    with translations.using(translations.SOURCE):
        html = round_file.page(round_report.get(actor, round_id))
    headers = {"Content-Disposition": f'attachment; filename="round-{round_id}.html"'}
    return Response(html, media_type="text/html", headers=headers)


class Retry(BaseModel):
    """`ids` of what to try again; null: all that may be."""

    ids: list[int] | None = Field(None, min_length=1, max_length=failures.MAX_IDS)


@router.get("/rounds/{round_id}/failures")
def list_failures(actor: Asking, round_id: int, limit: Limit = 50, after: Before = None) -> Page[FailureView]:
    """List what was left out of a round with its reason, oldest first."""
    rows = failures.list_failures(actor, round_id, limit=limit + 1, after_id=after)
    return Page(items=rows[:limit], next=str(rows[limit - 1].id) if len(rows) > limit else None)


@router.post("/rounds/{round_id}/failures/retry", status_code=202)
def retry_failures(actor: Asking, round_id: int, body: Retry) -> JobView:
    """Ask again for what was left out, in a job of its own."""
    return job_views.get(actor, failures.retry(actor, round_id, body.ids)).job


@router.post("/rounds/{round_id}/cancel")
def cancel(actor: Asking, round_id: Id) -> RoundView:
    rounds.cancel(actor, round_id)
    return rounds.get(actor, round_id)


@router.post("/rounds/{round_id}/archive")
def archive(actor: Asking, round_id: Id) -> RoundView:
    """Write all its rows to files and delete them, answering once they are gone: minutes where there are millions.

    409 where something needs the rows. What the round measured, its funnel and its checkpoint stay readable.
    """
    return round_archive.archive(actor, round_id)


@router.post("/rounds/{round_id}/restore")
def restore(actor: Asking, round_id: Id) -> RoundView:
    """Put the rows of an archived round back with the numbers they had; 409 where one is taken."""
    return round_archive.restore(actor, round_id)


@router.post("/rounds/{round_id}/stop-after")
def stop_after(actor: Asking, round_id: Id) -> RoundView:
    """Let no further round follow this one by itself; it goes on itself."""
    auto.stop(actor, round_id)
    return rounds.get(actor, round_id)


@router.post("/rounds/{round_id}/select", status_code=202)
def reselect(actor: Asking, round_id: Id, body: SelectorRequest) -> StartedRoundJob:
    """Select again from the samples of a round that stopped after judging, with another selector."""
    return StartedRoundJob(job_id=reselecting.reselect(actor, round_id, body.selector))
