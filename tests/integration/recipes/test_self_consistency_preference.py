"""Prasad et al. 2024 (ScPO), arXiv 2411.04109: what makes it that method."""

from backend import recipes
from backend.values import DatasetType
from tests.groups import prompt
from tests.integration.recipes.loop import Lines, run

RECIPE = recipes.get("self_consistency_preference")


def lines(votes, extra):
    """Eight samples by their answers, then eight hot ones."""
    return Lines(lines=tuple(f"way {n}\n#### {answer}" for n, answer in enumerate([*votes, *extra])))


def test_samples_eight_that_vote_and_eight_hotter_ones():
    loop = run(RECIPE, lines("11111223", "1" * 8), prompt())
    assert [(s.n, s.temperature, s.top_p) for _, s in loop.asked] == [(8, 0.7, 0.9), (8, 1.2, 0.9)]
    # V(1) = 5 of k = 8, V(2) = 2, V(3) = 1; hot samples do not vote.
    assert [s.score for s in loop.group.samples] == [5 / 8] * 5 + [2 / 8] * 2 + [1 / 8] + [5 / 8] * 8


def test_pairs_most_with_least_voted_and_weighs_by_the_margin():
    loop = run(RECIPE, lines("11111223", "1" * 8), prompt())
    chosen, rejected = loop.pair
    assert chosen.endswith("1")
    assert chosen.split()[1] in "01234"  # one of the voters, not of the hot samples
    assert rejected == "way 7\n#### 3"
    assert loop.selection.examples[0].weight == 0.5  # (5 - 1) / 8


def test_hot_sample_gives_the_rejected_side_of_a_unanimous_prompt():
    loop = run(RECIPE, lines("1" * 8, "11119111"), prompt())
    assert loop.pair[1] == "way 12\n#### 9"
    assert loop.selection.examples[0].weight == 1.0  # (8 - 0) / 8


def test_drops_a_prompt_below_half_of_the_votes():
    assert run(RECIPE, lines("11122334", "5" * 8), prompt()).selection.dropped == {"top answer below tau": 1}
    assert run(RECIPE, lines("11112345", "1" * 8), prompt()).selection.examples  # 4 of 8 is enough


def test_known_answers_play_no_part():
    known = run(RECIPE, lines("11111223", "1" * 8), prompt(answer="3"))
    assert known.selection == run(RECIPE, lines("11111223", "1" * 8), prompt()).selection


def test_second_round_asks_for_more_votes():
    second = RECIPE.with_changes(RECIPE.schedule.changes([{}]))
    assert (RECIPE.selector.tau, second.selector.tau) == (0.5, 0.7)
    assert run(second, lines("11111223", "1" * 8), prompt()).selection.dropped == {"top answer below tau": 1}
    assert RECIPE.with_changes(RECIPE.schedule.changes([])) == RECIPE


def test_weight_multiplies_preference_and_likelihood_terms():
    trainer = RECIPE.trainer
    assert (trainer.name, trainer.beta, trainer.weigh_examples) == ("dpo", 0.5, True)
    assert (trainer.loss_type, trainer.loss_weights) == (("sigmoid", "sft"), (1.0, 1.0))
    assert RECIPE.selector.makes is DatasetType.preference


def test_only_those_who_vote_may_be_chosen():
    assert RECIPE.generator.n == RECIPE.judge.voters == RECIPE.selector.voters == 8
    assert RECIPE.judge.pattern == RECIPE.selector.pattern
