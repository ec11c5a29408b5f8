"""Pang et al. 2024 (Iterative RPO), arXiv 2404.19733: what makes it that method."""

from backend import recipes
from tests.groups import prompt
from tests.unit.recipes.loop import Lines, run

RECIPE = recipes.get("irpo")


def loop(right, wrong, unread=0):
    lines = [f"way {n}\n#### 4" for n in range(right)] + [f"way {n}\n#### 5" for n in range(wrong)] + [" "] * unread
    return run(RECIPE, Lines(lines=tuple(lines)), prompt("2+2?", answer="4"))


def test_ten_pairs_of_a_right_above_a_wrong_sample():
    result = loop(12, 18)
    assert [(n, s.n) for n, s in result.asked] == [(1, 30)]
    pairs = [(e.sample_id, e.rejected_id) for e in result.selection.examples]
    assert len(set(pairs)) == 10
    assert len({right for right, _ in pairs}) == len({wrong for _, wrong in pairs}) == 10
    assert all(right <= 12 < wrong for right, wrong in pairs)


def test_a_side_with_few_samples_is_used_again():
    pairs = [(e.sample_id, e.rejected_id) for e in loop(1, 29).selection.examples]
    assert len(set(pairs)) == 10
    assert {right for right, _ in pairs} == {1}


def test_a_prompt_answered_always_or_never_gives_no_pair():
    assert loop(30, 0).selection.dropped == {"no wrong sample": 1}
    assert loop(0, 30).selection.dropped == {"no right sample": 1}


def test_what_cannot_be_read_is_on_neither_side():
    assert all(e.rejected_id == 2 for e in loop(1, 1, unread=28).selection.examples)


def test_likelihood_of_the_chosen_side_is_added_with_the_factor_one():
    # That this is the loss is worked out in tests/integration/test_rounds_filtered.py.
    trainer = RECIPE.trainer
    assert (trainer.loss_type, trainer.loss_weights) == (("sigmoid", "sft"), (1.0, 1.0))
    assert trainer.weigh_examples  # by each text's own length, not over all tokens of a batch
    assert {e.weight for e in loop(12, 18).selection.examples} == {1.0}


def test_each_round_starts_from_the_last_and_compares_with_it():
    assert (RECIPE.trainer.start, RECIPE.trainer.reference) == ("policy", "reference")
