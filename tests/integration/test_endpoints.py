"""An endpoint in a round: it teaches a model that is trained here, judges to a form, and what that cost is kept."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.pages.previews import shown
from app.widgets import round_form
from backend import recipes
from backend.db import reading, session, tables
from backend.errors import InvalidInput
from backend.generators.sample import Sample
from backend.judges.exact_match import ExactMatch
from backend.judges.yes_no_check import YesNoCheck
from backend.pipeline import spending
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe, Step
from backend.selectors.above_threshold import AboveThreshold
from backend.services import checkpoints, previews, round_report, rounds
from backend.services.access import Actor
from backend.services.checkpoints import Endpoint, EndpointSettings
from backend.services.reviews import repairs
from backend.trainers.sft import SFT
from backend.values import JobStatus, Role, RoundStatus, Stage
from backend.values.replies import Usage
from tests import rows
from tests.capable import CONTEXT, capable, drawn, models
from tests.endpoint import Reply, Server, refusal, serving
from tests.integration.loop import TRAINING, Loop, dying, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_previews import plan_of, run_job
from tests.integration.test_repairs import run as run_repair

pytestmark = [pytest.mark.usefixtures("database")]
TAUGHT = Recipe(
    name="taught",
    title="Taught by another model",
    groups_per_batch=2,
    steps=(
        PromptSet(),
        Step(Sample(n=8, max_tokens=8), by="teacher"),
        ExactMatch(),
        AboveThreshold(threshold=1.0),
        SFT(**TRAINING | {"max_steps": 1}),
    ),
)
PRICES = EndpointSettings(concurrency=2, price_in=1.0, price_out=2.0)


def teaches(body: dict[str, Any]) -> Reply:
    """One of the answers 4 to 8 for each sample: right for one prompt in five."""
    reply = capable(body)
    for choice in reply[2]["choices"]:
        if "prompt" in body["messages"][0]["content"]:
            choice["message"]["content"] = drawn(
                body, ("#### 4", "#### 5", "#### 6", "#### 7", "#### 8"), choice["index"]
            )
    return reply


def owner_of(project: tables.Project) -> Actor:
    return rows.make_actor(project, is_owner=True)


def registered(project: tables.Project, server: Server, name: str = "teacher", **settings: Any) -> int:
    given = EndpointSettings(**settings) if settings else PRICES
    endpoint = Endpoint(server.url, "m", settings=given)
    return checkpoints.register(owner_of(project), project.id, name=name, endpoint=endpoint)


def test_what_steps_take_adds_up_and_keeps_the_prices_of_its_time() -> None:
    project = rows.make_project()
    priced = {"name": "openai", "base_url": "http://127.0.0.1:1/v1", "model": "m", "price_in": 2.0}
    served = rows.make_checkpoint(project, "served", engine=priced)
    round_ = rows.make_round(project, served)
    place = {"round_id": round_.id, "stage": Stage.generate, "step": 1}
    with session() as db:
        spending.write(db, {served.id: Usage(1, 500_000, 10)}, **place)
        spending.write(db, {served.id: Usage(2, 500_000, 10, uncounted=1)}, **place)
        db.get_one(tables.Checkpoint, served.id).engine = priced | {"price_in": None}
    with session() as db:
        spending.write(db, {served.id: Usage(1, 7, 0)}, **place | {"stage": Stage.judge})
    with reading() as db:
        assert len(db.scalars(select(tables.EndpointUse)).all()) == 2
    # A million tokens read at 2.0; then 7 more, and 20 written, without a price.
    cost = round_report.work(rows.make_actor(project), round_.id).cost
    (endpoint,) = cost.endpoints
    assert (endpoint.requests, endpoint.tokens_in, endpoint.tokens_out, endpoint.uncounted, endpoint.unpriced) == (
        4,
        1_000_007,
        20,
        1,
        27,
    )
    assert (endpoint.cost, cost.endpoint_cost) == (2.0, 2.0)
    assert "27 tokens of served had no price: give one in its settings" in " ".join(cost.missing)
    assert not cost.reads_unknown
    # Once a model here judged, what it read is unknown again.
    (sample, *_) = rows.make_samples(round_, rows.make_prompt_set(project))
    local = rows.make_checkpoint(project, "local")
    with session() as db:
        db.add(
            tables.Judgment(
                round_id=round_.id,
                sample_id=sample.id,
                step=2,
                judge="read_score",
                position=0,
                raw="",
                rationale="",
                template_hash="",
                checkpoint_id=local.id,
            )
        )
    cost = round_report.work(rows.make_actor(project), round_.id).cost
    assert cost.reads_unknown
    assert "1 reply of served without a count of tokens: what it took is not in the cost." in cost.missing


@pytest.mark.on_sqlite
def test_a_model_is_trained_on_what_an_endpoint_wrote_and_a_killed_round_ends_in_the_same_rows(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Loop(TAUGHT, {"name": "transformers", "model": str(tiny)}, tiny)
    with serving() as server:
        server.answer, server.models = teaches, models()
        teacher = registered(loop.project, server)
        server.bodies.clear()
        first = loop.launch(roles={"teacher": teacher})
        done = loop.run(first, trains=True)
        assert (done.status, done.error) == (RoundStatus.done, None)
        # All samples of a prompt are one request.
        assert [body["n"] for body in server.bodies] == [8] * 5
        killed = loop.launch(roles={"teacher": teacher}, parent_id=None)
        with dying(monkeypatch) as kills:
            loop.run(killed)
        assert kills[0] >= 5
        assert rows_of_round(killed) == rows_of_round(first)
    assert rows_of_round(first)["kept"]
    with reading() as db:
        sample = tables.Sample
        wrote = db.execute(select(sample.role, sample.checkpoint_id).where(sample.round_id == first).distinct()).all()
        trained = db.get_one(tables.Checkpoint, done.checkpoint_id or 0)
        (use,) = db.scalars(select(tables.EndpointUse).where(tables.EndpointUse.round_id == first)).all()
    assert [tuple(row) for row in wrote] == [("teacher", teacher)]
    assert trained.parent_id == loop.policy.id
    # Five requests read ten tokens each and wrote eight times three.
    assert (use.stage, use.requests, use.tokens_in, use.tokens_out) == (Stage.generate, 5, 50, 120)
    assert use.cost == pytest.approx(50 / 1e6 + 2 * 120 / 1e6)
    cost = round_report.work(loop.actor, first).cost
    assert [(endpoint.name, endpoint.requests, endpoint.unpriced) for endpoint in cost.endpoints] == [("teacher", 5, 0)]
    assert cost.endpoint_cost == use.cost


@pytest.mark.on_sqlite
def test_what_was_asked_before_a_stage_failed_is_counted(tiny: Path) -> None:
    loop = Loop(TAUGHT, {"name": "transformers", "model": str(tiny)}, tiny)
    with serving() as server:
        server.answer, server.models = teaches, models()
        teacher = registered(loop.project, server, concurrency=1)
        round_id = loop.launch(roles={"teacher": teacher})
        # Two batches of two prompts: the fourth request is refused for good.
        server.script = []
        server.bodies.clear()
        server.answer = lambda body: teaches(body) if len(server.bodies) < 4 else refusal(401, "no key")
        failed = loop.run(round_id)
    assert failed.status is RoundStatus.failed
    assert [(use.requests, use.tokens_out) for use in uses_of(round_id)] == [(3, 72)]


@pytest.mark.on_sqlite
def test_what_a_preview_asked_before_its_step_failed_is_counted(tiny: Path) -> None:
    loop = Loop(TAUGHT, {"name": "transformers", "model": str(tiny)}, tiny)
    with serving() as server:
        server.answer, server.models = teaches, models()
        teacher = registered(loop.project, server, concurrency=1)
        plan = replace(plan_of(loop), roles={"teacher": teacher})
        preview_id = previews.start(loop.actor, loop.project.id, plan, num_prompts=5)
        server.bodies.clear()

        def ends(body: dict[str, Any]) -> Reply:
            status, headers, reply = teaches(body) if len(server.bodies) < 4 else refusal(401, "no key")
            return status, headers, reply | ({"usage": {}} if len(server.bodies) == 3 else {})

        server.answer = ends
        assert run_job(preview_id).status is JobStatus.failed
    preview_view = previews.get(loop.actor, preview_id)
    (spent,) = preview_view.result["spent"]
    assert (spent["requests"], spent["tokens_out"], spent["uncounted"]) == (3, 48, 1)
    values = {fact["name"]: fact["value"] for fact in shown.preview(preview_view)["facts"]}
    assert values["asked of teacher"] == (
        "3 requests, 68 tokens, 1 reply without a count of tokens, 68 tokens without a price"
    )


@pytest.mark.on_sqlite
def test_a_repair_by_an_endpoint_is_counted() -> None:
    project = rows.make_project()
    with serving() as server:
        server.answer = capable
        policy = checkpoint_row(registered(project, server))
        round_ = rows.make_round(project, policy, status=RoundStatus.review, stage=Stage.review, is_reviewed=True)
        sample = rows.make_samples(round_, rows.make_prompt_set(project))[0]
        run_repair(repairs.start(rows.make_actor(project, Role.reviewer), sample.id, "be polite"))
    (use,) = uses_of(round_.id)
    assert (use.stage, use.requests, use.tokens_in, use.tokens_out) == (Stage.review, 1, 30, 3)


@pytest.mark.on_sqlite
def test_an_endpoint_is_the_policy_where_nothing_is_trained(tiny: Path) -> None:
    """What comes of the round is a handbook around the endpoint, which answers by it."""
    loop = Loop(recipes.get("behavior_handbook"), {"name": "transformers", "model": str(tiny)}, tiny)
    with serving() as server:

        def answer(body: dict[str, Any]) -> Reply:
            reply = capable(body)
            for choice in reply[2]["choices"]:
                choice["message"]["content"] = "behavior_add_tens: Add the tens first."
            return reply

        server.answer = answer
        served = registered(loop.project, server)
        loop.policy = loop.base = checkpoint_row(served)
        round_id = loop.launch(num_prompts=2)
        done = loop.run(round_id, trains=True)
    assert (done.status, done.error) == (RoundStatus.done, None)
    with reading() as db:
        handbook = db.get_one(tables.Checkpoint, done.checkpoint_id or 0)
    assert (handbook.engine["name"], handbook.engine["inner"]["name"], handbook.parent_id) == (
        "library",
        "openai",
        served,
    )
    assert [use.requests for use in uses_of(round_id)] == [2, 2, 2]


def checkpoint_row(checkpoint_id: int) -> tables.Checkpoint:
    with reading() as db:
        return db.get_one(tables.Checkpoint, checkpoint_id)


def uses_of(round_id: int) -> list[tables.EndpointUse]:
    with reading() as db:
        use = tables.EndpointUse
        return list(db.scalars(select(use).where(use.round_id == round_id).order_by(use.id)))


@pytest.mark.on_sqlite
def test_an_endpoint_that_would_be_trained_is_refused_with_step_reason_and_way_out() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    base = rows.make_checkpoint(project, engine={"name": "transformers", "model": "models/base"})
    sets = rows.make_prompt_set(project, prompts=2, answers=["1", "2"])
    with serving() as server:
        server.answer = teaches
        served = registered(project, server)
    known = {"sample_set_ids": (sets.id,), "reference_id": base.id}

    def estimate(recipe: Recipe, **changes: Any) -> Any:
        plan = rounds.Plan(recipe=recipe.model_dump(mode="json"), **known | {"policy_id": base.id} | changes)
        return rounds.estimate(actor, project.id, plan)

    with pytest.raises(InvalidInput) as caught:
        estimate(TAUGHT, policy_id=served, roles={"teacher": served})
    message = caught.value.message
    assert f"The policy 'teacher' is served by an endpoint, {server.url}, and training needs weights." in message
    assert "Step 5 (trainer sft) needs those of the policy. Choose a model folder there." in message
    assert "as the teacher that a generator's step names (by)" in message
    with pytest.raises(InvalidInput, match="The policy 'teacher' is served by an endpoint"):
        estimate(recipes.get("rejection_sampling"), policy_id=served)
    assert estimate(TAUGHT, roles={"teacher": served}).samples == 16
    # Where nothing is trained, it may be the policy; in the form it is shown as what it is.
    free = recipes.get("behavior_handbook")
    assert estimate(free, policy_id=served, reference_id=served).samples > 0
    plan = rounds.Plan(recipe=TAUGHT.model_dump(mode="json"), policy_id=base.id, **known)
    policy = round_form.filled(actor, project.id, plan)[5]
    assert ("teacher (endpoint)", served) in [tuple(choice) for choice in policy.choices]


@pytest.mark.on_sqlite
def test_what_a_test_found_is_said_before_the_launch() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    base = rows.make_checkpoint(project, engine={"name": "transformers", "model": "models/base"})
    sets = rows.make_prompt_set(project, prompts=2, answers=["1", "2"])
    judge: Any = YesNoCheck(forced=True)
    steps = [step if step.kind != "judge" else Step(judge) for step in TAUGHT.phases[0].steps]
    recipe = Recipe(name="taught", title="Taught", steps=steps)
    with serving() as server:
        server.answer, server.models = teaches, models()
        good = registered(project, server, "good")
        texts = iter(range(1000))

        def forgets(body: dict[str, Any]) -> Reply:
            reply = teaches(body | {"structured_outputs": None})
            reply[2]["choices"][0]["message"]["content"] = f"text {next(texts)}"
            return reply

        server.answer = forgets
        odd = registered(project, server, "odd")
    down = registered(project, server, "down")
    wrapping = {"name": "self_refine", "inner": checkpoint_row(good).engine}
    refined = rows.make_checkpoint(project, "refined", engine=wrapping, parent_id=good).id

    def warned(endpoint: int) -> str:
        plan = rounds.Plan(
            recipe=recipe.model_dump(mode="json"),
            policy_id=base.id,
            reference_id=base.id,
            judge_id=endpoint,
            sample_set_ids=(sets.id,),
            roles={"teacher": endpoint},
        )
        return "\n".join(rounds.estimate(actor, project.id, plan).warnings)

    assert not any(word in warned(good) for word in ("endpoint", "forced", "held to"))
    assert "Step 3 (judge yes_no_check) is to force its replies, but odd cannot be held to a form (choice)" in warned(
        odd
    )
    assert "but refined cannot be held to a form (choice)" in warned(refined)
    assert "The endpoint odd gives another text for the same seed" in warned(odd)
    assert "The endpoint down did not answer when it was last tested" in warned(down)
    result = checkpoints.detail(actor, good).endpoint
    assert result is not None
    assert (result.context, result.forced, result.seeds, result.supports_n) == (
        CONTEXT,
        "structured_outputs",
        True,
        True,
    )
    assert checkpoints.detail(actor, base.id).endpoint is None
