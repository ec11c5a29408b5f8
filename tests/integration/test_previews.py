"""Previews: a few prompts through the whole recipe, of which nothing stays but what is shown."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.pages import jobs as jobs_page
from app.pages.previews import shown
from backend import recipes, translations
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from backend.jobs import JobProgress, transitions
from backend.pipeline import preview as pipeline_preview
from backend.pipeline import run as pipeline_run
from backend.recipes import Recipe
from backend.selectors import Selection
from backend.selectors.best_versus_worst import BestVersusWorst
from backend.services import checkpoints, datasets, previews, prompts, rounds, warnings
from backend.services.datasets import exports
from backend.services.projects import list_mine
from backend.services.rounds import job_views
from backend.values import JobStatus, Role, Split, Stage
from tests import rows
from tests.integration import site
from tests.integration.clicking import Clicker
from tests.integration.loop import JUDGE, SOLVER, TRAINING, Killed, Loop, dying, star, tiny
from tests.integration.test_deep_links import Opened

__all__ = ["tiny"]
WRITTEN = (
    tables.Round,
    tables.Group,
    tables.Sample,
    tables.Label,
    tables.Judgment,
    tables.Dataset,
    tables.Example,
    tables.RoundPromptSet,
    tables.RoundRole,
    tables.Metric,
    tables.LeftOut,
)


class Page(Clicker, Opened):
    """Opens a page and clicks on it."""


def plan_of(loop: Loop, **more: Any) -> rounds.Plan:
    return rounds.Plan(
        recipe=loop.recipe.model_dump(mode="json"),
        policy_id=loop.policy.id,
        reference_id=loop.base.id,
        sample_set_ids=(loop.prompts.id,),
        **{"num_prompts": 10, "seed": 3} | more,
    )


def run_job(preview_id: int) -> tables.Job:
    """Run the preview's job, again for as often as it dies."""
    while True:
        with reading() as db:
            row = db.get_one(tables.Preview, preview_id)
            job = db.get_one(tables.Job, row.job_id)
        if job.status not in (JobStatus.queued, JobStatus.running):
            return job
        attempt = transitions.start(job.id, job.workflow_id, "here")
        assert attempt is not None
        try:
            pipeline_run.run_job(job.id, attempt)
        except Killed:
            assert transitions.take_over(job.id, job.workflow_id, lost=False)


def counted() -> dict[str, int]:
    with reading() as db:
        return {table.__tablename__: db.query(table).count() for table in (*WRITTEN, tables.Project)}


def rewarding(**changes: Any) -> Recipe:
    few = {
        "trainer": TRAINING | {"start": "base"},
        "generator": {"n": 2, "temperature": 1.0},
        "metrics": [],
        "unparsed_limit": 1.0,
    }
    return recipes.get("self_rewarding").with_changes(few | changes)


@pytest.mark.on_sqlite  # the queries of previews run on both in the tests below
def test_what_a_preview_shows_and_that_nothing_of_it_stays(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Loop(rewarding(), JUDGE, tiny)
    before = counted()
    preview_id = previews.start(loop.actor, loop.project.id, plan_of(loop), num_prompts=3)
    with dying(monkeypatch) as kills:
        assert run_job(preview_id).error is None
    assert kills[0] > 3, "it goes on where it was killed"
    assert counted() == before
    preview_view = previews.get(loop.actor, preview_id)
    result = preview_view.result
    assert (preview_view.status, preview_view.num_prompts, preview_view.plan.num_prompts) == (JobStatus.done, 3, 10)
    assert [entry["stage"] for entry in result["took"]] == ["generate", "judge", "select", "train"]
    texts = [sample for group in result["groups"] for sample in group["samples"]]
    assert (len(result["groups"]), len(texts)) == (3, 6)
    assert all(len(text["judgments"]) == 3 for text in texts), "each vote with the judge's words"
    assert {kept["as"] for text in texts for kept in text["kept"]} == {"chosen", "rejected"}
    assert result["preflight"]["rows"] == result["funnels"][0]["rows"] > 0
    parts = [part["text"] for side in result["preflight"]["first"][0] for part in side["parts"]]
    assert parts[0].startswith("<|bos|><|user|>prompt ")
    assert parts[1].removesuffix("<|eos|>") in {text["text"] for text in texts}
    assert (preview_view.seconds, preview_view.timed) == (None, tuple(entry["line"] for entry in result["took"][:3])), (
        "it was killed"
    )
    with translations.using("de"):
        lines = [entry["line"] for entry in previews.get(loop.actor, preview_id).result["took"]]
    assert [line.partition(":")[0] for line in lines] == ["2. Generator", "3. Judge", "4. Selektor", "5. Trainer"]
    preview = shown.preview(preview_view)
    assert {sample["fate"] for group in preview["groups"] for sample in group["samples"]} >= {
        "chosen side",
        "rejected side",
    }
    assert shown.rows(preview_view)["facts"]
    with site.signed_in(rows.make_actor(loop.project, Role.reviewer)) as client:
        body = client.get(f"/api/v1/previews/{preview_id}").json()
        assert body["is_masked"]
        samples = [sample for group in body["result"]["groups"] for sample in group["samples"]]
        assert {sample["text"] for sample in samples} == {text["text"] for text in texts}
        assert {name for sample in samples for name in sample} == set(previews.TOLD_OF_SAMPLE)
        assert set(body["result"]) <= set(previews.TOLD), "neither what was kept nor what the trainer reads"
        drawn = Page(client, loop.project.slug).ask("previews", "draw", preview=str(preview_id))
        assert shown.MASKED in drawn
        assert "Score: " not in drawn
        assert "chosen side" not in drawn


def stopped_before_training(preview_id: int) -> list[tables.Dataset]:
    """Run the preview's steps until its training is to be looked at, by a worker that trains; the selected rows."""
    with reading() as db:
        job = db.get_one(tables.Job, db.get_one(tables.Preview, preview_id).job_id)
    attempt = transitions.start(job.id, job.workflow_id, "here")
    assert attempt is not None
    assert pipeline_run.run_job(job.id, attempt) == 0
    with reading() as db:
        look = db.get_one(tables.Job, db.get_one(tables.Preview, preview_id).job_id)
        assert (job.queue, look.queue, look.status) == ("generate", "train", JobStatus.queued)
        with pytest.raises(Conflict, match=f"went on with job {look.id}"):
            pipeline_preview.run(job.id, attempt + 1, JobProgress(job.id, attempt + 1))
        return db.query(tables.Dataset).order_by(tables.Dataset.id).all()


def test_a_preview_counts_nowhere_while_it_runs_and_is_in_nobodys_way(tiny: Path) -> None:
    loop = Loop(star(), SOLVER, tiny)
    owner = rows.make_actor(is_owner=True)
    held_out = rows.make_prompt_set(loop.project, prompts=["held prompt a"], split=Split.held_out)
    preview_id = previews.start(loop.actor, loop.project.id, plan_of(loop, held_out_set_ids=(held_out.id,)))
    with pytest.raises(Conflict, match=f"is used by preview {preview_id}, .*cancel the job"):
        checkpoints.delete(loop.actor, plan_of(loop).policy_id)
    with pytest.raises(Conflict, match=f"preview {preview_id} uses it.*cancel it"):
        prompts.delete_set(loop.actor, held_out.id)
    selected = stopped_before_training(preview_id)
    with session() as db:
        db.add(
            tables.EndpointUse(
                round_id=selected[0].round_id,
                stage=Stage.judge,
                step=2,
                checkpoint_id=loop.policy.id,
                requests=4,
                uncounted=0,
                tokens_in=900,
                tokens_out=100,
                cost=0.25,
                unpriced=0,
            )
        )
    running = previews.get(loop.actor, preview_id)
    assert running.seconds is not None, "all that is timed has run"
    assert running.result["groups"]
    asked = {"name": f"asked of {loop.policy.name}", "value": "4 requests, 1,000 tokens, cost 0.25"}
    assert asked in shown.preview(running)["facts"]
    with reading() as db:
        [hidden] = [project for project in db.query(tables.Project) if project.preview_id == preview_id]
        [row] = [round_ for round_ in db.query(tables.Round) if round_.project_id == hidden.id]
    assert rounds.list_rounds(owner, loop.project.id) == []
    assert hidden.id not in {project_view.id for project_view in list_mine(owner)}
    for actor in (owner, loop.actor):
        assert datasets.list_datasets(actor, loop.project.id) == []
        for look in (rounds.get, warnings.of_round):
            with pytest.raises(NotFound):
                look(actor, row.id)
        with pytest.raises(NotFound):
            exports.export(actor, selected[0].id)
    assert prompts.get(loop.actor, loop.prompts.id).num_rounds == 0
    assert row.seed != 3, "people would have seen what the judge says of the round's own texts"
    with pytest.raises(Conflict, match="Cancel its job"):
        previews.delete(loop.actor, preview_id)
    with pytest.raises(Conflict, match="used by"):
        checkpoints.delete(loop.actor, loop.policy.id)
    with session() as db:
        preview = db.get_one(tables.Preview, preview_id)
        assert preview.job_id is not None
        transitions.cancel(db, preview.job_id)
    prompts.delete_set(loop.actor, loop.prompts.id)
    prompts.delete_set(loop.actor, held_out.id)
    with reading() as db:
        assert db.query(tables.Project).filter_by(preview_id=preview_id).count() == 0
    previews.delete(loop.actor, preview_id)
    with pytest.raises(NotFound):
        previews.get(loop.actor, preview_id)


@pytest.mark.on_sqlite
def test_an_error_of_the_recipe_shows_with_the_texts_it_is_about(tiny: Path) -> None:
    mute = {"name": "scripted", "rules": [{"pattern": "grading", "reply": "hm"}, {"pattern": "prompt", "reply": "x"}]}
    loop = Loop(rewarding(unparsed_limit=0.5), mute, tiny)
    preview_id = previews.start(loop.actor, loop.project.id, plan_of(loop))
    assert run_job(preview_id).status is JobStatus.failed
    preview_view = previews.get(loop.actor, preview_id)
    assert "judge replies have no verdict" in str(preview_view.error)
    raw = {
        judgment["raw"]
        for group in preview_view.result["groups"]
        for sample in group["samples"]
        for judgment in sample["judgments"]
    }
    assert raw == {"hm"}
    assert "30 of 30" in shown.preview(preview_view)["error"]
    checkpoints.delete(loop.actor, rows.make_checkpoint(loop.project).id)
    prompts.delete_set(rows.make_actor(loop.project), rows.make_prompt_set(loop.project).id)
    with reading() as db:
        kept = db.query(tables.Project).filter_by(preview_id=preview_id).count()
    assert kept == 1, "what it does not use may go, and its job can be tried again"
    previews.start(loop.actor, loop.project.id, plan_of(loop))
    assert previews.get(loop.actor, preview_id).result["groups"] == preview_view.result["groups"], (
        "kept without its rows"
    )


@pytest.mark.on_sqlite
def test_a_preview_of_which_nothing_is_kept_says_why(tiny: Path) -> None:
    same = {"name": "scripted", "rules": [{"pattern": "grading", "reply": "Score: 3"}, {"pattern": "", "reply": "x"}]}
    loop = Loop(rewarding(), same, tiny)
    preview_id = previews.start(loop.actor, loop.project.id, plan_of(loop))
    assert run_job(preview_id).error is None
    preview = shown.preview(previews.get(loop.actor, preview_id))
    assert preview["empty"].startswith("The selector best_versus_worst kept nothing of 5 groups")
    assert "Nobody reviews" not in preview["empty"]
    assert all(group["dropped"] for group in preview["groups"])


@pytest.mark.on_sqlite
def test_reasons_stand_at_a_question_only_where_they_hold(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A selector that keeps one row of all questions would keep one of each where it saw each alone."""
    select = BestVersusWorst.select

    def one_of_all(self: BestVersusWorst, groups: Any, *, seed: int) -> Selection:
        selection = select(self, groups, seed=seed)
        return replace(selection, examples=selection.examples[:1])

    monkeypatch.setattr(BestVersusWorst, "select", one_of_all)
    loop = Loop(rewarding(), JUDGE, tiny)
    preview_id = previews.start(loop.actor, loop.project.id, plan_of(loop))
    stopped_before_training(preview_id)
    result = previews.get(loop.actor, preview_id).result
    of_row = {str(group["id"]) for group in result["groups"] if any(sample["kept"] for sample in group["samples"])}
    [dropped] = result["dropped"].values()
    assert len(of_row) == 1
    assert of_row <= dropped.keys()
    assert len(dropped) < len(result["groups"])


@pytest.mark.on_sqlite
def test_who_may_preview_and_what_is_refused(tiny: Path) -> None:
    loop = Loop(star(), SOLVER, tiny)
    plan = plan_of(loop)
    with pytest.raises(PermissionDenied):
        previews.start(rows.make_actor(loop.project, Role.reviewer), loop.project.id, plan)
    with pytest.raises(InvalidInput, match="from 1 to 20"):
        previews.start(loop.actor, loop.project.id, plan, num_prompts=21)
    with pytest.raises(InvalidInput, match="Choose at least one train set"):
        previews.start(loop.actor, loop.project.id, replace(plan, sample_set_ids=()))
    preview_id = previews.start(loop.actor, loop.project.id, plan)
    with pytest.raises(NotFound, match="no preview"):
        previews.get(rows.make_actor(), preview_id)
    with reading() as db:
        [job] = db.query(tables.Job).all()
    assert (job.project_id, job.round_id, job.stage) == (loop.project.id, None, Stage.generate)
    previewed = previews.get(loop.actor, preview_id).plan
    assert previewed == plan


@pytest.mark.on_sqlite
def test_the_page_and_rest_show_a_preview(tiny: Path) -> None:
    loop = Loop(star(), SOLVER, tiny)
    with site.signed_in(loop.actor) as client:
        body = {
            "recipe": loop.recipe.model_dump(mode="json"),
            "sample_set_ids": [loop.prompts.id],
            "prompts": 2,
            "policy_id": loop.policy.id,
            "reference_id": loop.base.id,
        }
        response = client.post(f"/api/v1/projects/{loop.project.id}/previews", json=body)
        assert response.status_code == 202, response.text
        assert (response.json()["status"], response.json()["num_prompts"]) == ("queued", 2)
        preview_id = response.json()["id"]
        page = Page(client, loop.project.slug)
        reply = page.ask("previews", "draw", preview=str(preview_id))
        assert f'"Preview {preview_id}: ' in reply
        assert "waits in the queue" in reply
        with reading() as db:
            job = db.get_one(tables.Job, response.json()["job_id"])
        card = jobs_page.card_value(job_views.get(loop.actor, job.id).job)
        assert (card["preview"], card["training"]) == (f"previews?preview={preview_id}", "")
        with session() as db:
            transitions.cancel(db, response.json()["job_id"])
        page.do("previews", "refresh")
        assert '"status": "cancelled"' in page.replies[-1]
        page.do("previews", "delete")
        assert "No round of this project was previewed yet." in page.replies[-1]
    with reading() as db:
        assert db.query(tables.Preview).count() == 0
