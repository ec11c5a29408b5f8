"""Jiang et al. 2024 (Mix-CPT), arXiv 2407.10804: what makes it that method."""

from pathlib import Path

import pytest

from backend import recipes
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_texts import TEXTS, Documents, checkpoint, last_rows, record, short
from tests.rows import make_prompt_set

RECIPE = recipes.get("mix_cpt")
MIXED, ALIGNED = RECIPE.phases


def test_domain_texts_and_instructions_are_mixed_in_one_pre_training():
    assert [str(step.part.name) for step in MIXED.steps] == [
        "prompt_set",
        "plain_texts",
        "seed_share",
        "soft_target_sft",
    ]
    assert MIXED.steps[2].part.reads_seeds
    assert not MIXED.steps[3].part.answers_only, "instructions are texts like the others"


def test_the_model_before_training_with_swapped_logits_is_the_teacher():
    trainer = MIXED.steps[3].part
    assert (trainer.start, trainer.reference, trainer.alpha, trainer.swap_logits) == ("policy", "policy", 1.0, True)


def test_the_format_is_aligned_afterwards_on_known_answers():
    assert [step.part.name for step in ALIGNED.steps if step.kind in ("generator", "trainer")] == ["own_answers", "sft"]
    assert RECIPE.phase_of(0) == 0
    assert RECIPE.phase_of(1) == 1


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_mix_cpt_pre_trains_on_both_and_aligns_the_format_after(tiny: Path) -> None:
    loop = Documents(short("mix_cpt"), tiny)
    general = make_prompt_set(loop.project, prompts=["1 + 1 =", "2 + 2 ="], answers=["2", "4"])
    first = loop.ran(mix_set_ids=(general.id,))
    rows = last_rows(first)
    assert sorted(row["text"] for row in rows if "text" in row) == sorted(TEXTS)
    assert {row["messages"][0]["content"]: row["messages"][1]["content"] for row in rows if "messages" in row} == {
        "1 + 1 =": "2",
        "2 + 2 =": "4",
    }
    noted = record(first.checkpoint_id)
    assert noted["spec"]["policy"] == noted["spec"]["reference"] == str(tiny), "the model before training teaches"
    assert (noted["rows_used"], noted["spec"]["trainer"]["swap_logits"]) == (5, True)
    second = loop.after(first, general)
    assert second.phase == 1
    assert {row["prompt"][0]["content"]: row["completion"][0]["content"] for row in last_rows(second)} == {
        "1 + 1 =": "2",
        "2 + 2 =": "4",
    }
    assert checkpoint(second.checkpoint_id).parent_id == first.checkpoint_id
