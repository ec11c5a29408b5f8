"""A judge's template rewritten from a round's labels: what it takes, the job, what was kept, the next round."""

from typing import Any

import pytest

from app.pages.rewrites import shown
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from backend.jobs import transitions
from backend.pipeline import run as pipeline_run
from backend.services import rewrites, rounds
from backend.values import JobStatus, Role, RoundStatus, Stage
from tests import rows
from tests.integration import site
from tests.integration.clicking import Clicker
from tests.integration.reviewing import RECIPE
from tests.integration.test_deep_links import Opened

STRICT = "Be strict. {prompt} {response} End with Score: N"
LENIENT = {
    "name": "scripted",
    "rules": [
        {"pattern": "used as a judge of texts", "reply": f"```\n{STRICT}\n```"},
        {"pattern": r"(?s)Be strict.*poor", "reply": "no\nScore: 1"},
        {"pattern": "Be strict", "reply": "yes\nScore: 5"},
        {"pattern": "You are grading", "reply": "all fine\nScore: 5"},
    ],
}
"""A judge that likes everything unless it is told to be strict, which the same model then writes."""
USELESS = {"name": "scripted", "replies": ["I cannot do that."]}


class Page(Clicker, Opened):
    """Opens a page and clicks on it."""


class Labelled:
    """A judged round of which people decided on everything, blind and at random: half of the texts are poor."""

    def __init__(self, *, prompts: int = 40) -> None:
        self.project = rows.make_project()
        self.judge = rows.make_checkpoint(self.project, "judge", engine=LENIENT)
        self.useless = rows.make_checkpoint(self.project, "useless", engine=USELESS)
        asked = rows.make_prompt_set(self.project, prompts=prompts)
        self.round = rows.make_round(
            self.project,
            self.judge,
            sets=[asked],
            status=RoundStatus.done,
            stage=Stage.evaluate,
            is_reviewed=True,
            recipe=RECIPE,
            judge_id=self.judge.id,
        )
        texts = [f"a {word} text" for _ in range(prompts) for word in ("fine", "poor")]
        samples = rows.make_samples(self.round, asked, n=2, texts=texts, scores=[5.0, 5.0], threshold=4.0)
        rows.make_judgments(samples)
        self.actor = rows.make_actor(self.project, Role.curator)
        reviewer = rows.make_actor(self.project, Role.reviewer)
        for sample in samples:
            kind = "accept" if "fine" in sample.text else "reject"
            rows.make_decision(sample, reviewer, kind, is_blind=True, is_random=True)


def run_job(rewrite_id: int) -> tables.Job:
    with reading() as db:
        job_id = db.get_one(tables.TemplateRewrite, rewrite_id).job_id
        assert job_id is not None
        job = db.get_one(tables.Job, job_id)
    attempt = transitions.start(job.id, job.workflow_id, "here")
    assert attempt is not None
    pipeline_run.run_job(job.id, attempt)
    with reading() as db:
        return db.get_one(tables.Job, job_id)


def test_a_lenient_judge_becomes_strict_and_the_next_round_asks_it_so(database: str) -> None:
    world = Labelled()
    offer = rewrites.offer(world.actor, world.round.id, rewrites=4)
    assert (offer.judge, offer.judge_name, offer.why_not) == ("additive_rubric", "judge", "")
    assert offer.seen + offer.unseen == 80
    assert offer.calls == 3 * (5 * offer.seen + 2 * offer.unseen), "three votes"
    rewrite_id = rewrites.start(world.actor, world.round.id, world.judge.id, rewrites=4)
    job = run_job(rewrite_id)
    assert (job.status, job.error) == (JobStatus.done, None)
    rewrite_view = rewrites.get(world.actor, rewrite_id)
    outcome = rewrite_view.outcome
    assert outcome is not None
    assert outcome.is_kept
    assert (outcome.template, outcome.unseen.before.value, outcome.unseen.after.value) == (STRICT, 0.5, 1.0)
    assert outcome.gain.low is not None
    assert outcome.gain.low > 0
    assert (outcome.seen.labels, outcome.unseen.labels) == (offer.seen, offer.unseen)
    assert 0 < outcome.calls <= offer.calls
    assert "".join(piece.text for piece in outcome.pieces if piece.kind != "out") == STRICT
    assert all(not example.accepts and example.is_right for example in outcome.examples)
    plan = rewrites.plan(world.actor, rewrite_id)
    assert plan.recipe["judge"] == world.round.recipe["judge"] | plan.recipe["judge"] | {"template": STRICT}
    reply = shown.rewrite(rewrite_view)
    assert reply["links"][0]["text"] == "Use this template in the next round"
    assert reply["sides"][1]["before"].startswith("50.0% (")


@pytest.mark.on_sqlite
def test_what_is_no_better_on_unseen_labels_is_not_kept(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = Labelled()
    assert shown.offer(rewrites.offer(world.actor, world.round.id), "")["note"] == ""
    with monkeypatch.context() as patched:
        patched.setattr(rewrites, "is_installed", lambda: False)
        assert "pip install" in shown.offer(rewrites.offer(world.actor, world.round.id), "")["note"]
    rewrite_id = rewrites.start(world.actor, world.round.id, world.useless.id, rewrites=2)
    assert run_job(rewrite_id).error is None
    rewrite_view = rewrites.get(world.actor, rewrite_id)
    assert rewrite_view.outcome is not None
    assert not rewrite_view.outcome.is_kept
    assert "none of 2 templates was better" in rewrite_view.outcome.message
    with pytest.raises(Conflict, match="no template that was kept"):
        rewrites.plan(world.actor, rewrite_id)


@pytest.mark.on_sqlite
def test_the_template_goes_to_the_judge_that_it_was_written_for(database: str) -> None:
    """A newer round of a recipe of the same name has another judge at that step."""
    world = Labelled()
    rewrite_id = rewrites.start(world.actor, world.round.id, world.judge.id, rewrites=2)
    other: dict[str, Any] = RECIPE | {"judge": {"name": "written_verdict"}}
    rows.make_round(world.project, world.judge, recipe=other, judge_id=world.judge.id)
    with session() as db:
        db.get_one(tables.TemplateRewrite, rewrite_id).result = {"is_kept": True, "template": STRICT}
    assert rounds.defaults(world.actor, world.project.id).recipe["judge"]["name"] == "written_verdict"
    judge = rewrites.plan(world.actor, rewrite_id).recipe["judge"]
    assert (judge["name"], judge["template"]) == ("additive_rubric", STRICT)


@pytest.mark.on_sqlite
def test_what_is_refused(database: str) -> None:
    world = Labelled(prompts=8)
    assert "There are 16 labels" in rewrites.offer(world.actor, world.round.id).why_not
    with pytest.raises(InvalidInput, match="at least 10 that it may see"):
        rewrites.start(world.actor, world.round.id, world.judge.id)
    with pytest.raises(PermissionDenied):
        rewrites.offer(rows.make_actor(world.project, Role.reviewer), world.round.id)
    with pytest.raises(NotFound, match="no checkpoint 999"):
        rewrites.start(world.actor, world.round.id, 999)
    with pytest.raises(InvalidInput, match="from 1 to 50"):
        rewrites.start(world.actor, world.round.id, world.judge.id, rewrites=51)
    with session() as db:
        changed: dict[str, Any] = RECIPE | {"judge": {"name": "exact_match"}}
        db.get_one(tables.Round, world.round.id).recipe = changed
    with pytest.raises(InvalidInput, match="exact_match of round 1 does not ask a model"):
        rewrites.offer(world.actor, world.round.id)


@pytest.mark.on_sqlite
def test_the_page_and_rest_rewrite_a_template(database: str) -> None:
    world = Labelled()
    with site.signed_in(world.actor) as client:
        offer = client.get(f"/api/v1/rounds/{world.round.id}/template-rewrite-offer", params={"rewrites": 3}).json()
        assert (offer["rewrites"], offer["why_not"]) == (3, "")
        page = Page(client, world.project.slug)
        drawn = page.ask("rewrites", "draw")
        assert f"asked at most {offer['calls'] + 5 * 3 * offer['seen']:,} times" in drawn
        assert '"interactive": true' in drawn
        page.do("rewrites", "start", round=world.round.id)
        [row] = client.get(f"/api/v1/projects/{world.project.id}/template-rewrites").json()
        assert run_job(row["id"]).error is None
        page.do("rewrites", "refresh")
        assert "Use this template in the next round" in page.replies[-1]
        unjudged = rows.make_round(world.project)
        early = page.ask("rewrites", "draw", round=str(unjudged.id))
        assert f"Round {unjudged.number} is not judged yet: it is running, stage generate." in early
        assert "asked at most" not in early, "no other round is chosen in its place"
        assert '"interactive": false' in early
        assert "Use this template in the next round" in early, "what was rewritten stands below"
        plan = client.get(f"/api/v1/template-rewrites/{row['id']}/plan").json()
        assert plan["recipe"]["judge"]["template"] == STRICT
        assert '"visible": true' in page.ask("new_round", "load", rewrite=str(row["id"]))
