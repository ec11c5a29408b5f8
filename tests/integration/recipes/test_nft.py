"""Chen et al. 2025 (NFT), arXiv 2505.18116: what makes it that method."""

from pathlib import Path

import pytest

from backend import recipes
from tests.groups import prompt as a_prompt
from tests.integration.loop import RIGHT, Loop, dying, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.loop import Lines, run
from tests.integration.recipes.rounds_of_losses import ONE_DATABASE, ONE_STEP, short, trained

RECIPE = recipes.get("nft")


def loop(answers):
    return run(
        RECIPE, Lines(lines=tuple(f"way {n}\n#### {answer}" for n, answer in enumerate(answers))), a_prompt(answer="4")
    )


def test_wrong_samples_are_trained_on_with_the_rate_of_their_prompt():
    examples = loop("4" * 4 + "5" * 12).selection.examples
    assert [example.label for example in examples] == [True] * 4 + [False] * 12
    assert {example.extra["rate"] for example in examples} == {0.25}


def test_prompts_that_are_always_or_never_answered_right_are_left_out():
    assert loop("4" * 16).selection.dropped == {"no wrong sample": 16}
    assert loop("5" * 16).selection.dropped == {"no right sample": 16}


def test_the_loss():
    trainer = RECIPE.trainer
    assert trainer.name == "negative_aware_sft"
    assert (trainer.epsilon, trainer.rate_margin, trainer.prompt_weight) == (1.0, 0.02, "one_minus_rate")
    assert trainer.negative_weight == 1.0


def test_the_samples_are_those_of_the_policy_that_is_trained():
    generator, trainer = RECIPE.generator, RECIPE.trainer
    assert (generator.temperature, generator.top_p, generator.top_k, trainer.start) == (1.0, 1.0, 0, "policy")
    assert not generator.take_imported


ANSWERS = tuple(f"#### {answer}" for answer in (4, 5, 6, 7, 8))

SOLVER = {"name": "scripted", "rules": [{"pattern": "prompt", "reply": (*ANSWERS, "I give up")}]}


@pytest.mark.slow
@ONE_DATABASE
def test_nft_trains_on_right_and_wrong_samples(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Loop(short("nft", generator={"n": 6}, trainer=ONE_STEP | {"start": "base"}), SOLVER, tiny)
    ended, rows, record = trained(loop)
    for prompt, answer in RIGHT.items():
        own = [row for row in rows if row["prompt"][0]["content"] == prompt]
        right = [row["completion"][0]["content"].endswith(answer) for row in own]
        assert [row["label"] for row in own] == right
        assert {row["rate"] for row in own} == ({sum(right) / len(right)} if own else set())
        assert not own or 0 < sum(right) < len(right)
    assert "I give up" not in {row["completion"][0]["content"] for row in rows}
    # At the first step the policy is the old one.
    assert record["metrics"]["ratio"] == pytest.approx(1.0, abs=1e-4)
    again = loop.launch()
    with dying(monkeypatch):
        loop.run(again)
    assert rows_of_round(again)["rows"] == rows_of_round(ended.id)["rows"]
