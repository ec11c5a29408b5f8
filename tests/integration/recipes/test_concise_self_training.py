"""Munkhbat et al. 2025, arXiv 2502.20122: what makes it that method."""

from pathlib import Path

import pytest

from backend import recipes
from tests.groups import prompt as a_prompt
from tests.integration.loop import RIGHT
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.loop import Lines, run
from tests.integration.test_rounds_filtered import ONE_DATABASE, last_content, rows_of, texts, trained

RECIPE = recipes.get("concise_self_training")
# 16 plain samples, then 16 after brief worked examples.
PLAIN = [f"{'so ' * (20 - n)}\n#### 4" for n in range(15)] + ["#### 5"]


def loop(*brief):
    lines = [*PLAIN, *brief, *("well #### 5" for _ in range(16 - len(brief)))]
    return run(RECIPE, Lines(lines=tuple(lines)), a_prompt("2+2?", answer="4"))


def test_keeps_the_shortest_right_sample_of_each_prompt():
    # The shortest of all is wrong; of the right plain ones the fifteenth is shortest.
    assert [e.sample_id for e in loop().selection.examples] == [15]


def test_samples_after_brief_worked_examples_are_in_the_union():
    result = loop("2+2=4 #### 4", "a longer way #### 4")
    assert [(s.n, s.temperature) for _, s in result.asked] == [(16, 0.7), (16, 0.7)]
    assert [e.sample_id for e in result.selection.examples] == [17]
    assert result.group.samples[16].extra == {"extra_template": True}


def test_the_worked_examples_are_not_trained_on():
    (example,) = loop("2+2=4 #### 4").selection.examples
    assert example.messages is None  # the row's question is the prompt's own
    assert RECIPE.generator.extra_template.count("Question:") == 3
    assert RECIPE.generator.extra_template.endswith("Question: {prompt}\nAnswer:")


def test_a_prompt_without_a_right_sample_is_left_out():
    result = run(RECIPE, Lines(lines=tuple(f"way {n} #### 5" for n in range(32))), a_prompt("2+2?", answer="4"))
    assert (result.selection.examples, result.selection.dropped) == ([], {"below threshold": 32})


def test_fine_tunes_on_completions():
    assert (RECIPE.trainer.name, RECIPE.selector.max_per_prompt, RECIPE.selector.order) == ("sft", 1, "shortest")


@pytest.mark.slow
@ONE_DATABASE
def test_concise_self_training_keeps_the_shortest_right_one_of_both_ways_to_ask(tiny: Path) -> None:
    ended, result = trained("concise_self_training", tiny)
    kept = set()
    for prompt, answer in RIGHT.items():
        assert len(texts(ended.id)[prompt]) == 32
        right = [text for text, _ in texts(ended.id)[prompt] if text.endswith(answer)]
        (row,) = rows_of(result, prompt)
        assert last_content(row, "completion") == min(right, key=len)
        kept.add(last_content(row, "completion"))
    assert {text[0] for text in kept} == {"="}, "the brief ones, whose worked examples no row holds"
