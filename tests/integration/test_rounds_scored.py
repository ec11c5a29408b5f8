"""Rounds with a scorer: trained on the way and asked in the same round, or fixed over several trainings (ReST)."""

from pathlib import Path

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
from backend.trainers.reward_model import RewardModel
from backend.trainers.sft import SFT
from backend.values import RoundStatus
from tests.integration.loop import TRAINING, Loop, dying, rows_of_round
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


RL = {"num_generations": 2, "per_device_train_batch_size": 2, "max_completion_length": 4}


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
