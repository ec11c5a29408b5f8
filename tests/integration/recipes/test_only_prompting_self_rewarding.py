"""Xu et al. 2024 (only-prompting self-rewarding), arXiv 2409.17534: what makes it that method."""

from dataclasses import replace
from pathlib import Path

import pytest

from backend import recipes
from backend.engines.scripted import Scripted
from backend.values import Group
from tests.groups import prompt
from tests.integration.loop import RIGHT, Loop
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_turns import ONE_DATABASE, last, last_content, scripted, short, trained
from tests.integration.recipes.turns import Steps

RECIPE = recipes.get("only_prompting_self_rewarding")
ENGINE = Scripted(rules=({"pattern": "quality is 10", "reply": "good"}, {"pattern": "quality", "reply": "worse"}))


@pytest.mark.parametrize("phase", [0, 1, 2])
def test_the_label_is_what_the_policy_was_told_and_no_model_judges(phase):
    steps = Steps(RECIPE, phase)
    assert not any(judge.needs_engine for judge in RECIPE.of_kind("judge"))
    assert steps.places[1].step.by == "policy", "both sides are by the present policy"
    (texts,) = steps.part(1).generate(ENGINE, [prompt()], seed=1)
    group = Group(prompt(), tuple(replace(text, id=n) for n, text in enumerate(texts, 1)))
    assert [text.text for text in texts] == ["good", "worse"]
    (labelled,) = steps.label(2, [group])
    (pair,) = steps.select(3, labelled).examples
    assert (pair.sample_id, pair.rejected_id) == (1, 2)
    # The row asks what the prompt asks: neither instruction is trained on.
    assert pair.messages is None


def test_a_number_sets_the_gap_and_it_shrinks_over_the_rounds():
    conditions = [RECIPE.phases[n].steps[1].part.conditions for n in range(3)]
    assert [
        [int("".join(filter(str.isdigit, text.split("out of")[0]))) for text in condition.values()]
        for condition in conditions
    ] == [
        [10, 2],
        [10, 5],
        [10, 8],
    ]
    assert [RECIPE.phase_of(n) for n in range(5)] == [0, 1, 2, 2, 2]


@pytest.mark.slow
@ONE_DATABASE
def test_only_prompting_prefers_what_was_asked_to_be_good(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = scripted(**{"quality_is_10_out": ("good", "fine"), "quality_is_2_out": ("bad", "poor")})
    _, result = trained(Loop(short("only_prompting_self_rewarding", 0), engine, tiny), monkeypatch)
    assert {last_content(row, "prompt") for row in last(result)} == set(RIGHT)
    for row in last(result):
        assert last_content(row, "chosen") in ("good", "fine")
        assert last_content(row, "rejected") in ("bad", "poor")
