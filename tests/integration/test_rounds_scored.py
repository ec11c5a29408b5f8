"""Rounds with a scorer: trained on the way and asked in the same round, or fixed over several trainings (ReST)."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend import recipes
from backend.config import settings
from backend.db import reading, tables
from backend.judges.exact_match import ExactMatch
from backend.judges.reward_model import RewardModel as Rated
from backend.pipeline.bind import engine_for
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe, Step
from backend.recipes._parts import Sample
from backend.selectors.above_threshold import AboveThreshold
from backend.selectors.best_versus_worst import BestVersusWorst
from backend.services.recipes import recipe_yaml
from backend.trainers.reward_model import RewardModel
from backend.trainers.sft import SFT
from backend.values import RoundStatus, Verdict
from tests.integration.loop import RIGHT, TRAINING, Loop, dying, rows_of_round
from tests.rows import make_checkpoint
from tests.tiny import make_tiny_model

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]
SMALL = TRAINING | {"max_steps": 1}
SOLVER = {
    "name": "scripted",
    "rules": [{"pattern": "prompt [ab]", "reply": ("#### 4", "#### 5")}],
    "replies": ["#### 9"],
}


@pytest.fixture
def tiny(database: str) -> Path:
    return make_tiny_model(settings().folder / "models/tiny", hidden=16, layers=1, context=4096)


def trained_and_asked() -> Recipe:
    """Pairs of right and wrong answers train a scorer; what it puts above the mean of a prompt is trained on."""
    return Recipe(
        name="scored",
        title="Scored",
        groups_per_batch=2,
        steps=(
            PromptSet(),
            Sample(n=4),
            ExactMatch(),
            BestVersusWorst(),
            Step(RewardModel(**SMALL | {"learning_rate": 0.05, "max_steps": 8}, start="base"), name="scorer"),
            Step(Rated(normalize="per_prompt"), by="scorer"),
            AboveThreshold(threshold=0.0),
            SFT(**SMALL, start="base"),
        ),
    )


def test_a_scorer_is_trained_and_asked_in_one_round_killed_at_every_place(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Loop(trained_and_asked(), SOLVER, tiny)
    first = loop.launch()
    ended = loop.run(first, trains=True)
    assert ended.status is RoundStatus.done, ended.error
    result = rows_of_round(first)
    with reading() as db:
        rows = list(db.scalars(select(tables.Checkpoint).order_by(tables.Checkpoint.id)))[2:]
        role = db.scalars(select(tables.RoundRole).where(tables.RoundRole.round_id == first)).one()
        judged_by = set(db.scalars(select(tables.Judgment.checkpoint_id).where(tables.Judgment.step == 5)))
    scorer, policy = rows
    assert [(record.name, record.kind, record.role) for record in rows] == [
        ("round-1-scorer", "scorer", "reward"),
        ("round-1", "full", "policy"),
    ]
    assert (role.role, role.checkpoint_id, judged_by) == ("scorer", scorer.id, {scorer.id})
    assert (scorer.parent_id, ended.checkpoint_id) == (loop.base.id, policy.id)
    assert (scorer.engine["head"], policy.engine.get("head", "language_model")) == ("score", "language_model")
    # Right answers of the prompts it saw are above the mean, wrong ones below; the selector keeps the former.
    scores: dict[str, set[bool]] = {"#### 4": set(), "#### 5": set()}
    for row in result["texts"]:
        if row[7] in scores and row[1] == 0:
            scores[row[7]].add(row[8] >= 0)
    assert scores == {"#### 4": {True}, "#### 5": {False}}
    assert len(result["rows"][3]) == 2
    kept = {(row["prompt"][0]["content"], row["completion"][0]["content"]) for row in result["rows"][6]}
    assert ("prompt a", "#### 4") in kept
    assert ("prompt a", "#### 5") not in kept
    with engine_for(scorer.id) as engine:
        right, wrong = engine.rate([[{"role": "user", "content": "prompt a"}]] * 2, ["#### 4", "#### 5"])
    assert right > wrong

    second = loop.launch()
    with dying(monkeypatch) as kills:
        disturbed = loop.run(second, trains=True)
    assert (disturbed.status, disturbed.error) == (RoundStatus.done, None)
    assert kills[0] > 10
    assert rows_of_round(second) == result
    with reading() as db:
        names = list(db.scalars(select(tables.Checkpoint.name).order_by(tables.Checkpoint.id)))
    assert names[2:] == ["round-1-scorer", "round-1", "round-2-scorer", "round-2"], "each was trained once"


def rest() -> Recipe:
    data = recipes.get("rest").model_dump(mode="json") | {"metrics": [], "groups_per_batch": 2}
    for step in data["steps"]:
        knobs: dict[str, Any] = {"generator": {"n": 3, "max_tokens": 3}, "selector": {"drop_truncated": False}}
        changes = knobs.get(step["kind"], {}) | (
            {n: SMALL[n] for n in ("max_steps", "max_length")} if step["kind"] == "trainer" else {}
        )
        step["part"] |= changes
    return Recipe.model_validate(data)


def test_rest_trains_three_times_on_ever_fewer_texts_of_one_set(tiny: Path) -> None:
    """The scorer, a table of the last letter, stays what was bound; each training goes on from the one before."""
    loop = Loop(rest(), SOLVER, tiny)
    loop.policy = make_checkpoint(loop.project, "real", parent=loop.base, engine=dict(loop.base.engine))
    letters = [{"pattern": f"[{some}]\\Z", "number": n} for n, some in enumerate(("a-h", "i-p", "q-z", "A-M", "N-Z"))]
    ratings = [*letters, {"pattern": "", "number": -1.0}]
    scorer = make_checkpoint(loop.project, "table", engine={"name": "scripted", "ratings": ratings})
    round_id = loop.launch(roles={"scorer": scorer.id})
    ended = loop.run(round_id, trains=True)
    assert ended.status is RoundStatus.done, ended.error
    result = rows_of_round(round_id)
    assert len({(row[1], row[6]) for row in result["texts"]}) == len(result["texts"]) == 15
    assert {row[4] for row in result["texts"]} == {1}
    kept = [
        {(row["prompt"][0]["content"], row["completion"][0]["content"]) for row in result["rows"][n]} for n in (3, 5, 7)
    ]
    assert kept[0] > kept[1] >= kept[2] > set()
    assert all((row[8] >= 0) is (row[9] is Verdict.accept) for row in result["texts"])
    with reading() as db:
        rows = db.scalars(select(tables.Checkpoint).order_by(tables.Checkpoint.id).offset(4)).all()
    assert [record.name for record in rows] == ["round-1-step-5", "round-1-step-7", "round-1"]
    assert [record.parent_id for record in rows] == [loop.policy.id, rows[0].id, rows[1].id]
    assert ended.checkpoint_id == rows[2].id


def first_scorer() -> Recipe:
    """The recipe of docs/how-to/train-a-scorer.md with one training step from the tiny model."""
    text = (Path(__file__).parents[2] / "docs/how-to/train-a-scorer.md").read_text()
    (shown,) = (match for match in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "name: first_scorer" in match)
    recipe = Recipe.model_validate(recipe_yaml.read(shown))
    return recipe.with_changes({"sample": {"n": 2}, "trainer": SMALL | {"start": "base"}, "metrics": []})


def test_rso_draws_its_pairs_by_the_scorer_that_the_documented_round_before_made(tiny: Path) -> None:
    """Liu et al. 2023: of the policy's own texts, the chosen one is what the fixed scorer puts higher."""
    loop = Loop(first_scorer(), SOLVER, tiny)
    first = loop.launch()
    ended = loop.run(first, trains=True)
    assert (ended.status, ended.error, ended.checkpoint_id) == (RoundStatus.done, None, None)
    loop.recipe = recipes.get("rso").with_changes(
        {"sample": {"n": 4}, "dpo": SMALL | {"start": "base"}, "metrics": [], "drawn_pairs": {"drop_truncated": False}}
    )
    second = loop.launch(parent_id=first)
    ended = loop.run(second, trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    prompt, sample, label = tables.Prompt, tables.Sample, tables.Label
    with reading() as db:
        scorer = db.scalars(select(tables.RoundRole).where(tables.RoundRole.round_id == first)).one()
        judged_by = set(db.scalars(select(tables.Judgment.checkpoint_id).where(tables.Judgment.step == 2)))
        query = select(prompt.text, sample.text, label.score).where(sample.round_id == second)
        query = query.join(sample, sample.prompt_id == prompt.id).join(label, label.sample_id == sample.id)
        scores = {(asked, text): score for asked, text, score in db.execute(query)}
        trained = db.get_one(tables.Checkpoint, ended.checkpoint_id)
    assert scorer.checkpoint_id in judged_by
    (pairs,) = rows_of_round(second)["rows"].values()
    written = Counter(asked for asked, _ in scores)
    several = {asked for asked, texts in written.items() if texts > 1}
    assert set() < {row["prompt"][0]["content"] for row in pairs} == several < set(RIGHT), (
        "of one text there is no pair"
    )
    for row in pairs:
        asked, chosen, rejected = (row[side][0]["content"] for side in ("prompt", "chosen", "rejected"))
        assert {chosen, rejected} == {"#### 4", "#### 5"}
        assert scores[asked, chosen] > scores[asked, rejected]
    assert (trained.name, trained.kind) == ("round-2", "full")


RL = {"num_generations": 2, "per_device_train_batch_size": 2, "max_completion_length": 4}
REVISER = {
    "name": "scripted",
    "rules": [
        {"pattern": "Now write the answer anew", "reply": ("a kind answer", "a better answer")},
        {"pattern": "Look at your last answer", "reply": "It is rude."},
        {"pattern": "prompt", "reply": ("a rude answer", "another answer", "a third answer")},
    ],
}
RUDE = [{"pattern": "<<<A\\na rude answer", "reply": "Winner: B"}, {"pattern": "", "reply": "Winner: A"}]
CHOOSER = {"name": "scripted", "rules": RUDE}


def learned(name: str) -> Recipe:
    """The recipe, each training one step from the tiny model."""
    data = recipes.get(name).model_dump(mode="json") | {"metrics": [], "groups_per_batch": 2}
    for phase in data.get("phases", [data]):
        for step in phase["steps"]:
            if step["kind"] == "trainer":
                step["part"] |= SMALL | {"start": "base"} | (RL if step["part"]["name"] == "grpo" else {})
    return Recipe.model_validate(data)


def rewarded(round_id: int) -> list[float]:
    sample = tables.Sample
    with reading() as db:
        result = db.scalars(select(sample).where(sample.round_id == round_id, sample.kind == "rollout"))
        return [entry.extra["reward"] for entry in result]


def test_constitutional_ai_learns_revisions_and_then_by_what_it_prefers(tiny: Path) -> None:
    loop = Loop(learned("constitutional_ai"), REVISER, tiny)
    first = loop.launch()
    ended = loop.run(first, trains=True)
    assert ended.status is RoundStatus.done, ended.error
    (rows,) = rows_of_round(first)["rows"].values()
    assert {row["prompt"][0]["content"] for row in rows} == set(RIGHT)
    assert {len(row["prompt"]) for row in rows} == {1}
    assert {row["completion"][0]["content"] for row in rows} <= {"a kind answer", "a better answer"}

    judge = make_checkpoint(loop.project, engine=CHOOSER)
    second = loop.launch(parent_id=first, judge_id=judge.id, seed=4)
    ended = loop.run(second, trains=True)
    assert (ended.status, ended.phase) == (RoundStatus.done, 1), ended.error
    records = rows_of_round(second)["rows"]
    assert all(row["chosen"][0]["content"] != "a rude answer" for row in records[3])
    assert {row["prompt"][0]["content"] for row in records[5]} == set(RIGHT)
    rewards = rewarded(second)
    assert len(set(rewards)) > 1
    assert all(isinstance(reward, float) for reward in rewards)


def test_self_motivated_learning_rewards_by_what_it_learned_of_right_and_wrong(tiny: Path) -> None:
    loop = Loop(learned("self_motivated_learning"), SOLVER, tiny)
    round_id = loop.launch()
    ended = loop.run(round_id, trains=True)
    assert ended.status is RoundStatus.done, ended.error
    pairs, prompts = rows_of_round(round_id)["rows"].values()
    for row in pairs:
        right = f"#### {RIGHT[row['prompt'][0]['content']]}"
        assert row["chosen"][0]["content"] == right != row["rejected"][0]["content"]
    assert len(prompts) == len(RIGHT)
    with reading() as db:
        role = db.scalars(select(tables.RoundRole)).one()
        kinds = [db.get_one(tables.Checkpoint, n).kind for n in (role.checkpoint_id, ended.checkpoint_id)]
    assert (role.role, kinds) == ("scorer", ["scorer", "full"])
    assert len(rewarded(round_id)) >= 2
