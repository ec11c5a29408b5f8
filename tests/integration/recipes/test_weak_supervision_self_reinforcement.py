"""Tong et al. 2024 (self-reinforcement), arXiv 2405.04086: what makes it that method."""

from pathlib import Path

import pytest

from backend import recipes
from backend.db import reading
from backend.errors import InvalidInput
from backend.services.plans import known_answers
from backend.values import Group
from tests.groups import prompt, sample
from tests.integration.loop import Loop
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_turns import (
    ANSWERS,
    ONE_DATABASE,
    last,
    last_content,
    scripted,
    short,
    texts,
    trained,
)
from tests.integration.recipes.turns import Steps
from tests.rows import make_prompt_set

RECIPE = recipes.get("weak_supervision_self_reinforcement")
TAUGHT, REINFORCED = Steps(RECIPE, 0), Steps(RECIPE, 1)


def test_the_first_round_is_sft_on_known_answers():
    (known,) = TAUGHT.part(1).generate(None, [prompt(answer="#### 4")], seed=0)
    assert [entry.text for entry in known] == ["#### 4"]
    (labelled,) = TAUGHT.label(2, [Group(prompt(), (sample(1, "#### 4", role="data"),))])
    assert [row.sample_id for row in TAUGHT.select(3, labelled).examples] == [1]
    assert (TAUGHT.part(4).name, TAUGHT.places[4].step.makes) == ("sft", "policy")


def test_then_the_tuned_models_text_is_preferred_to_the_untuned_ones_without_a_judge():
    assert [place.step.by for place in REINFORCED.places[1:3]] == ["policy", "base"]
    assert not any(place.step.kind == "judge" for place in REINFORCED.places)
    tuned, untuned = sample(1, "#### 5", role="policy"), sample(2, "#### 4", role="base")
    # No answer is known, and neither text is scored.
    (pair,) = REINFORCED.select(3, Group(prompt(), (tuned, untuned))).examples
    assert (pair.sample_id, pair.rejected_id) == (1, 2)
    assert (REINFORCED.part(4).name, REINFORCED.part(4).beta) == ("dpo", 0.1)


def test_pairs_whose_sides_agree_are_filtered():
    tuned, untuned = sample(1, "It is #### 4", role="policy"), sample(2, "so #### 4", role="base")
    selection = REINFORCED.select(3, Group(prompt(), (tuned, untuned)))
    assert selection.dropped == {"same answer on both sides": 1}


def test_the_second_phase_goes_on():
    assert [RECIPE.phase_of(n) for n in range(4)] == [0, 1, 1, 1]


@pytest.mark.slow
@ONE_DATABASE
def test_self_reinforcement_prefers_the_tuned_model_on_prompts_without_answers(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = short(
        "weak_supervision_self_reinforcement", 1, untuned={"max_tokens": 6}, selector={"drop_truncated": False}
    )
    loop = Loop(recipe, scripted(prompt=ANSWERS), tiny)
    _, result = trained(loop, monkeypatch)
    tuned, untuned = texts(result, 0, 1), texts(result, 0, 2)
    assert (len(tuned), len(untuned)) == (5, 5)
    assert result["said"] == []
    pairs = [(last_content(row, "chosen"), last_content(row, "rejected")) for row in last(result)]
    assert pairs
    assert set(pairs) <= {(entry, two) for (_, entry, _), (_, two, _) in zip(tuned, untuned, strict=True)}


def test_only_the_phase_that_takes_answers_needs_them(tiny: Path) -> None:
    taught = Loop(short("weak_supervision_self_reinforcement"), scripted(prompt="x"), tiny)
    taught.prompts = make_prompt_set(taught.project, prompts=["prompt x"])
    with pytest.raises(InvalidInput, match="None of the 1 prompts in the chosen sets has an answer"):
        taught.launch()
    with reading() as db:
        known_answers.check(db, taught.project.id, taught.recipe, (taught.prompts.id,), phase=1)
