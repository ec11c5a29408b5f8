"""Subramaniam et al. 2025 (Multiagent Finetuning), arXiv 2501.05707: what makes it that method."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, tables
from backend.recipes import Recipe
from backend.recipes.multiagent_finetuning import CRITICS, GENERATORS
from backend.services.recipes.round_roles import acting
from backend.values import RoundStatus
from tests.integration.loop import Loop, rows_of_round
from tests.integration.test_rounds_of_agents import changed
from tests.integration.test_rounds_of_agents import tiny as tiny  # a fixture
from tests.rows import make_checkpoint, make_prompt_set

RECIPE = recipes.get("multiagent_finetuning")
PLACES = RECIPE.places()
TRAININGS = [place for place in PLACES if place.step.kind == "trainer"]


def test_generators_answer_and_critics_see_all_their_answers():
    writers = [place for place in PLACES if place.step.kind == "generator"]
    assert [place.step.by for place in writers] == [*GENERATORS, *CRITICS]
    assert {place.source for place in writers[:3]} == {0}
    assert {place.source for place in writers[3:]} == {4}
    assert PLACES[4].step.part.name == "debate"


def test_each_agent_is_trained_on_its_own_texts_alone():
    assert [place.step.makes for place in TRAININGS] == [*GENERATORS, *CRITICS]
    for place in TRAININGS:
        (number,) = place.rows
        kept = PLACES[number]
        assert kept.step.roles == (place.step.makes,)
        assert place.step.part.start == place.step.makes, "it goes on from itself"
        assert kept.step.part.keep == "accepted"


def test_generators_and_critics_learn_from_other_questions():
    kept = [PLACES[place.rows[0]] for place in TRAININGS]
    assert [place.source for place in kept] == [0, 0, 0, 4, 4, 4]


def test_what_is_right_is_the_majority_of_the_critics():
    votes, consensus = PLACES[8], PLACES[9]
    assert (votes.step.part.name, votes.source, votes.texts) == ("majority_vote", 4, (5, 6, 7))
    assert (consensus.step.part.name, consensus.source) == ("consensus", 4)
    assert consensus.step.part.judges_siblings
    assert not any(judge.needs_answer for judge in RECIPE.judges)


def test_all_agents_are_bound_to_checkpoints_of_their_own_at_the_first_launch():
    assert sorted({role for _, role in acting(PLACES)}) == sorted([*GENERATORS, *CRITICS])
    assert RECIPE.product == "generator_1"
    assert "distinct_n" in [metric.name for metric in RECIPE.metrics]


def speaker(name: str, *answers: int) -> dict[str, Any]:
    """An agent that says its name, and these answers to the prompts a, b and c."""
    rules = [{"pattern": f"prompt {p}", "reply": f"{name} #### {n}"} for p, n in zip("abc", answers, strict=True)]
    return {"name": "scripted", "rules": rules}


@pytest.mark.slow
@pytest.mark.on_sqlite
def test_multiagent_finetuning_trains_each_agent_on_what_it_said_itself(tiny: Path) -> None:
    data = changed("multiagent_finetuning", sft={"start": "base"})
    agents = ["generator_1", "generator_2", "critic_1", "critic_2"]
    data["steps"] = [
        step
        for step in data["steps"]
        if not any(name.endswith("_3") for name in (step["by"], step["name"], *step["roles"]))
    ]
    loop = Loop(Recipe.model_validate(data), speaker("nobody", 0, 0, 0), tiny)
    loop.prompts = make_prompt_set(loop.project, prompts=["prompt a", "prompt b", "prompt c"])
    fields = {"generator_1": (4, 5, 6), "generator_2": (9, 5, 6), "critic_1": (4, 5, 6), "critic_2": (4, 5, 7)}
    roles = {
        name: make_checkpoint(loop.project, parent=loop.base, engine=speaker(name, *fields[name])) for name in agents
    }
    first = loop.launch(roles={name: entry.id for name, entry in roles.items()})
    ended = loop.run(first, trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)

    rows = rows_of_round(first)["rows"]
    kept = [[entry["completion"][0]["content"] for entry in rows[number]] for number in sorted(rows)]
    # Of c the critics agree on nothing; of a the second generator is wrong.
    assert [sorted(texts) for texts in kept] == [
        ["generator_1 #### 4", "generator_1 #### 5"],
        ["generator_2 #### 5"],
        ["critic_1 #### 4", "critic_1 #### 5"],
        ["critic_2 #### 4", "critic_2 #### 5"],
    ]
    first_rows, *_, last_rows = (rows[number] for number in sorted(rows))
    assert {row["prompt"][0]["content"] for row in first_rows} == {"prompt a", "prompt b"}
    asked = [row["prompt"][0]["content"] for row in last_rows]
    assert any("<<<AGENT 2\ngenerator_2 #### 9\nAGENT 2>>>" in content for content in asked), "critics see all answers"
    with reading() as db:
        names = list(db.scalars(select(tables.Checkpoint.name).order_by(tables.Checkpoint.id)))[-4:]
        role = tables.RoundRole
        query = select(role.role, role.checkpoint_id).where(role.round_id == first, role.step >= 0)
        trained = {name: id_ for name, id_ in db.execute(query)}
    assert names == ["round-1", "round-1-generator_2", "round-1-critic_1", "round-1-critic_2"]
    assert sorted(trained) == sorted(agents)
    assert ended.checkpoint_id == trained["generator_1"]

    second = loop.launch(parent_id=first)
    with reading() as db:
        query = select(role.role, role.checkpoint_id).where(role.round_id == second, role.step == -1)
        assert {name: id_ for name, id_ in db.execute(query)} == trained, "each goes on from itself"
