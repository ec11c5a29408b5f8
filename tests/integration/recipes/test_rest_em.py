"""Singh et al. 2023 (ReST-EM), arXiv 2312.06585: what makes it that method, and not rejection sampling alone."""

from pathlib import Path

import pytest

from backend import recipes
from tests.groups import prompt as a_prompt
from tests.integration.loop import RIGHT
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.loop import Lines, run
from tests.integration.test_rounds_filtered import ONE_DATABASE, RECIPES, last_content, rows_of, texts, trained

RECIPE = recipes.get("rest_em")


def test_every_round_trains_the_base_on_the_newest_samples_alone():
    assert (RECIPE.trainer.name, RECIPE.trainer.start) == ("sft", "base")
    assert (RECIPE.earlier_rounds, RECIPE.mix_share) == (False, 0.0)
    assert recipes.get("rejection_sampling").trainer.start == "policy"


def test_of_32_samples_ten_right_ones_are_kept_at_most():
    lines = [f"way {n}\n#### 4" for n in range(12)] + [f"way {n}\n#### 5" for n in range(20)]
    loop = run(RECIPE, Lines(lines=tuple(lines)), a_prompt("2+2?", answer="4"))
    assert [(n, s.n) for n, s in loop.asked] == [(1, 32)]
    assert {s.score for s in loop.group.samples} == {0.0, 1.0}
    kept = {example.sample_id for example in loop.selection.examples}
    assert len(kept) == 10
    assert kept < set(range(1, 13))
    assert loop.selection.dropped == {"below threshold": 20, "over max_per_prompt": 2}


def test_chance_decides_which_ten():
    def kept(seed):
        engine = Lines(lines=tuple(f"{'long ' * n}\n#### 4" for n in range(32)))
        loop = run(RECIPE, engine, a_prompt(answer="4"), seed=seed)
        return frozenset(example.sample_id for example in loop.selection.examples)

    assert len({kept(seed) for seed in range(6)}) > 1


@pytest.mark.slow
@ONE_DATABASE
def test_rest_em_keeps_right_samples_up_to_the_cap_and_trains_the_base(tiny: Path) -> None:
    assert RECIPES["rest_em"].trainer.start == recipes.get("rest_em").trainer.start == "base"
    ended, result = trained("rest_em", tiny)
    for prompt, answer in RIGHT.items():
        right = {text for text, _ in texts(ended.id)[prompt] if text.endswith(f"#### {answer}")}
        kept = {last_content(row, "completion") for row in rows_of(result, prompt)}
        assert kept <= right
        assert len(kept) == min(2, len(right)) > 0
