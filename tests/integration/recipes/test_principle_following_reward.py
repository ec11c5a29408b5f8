"""Sun et al. 2023 (SALMON), arXiv 2310.05910: what makes it that method."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from backend import recipes
from backend.db import reading, tables
from backend.judges.pairwise_swapped import drawn
from backend.judges.principled_reward import under
from backend.pipeline.bind import engine_for
from backend.recipes import Recipe
from backend.recipes._reward_words import AGAINST_HACKING, NEGATIONS, PRINCIPLES
from tests.groups import scored
from tests.integration.loop import RIGHT, Loop
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_scorers import brief, done
from tests.integration.recipes.rounds_of_turns import last_content, scripted
from tests.integration.recipes.turns import Steps
from tests.integration.test_rounds_scored import rewarded
from tests.rows import make_checkpoint

RECIPE = recipes.get("principle_following_reward")
LEARN, REINFORCE = Steps(RECIPE, 0), Steps(RECIPE, 1)


def test_preferences_are_the_models_own_by_one_principle_at_a_time():
    choice = LEARN.part(2)
    assert (choice.name, choice.principles, choice.needs_answer) == ("pairwise_swapped", PRINCIPLES, False)
    assert choice.score == "wins"
    assert (LEARN.part(1).n, len(NEGATIONS)) == (2, len(PRINCIPLES))


def test_the_reward_model_is_trained_on_rows_that_hold_the_principle_or_its_negation():
    groups = [replace(scored([0.0, 1.0], id=n), position=n) for n in range(1, 41)]
    rows = LEARN.select(3, *groups).examples
    for group, row in zip(groups, rows, strict=True):
        principle = drawn(PRINCIPLES, group)
        is_negated = NEGATIONS[PRINCIPLES.index(principle)] in row.messages[-1]["content"]
        assert is_negated is not (principle in row.messages[-1]["content"])
        assert (row.sample_id, row.rejected_id) == ((1, 2) if is_negated else (2, 1))
    assert LEARN.places[4].step.makes == "scorer"


def test_the_list_of_principles_is_changed_without_new_labels():
    training = REINFORCE.part(2)
    assert (training.reward.name, training.judge_by) == ("principled_reward", "scorer")
    assert training.reward.principles == PRINCIPLES + AGAINST_HACKING
    # The rounds after the first train no scorer: the one of the first reads whatever the list says.
    assert [place.step.kind for place in REINFORCE.places] == ["prompt_source", "selector", "trainer"]
    assert [RECIPE.phase_of(n) for n in range(3)] == [0, 1, 1]


@pytest.mark.parametrize("knobs", [{"draw_by": "seed"}, {"principles": PRINCIPLES[:2]}])
def test_rows_hold_no_principle_that_the_judge_did_not_choose_by(knobs):
    data = RECIPE.model_dump(mode="json")
    data["phases"][0]["steps"][2]["part"] |= knobs
    with pytest.raises(
        ValidationError, match=r"Step 4 \(selector principle_pairs\) writes into each row the principle"
    ):
        Recipe.model_validate(data)
    del data["phases"][0]["steps"][2]
    with pytest.raises(ValidationError, match="Put pairwise_swapped before it"):
        Recipe.model_validate(data)


def role_of(round_id: int, role: str) -> int:
    row = tables.RoundRole
    with reading() as db:
        return db.scalars(select(row.checkpoint_id).where(row.round_id == round_id, row.role == role)).one()


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_principle_following_reward_is_steered_by_the_list_without_new_preferences(tiny: Path) -> None:
    loop = Loop(brief("principle_following_reward"), scripted(prompt=("kind words", "rude words")), tiny)
    chooser = scripted(**{"(?s)<<<A\\nkind": "Winner: A", "(?s)<<<B\\nkind": "Winner: B"}, Judge="no idea")
    judge = make_checkpoint(loop.project, engine=chooser)
    first, result = done(loop, judge_id=judge.id)
    assert result["rows"][3]
    for row in result["rows"][3]:
        (written,) = [entry for entry in (*PRINCIPLES, *NEGATIONS) if f"- {entry}" in last_content(row, "prompt")]
        assert last_content(row, "prompt").split("\n")[0] in RIGHT
        assert last_content(row, "chosen").startswith("kind" if written in PRINCIPLES else "rude")
    second, result = done(loop, parent_id=first.id, judge_id=judge.id)
    assert (second.phase, result["said"]) == (1, [])
    assert {row["prompt"][0]["content"] for row in result["rows"][1]} == set(RIGHT), "the policy sees no principles"
    assert all(isinstance(reward, float) for reward in rewarded(second.id))
    asked = [{"role": "user", "content": "prompt a"}]
    with engine_for(role_of(first.id, "scorer")) as engine:
        rate, other = engine.rate([under(asked, PRINCIPLES[:1]), under(asked, NEGATIONS[:1])], ["kind words"] * 2)
    assert rate != other
