"""Aksitov et al. 2023 (ReST meets ReAct), arXiv 2312.10003: what makes it that method."""

from pathlib import Path

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, tables
from backend.errors import InvalidInput
from backend.generators.environment_rollout import EnvironmentRollout
from backend.judges.exact_match import ExactMatch
from backend.judges.pairwise_swapped import PairwiseSwapped
from backend.mixers.earlier_rounds import EarlierRounds
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe
from backend.selectors.above_threshold import AboveThreshold
from backend.selectors.best_versus_worst import BestVersusWorst
from backend.trainers.dpo import DPO
from backend.trainers.sft import SFT
from backend.values import Group, RoundStatus, Stage, Verdict
from tests.groups import prompt, sample
from tests.integration.loop import Loop, dying, rows_of_round
from tests.integration.test_rounds_of_agents import changed
from tests.integration.test_rounds_of_agents import tiny as tiny  # a fixture
from tests.rows import make_prompt_set

RECIPE = recipes.get("rest_meets_react")
PLACES = RECIPE.places()
PARTS = [place.step.part for place in PLACES]


def test_an_agent_searches_in_several_turns():
    assert (PARTS[1].plays, PARTS[1].environment.name, PARTS[1].needs_documents) == (True, "document_search", True)
    assert RECIPE.answering()[0] == PARTS[1], "held-out prompts are played as well"


def test_models_rank_answers_and_steps_and_nobody_needs_to_know_the_answer():
    assert [part.name for part in PARTS[2:6]] == ["additive_rubric", "episode_steps", "sample", "pairwise_swapped"]
    assert not any(judge.needs_answer for judge in RECIPE.judges)
    assert all(judge.needs_engine for judge in RECIPE.judges)
    assert (PLACES[2].texts, PLACES[5].source, PLACES[5].texts) == ((1,), 3, (4,))


def test_only_the_best_text_of_a_step_is_trained_on_from_the_base():
    texts = [sample(n, score=score, verdict=Verdict.accept) for n, score in enumerate((-0.5, 0.8, 0.1), 1)]
    (kept,) = PARTS[6].select([Group(prompt(), tuple(texts), parent=sample(9), step=3)], seed=0).examples
    assert kept.sample_id == 2
    assert (PARTS[8].name, PARTS[8].start) == ("sft", "base")


def test_the_batch_grows_with_every_round():
    assert PARTS[7] == EarlierRounds(limit=0)


def test_people_decide_on_episodes_before_their_steps_are_taken_apart():
    assert RECIPE.gate() == 3


def test_episodes_are_trained_on_by_those_alone_who_know_whose_turn_it_is():
    steps = (PromptSet(), EnvironmentRollout(), PairwiseSwapped(), BestVersusWorst(), DPO())
    with pytest.raises(ValueError, match=r"Step 4 .* keeps episodes, of which Step 5 .* Train on them by sft"):
        Recipe(name="x", title="X", steps=steps)
    Recipe(name="x", title="X", steps=(PromptSet(), EnvironmentRollout(), ExactMatch(), AboveThreshold(), SFT()))


DOCUMENTS = ["Lima is the capital of Peru. It lies at the sea.", "Bread is made of flour."]

AGENT = {
    "name": "scripted",
    "rules": [
        {"pattern": "(?s)grading an answer.*Answer: Cusco", "reply": "Score: 1"},
        {"pattern": "grading an answer", "reply": "Score: 5"},
        {"pattern": "(?s)next step.*<<<A\n[^>]*(Lima|capital)", "reply": "Winner: A"},
        {"pattern": "next step", "reply": "Winner: B"},
        {"pattern": "(?s)prompt.*Observation: Lima", "reply": ("Answer: Lima", "Answer: Lima", "Answer: Cusco")},
        {"pattern": "(?s)prompt.*Observation: Bread", "reply": "Answer: Cusco"},
        {"pattern": "prompt", "reply": (*["Action: search[capital of Peru]"] * 3, "Action: search[flour]")},
    ],
}


@pytest.mark.slow
@pytest.mark.on_sqlite
def test_rest_meets_react_trains_on_the_best_text_of_each_step(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = changed("rest_meets_react", additive_rubric={"votes": 1})
    loop = Loop(Recipe.model_validate(data), AGENT, tiny)
    with pytest.raises(InvalidInput, match="searches documents, and there are none"):
        loop.launch(num_prompts=3)
    sets = {"mix_set_ids": (make_prompt_set(loop.project, prompts=DOCUMENTS).id,), "num_prompts": 3}
    first = loop.launch(**sets)
    ended = loop.run(first, trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    result = rows_of_round(first)

    sample, label = tables.Sample, tables.Label
    with reading() as db:
        query = select(sample.id, sample.text, sample.turns, label.score).join(label, label.sample_id == sample.id)
        episodes = db.execute(query.where(sample.round_id == first, sample.step == 1).order_by(sample.id)).all()
        of_step = select(tables.Group).where(tables.Group.round_id == first, tables.Group.step == 3)
        steps = db.scalars(of_step.order_by(tables.Group.position)).all()
        asked = [(step.parent_id, step.messages) for step in steps]
        checkpoint = db.get_one(tables.Checkpoint, ended.checkpoint_id)
    assert len(episodes) == 6
    for _, text, turns, score in episodes:
        assert turns[-1] == {"role": "assistant", "content": text}
        assert [turn["role"] for turn in turns] == ["user", "assistant", "user", "assistant"]
        assert score == (5 if text == "Answer: Lima" else 1), "models judge the answers"
    good = [episode.id for episode in episodes if episode.score == 5]
    assert good
    assert [parent for parent, _ in asked] == [id_ for id_ in good for _ in range(2)], "two steps of each"
    (rows,) = [result["rows"][n] for n in (7,)]
    assert rows == result["rows"][6], "there is nothing older yet"
    assert rows
    for row in rows:
        (answer,) = row["completion"]
        assert "Observation" not in answer["content"], "what the environment said is learned nowhere"
        assert row["prompt"] in [messages for _, messages in asked]
        if len(row["prompt"]) == 3:
            assert row["prompt"][-1]["content"].startswith("Observation: Lima")
            assert row["prompt"][-1]["role"] == "user"
    assert checkpoint.parent_id == loop.base.id

    second = loop.launch(parent_id=first, seed=4, **sets)
    with dying(monkeypatch) as kills:
        assert loop.run(second).stage is Stage.train
    assert kills[0] > 8
    grown, new = rows_of_round(second)["rows"][7], rows_of_round(second)["rows"][6]
    records = {(str(row["prompt"]), str(row["completion"])) for row in rows}
    assert len(grown) > len(new) or records <= {(str(row["prompt"]), str(row["completion"])) for row in new}
