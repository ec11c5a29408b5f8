"""Rounds whose trainer writes the texts itself: what rewards them, what stands in the rows, and stopping one."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from backend import recipes
from backend.config import settings
from backend.db import reading, tables
from backend.errors import Conflict, InvalidInput, NotFound
from backend.jobs import transitions
from backend.judges.surface_rules import SurfaceRules
from backend.pipeline import rollouts as written
from backend.recipes import Recipe
from backend.services import rounds, samples
from backend.services.datasets import exports
from backend.services.rounds import job_views, rollouts
from backend.values import JobStatus, Role, RoundStatus, SetUse, Split, Stage
from tests.integration.loop import RIGHT, Loop, dying, rows_of_round
from tests.integration.trainers.training import KNOBS
from tests.rows import make_actor, make_checkpoint, make_prompt_set
from tests.tiny import make_tiny_model

ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
TRAINING: dict[str, Any] = KNOBS | {
    "max_steps": 1,
    "num_generations": 4,
    "per_device_train_batch_size": 8,
    "max_completion_length": 6,
}
REWARDS: dict[str, dict[str, Any]] = {
    # An untrained model answers in no form: what it writes is read as an answer by its first character.
    "ssr_zero": {"max_tokens": 4},
    "majority_self_training": {"pattern": "^(.)"},
    "inherent_efficiency": {},
    "self_rewarding_self_improving": {"max_tokens": 4},
    "decentralized_rl": {"pattern": "^(.)"},
    "intuitor": {},
}
SCORER = {"name": "scripted", "replies": ("poor\nScore: 10", "fair\nScore: 50", "good\nScore: 90", "no idea")}


@pytest.fixture
def tiny(database: str) -> Path:
    return make_tiny_model(settings().folder / "models/tiny", hidden=16, layers=1, context=4096)


def short(name: str, **trainer: Any) -> Recipe:
    """The recipe, trained for one step."""
    recipe = recipes.get(name)
    reward = recipe.trainer.reward.dump() | REWARDS[name]
    if "judges" in reward:
        reward["judges"][0] |= {"pattern": "^(.)"}
    return recipe.with_changes({"trainer": TRAINING | {"reward": reward} | trainer, "metrics": []})


def loop(recipe: Recipe, folder: Path) -> Loop:
    return Loop(recipe, {"name": "transformers", "model": str(folder)}, folder)


def rollouts_of(round_id: int) -> list[tables.Sample]:
    sample, group = tables.Sample, tables.Group
    query = select(sample).join(group, group.id == sample.group_id).where(sample.round_id == round_id)
    with reading() as db:
        return list(db.scalars(query.order_by(group.position, sample.position)))


@pytest.mark.slow
@ONE_DATABASE
@pytest.mark.parametrize("name", REWARDS)
def test_a_round_from_prompts_to_a_checkpoint(tiny: Path, name: str) -> None:
    here = loop(short(name, judge_by="judge" if name == "ssr_zero" else "live"), tiny)
    judge = make_checkpoint(here.project, engine=SCORER)
    ended = here.run(here.launch(judge_id=judge.id), trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    texts = rollouts_of(ended.id)
    assert {(text.kind, text.step, text.role, text.split) for text in texts} == {("rollout", 2, "policy", Split.train)}
    assert [text.position for text in texts] == [0, 1, 2, 3] * 2
    assert {text.checkpoint_id for text in texts} == {ended.checkpoint_id}
    assert (ended.counts["rollouts"], ended.counts["prompts"], ended.counts["kept"]) == (8, 5, 5)
    rewards = [text.extra.get("reward") for text in texts]
    if name == "ssr_zero":
        assert set(rewards) <= {10.0, 50.0, 90.0, None}
        assert set(rewards) - {None}
    if name in ("majority_self_training", "decentralized_rl"):
        assert set(rewards) <= {0.0, 1.0, None}
    if name == "majority_self_training":
        for group in (texts[:4], texts[4:]):
            best = {sample.text[:1] for sample in group if sample.extra.get("reward") == 1.0}
            assert len(best) <= 1, "one answer has the majority"
    if name == "intuitor":
        # KL from uniform is above 0, and differs from text to text.
        assert all(reward > 0 for reward in rewards)
        assert len(set(rewards)) > 2
    if name == "inherent_efficiency":
        assert all(reward is None or reward == 0 or reward >= 1 for reward in rewards)
        assert all(set(text.extra["components"]) == {"exact_match", "brevity"} for text in texts)


@pytest.mark.slow
@ONE_DATABASE
def test_killed_in_every_transaction_it_makes_the_same(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = short("majority_self_training").with_changes(
        {"trainer": {"reward": SurfaceRules(must_match="[0-9]").dump()}}
    )
    here = loop(recipe, tiny)
    first, second = here.launch(), here.launch()
    undisturbed = here.run(first, trains=True)
    with dying(monkeypatch) as kills:
        disturbed = here.run(second, trains=True)
    assert (disturbed.status, disturbed.error) == (RoundStatus.done, None)
    assert kills[0] >= 4
    assert rows_of_round(second) == rows_of_round(first)
    assert disturbed.counts == undisturbed.counts
    assert [sample.extra for sample in rollouts_of(second)] == [sample.extra for sample in rollouts_of(first)]
    # Nothing else counts them: no label, no list, no funnel.
    with reading() as db:
        assert not db.scalar(select(func.count()).select_from(tables.Label))
        assert undisturbed.counts["funnel"][1] == {"stage": "samples", "count": 0, "dropped": {}}
    assert samples.page(here.actor, first).rows == ()
    # The frozen rows are the prompts with what is known of them, and are exported as TRL reads them.
    (rows,) = rows_of_round(first)["rows"].values()
    assert {row["prompt"][0]["content"]: row["answer"] for row in rows} == RIGHT
    with reading() as db:
        dataset_id = db.scalar(select(tables.Dataset.id).where(tables.Dataset.round_id == first))
    assert dataset_id is not None
    file = exports.export(here.actor, dataset_id, is_strict=True)
    lines = [json.loads(line) for line in file.path.read_text().splitlines()]
    assert lines == [{"prompt": row["prompt"]} for row in rows]
    # The next round starts from what this one made.
    assert rounds.defaults(here.actor, here.project.id, first).policy_id == undisturbed.checkpoint_id
    job = next(
        job_view
        for job_view in job_views.list_jobs(here.actor, here.project.id)
        if job_view.round_id == first and job_view.stage == "train"
    )
    shown = rollouts.newest(here.actor, job.id)
    assert len(shown) == 8
    assert {rollout.step for rollout in shown} == {1}
    assert [rollout.text for rollout in shown] == [sample.text for sample in rollouts_of(first)][::-1]


@ONE_DATABASE
def test_who_judges_is_bound_at_launch_or_the_launch_is_refused(tiny: Path) -> None:
    here = loop(short("self_rewarding_self_improving", judge_by="teacher"), tiny)
    with pytest.raises(InvalidInput, match="names the role 'teacher', but no checkpoint is bound"):
        here.launch()
    teacher = make_checkpoint(here.project, engine=SCORER)  # an endpoint may judge, and has no weights
    round_id = here.launch(roles={"teacher": teacher.id})
    estimate = rounds.estimate(here.actor, here.project.id, rounds.again(here.actor, here.project.id, round_id))
    assert (estimate.samples, estimate.judge_calls) == (8, 8)
    here = loop(short("decentralized_rl"), tiny)
    here.prompts = make_prompt_set(here.project, prompts=["a", "b"])
    with pytest.raises(InvalidInput, match="compares samples with it"):
        here.launch()


def training(tiny: Path) -> tuple[Loop, int, Path]:
    """A round whose training runs, with the file it writes."""
    here = loop(short("decentralized_rl"), tiny)
    round_id = here.launch()
    job = here.waiting(round_id)
    assert job is not None
    assert job.stage is Stage.select
    here.run(round_id)
    job = here.waiting(round_id)
    assert job is not None
    assert job.stage is Stage.train
    attempt = transitions.start(job.id, job.workflow_id, "here")
    from backend.jobs import JobProgress
    from backend.pipeline.stage import open_stage

    folder = settings().folder / "checkpoints" / "somewhere"
    folder.mkdir(parents=True)
    written.announce(open_stage(job.id, attempt or 0, JobProgress(job.id, attempt or 0)), Path("checkpoints/somewhere"))
    return here, job.id, folder / written.FILE


def line(number: int, **more: Any) -> str:
    known = {
        "step": number,
        "row": number % 5,
        "position": 0,
        "text": f"text {number}",
        "finish_reason": "stop",
        "num_tokens": 3,
        "reward": 1.0,
        "advantage": 0.5,
        "components": {},
        "said": "so",
    }
    return json.dumps(known | more) + "\n"


def test_the_newest_texts_of_a_running_training_are_read_from_the_end_of_its_file(tiny: Path) -> None:
    here, job_id, file = training(tiny)
    assert rollouts.newest(here.actor, job_id) == []
    file.write_text("".join(line(n) for n in range(99)) + line(99, reward=None, text="\ud83d x" * 500) + '{"step": 1')
    shown = rollouts.newest(here.actor, job_id)
    assert len(shown) == rollouts.MOST
    assert [rollout.step for rollout in shown[:2]] == [99, 98]
    assert (shown[0].reward, len(shown[0].text), shown[1].reward) == (None, rollouts.PREVIEW, 1.0)
    assert "\ud83d" not in shown[0].text
    assert shown[1].prompt in RIGHT
    assert len(rollouts.tail(file, 1000)) < 10
    with pytest.raises(NotFound):
        rollouts.newest(make_actor(None), job_id)


def test_a_training_that_games_its_judge_is_stopped_and_its_prompts_become_probes(tiny: Path) -> None:
    here, job_id, file = training(tiny)
    file.write_text("".join(map(line, range(5))))
    marked = [rollout.prompt_id for rollout in rollouts.newest(here.actor, job_id)[:2]]
    with pytest.raises(InvalidInput, match="does not ask prompt 999999"):
        rollouts.stop_hacking(here.actor, job_id, [*marked, 999999])
    with pytest.raises(Exception, match="curator"):
        rollouts.stop_hacking(make_actor(here.project, Role.reviewer), job_id, marked)
    set_id = rollouts.stop_hacking(here.actor, job_id, marked, "it repeats the question")
    assert job_views.get(here.actor, job_id).job.status is JobStatus.cancelled
    with reading() as db:
        probes = db.get_one(tables.PromptSet, set_id)
        prompts = list(db.scalars(select(tables.Prompt).where(tables.Prompt.prompt_set_id == set_id)))
        event = db.scalars(select(tables.Event).where(tables.Event.verb == rollouts.HACKING)).one()
        round_ = db.scalars(select(tables.Round)).one()
    assert (probes.name, probes.split, probes.num_prompts) == ("round 1 probes", Split.held_out, 2)
    assert round_.status is RoundStatus.cancelled
    assert event.details["note"] == "it repeats the question"
    assert event.round_id == round_.id
    with pytest.raises(Conflict):
        rollouts.stop_hacking(here.actor, job_id, [])
    assert not job_views.get(here.actor, job_id).job.can_resume
    with pytest.raises(Conflict, match="is not gone on with"):
        job_views.resume(here.actor, job_id)
    # Later rounds measure on them and do not train on them.
    later = here.launch(held_out_set_ids=(set_id,))
    here.run(later)
    asked = {row["prompt"][0]["content"] for (rows) in rows_of_round(later)["rows"].values() for row in rows}
    assert asked == set(RIGHT) - {prompt.text for prompt in prompts}
    with reading() as db:
        uses = db.execute(select(tables.RoundPromptSet.use).where(tables.RoundPromptSet.prompt_set_id == set_id)).all()
    assert uses == [(SetUse.held_out,)]
