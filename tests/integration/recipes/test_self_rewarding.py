"""Yuan et al. 2024, arXiv 2401.10020: what makes it that method."""

import pytest

from backend import recipes
from backend.values import DatasetType, Verdict
from tests.groups import prompt
from tests.integration.recipes.loop import Lines, run

RECIPE = recipes.get("self_rewarding")
MARKER = "You are grading an answer"


def policy(verdicts):
    return Lines(lines=tuple(verdicts), marker=MARKER, verdicts=verdicts)


def votes(*scores):
    return tuple(f"because.\nScore: {score}" for score in scores)


def test_policy_samples_four_answers_and_judges_each_three_times():
    verdicts = {
        "answer-a": votes(5, 4, 3),
        "answer-b": votes(2, 2, 3),
        "answer-c": votes(1, 0, 1),
        "answer-d": votes(3),
    }
    loop = run(RECIPE, policy(verdicts), prompt("Why?"))
    (asked, sampling), (judged, judging) = loop.asked  # the same engine, as policy and as judge
    assert (asked, sampling.n, sampling.temperature, sampling.top_p) == (1, 4, 0.7, 0.9)
    assert (judged, judging.n) == (4, 3)
    # Means of three votes: 4, 7/3, 2/3, 3.
    assert [s.score for s in loop.group.samples] == [4.0, pytest.approx(7 / 3), pytest.approx(2 / 3), 3.0]
    assert [s.verdict for s in loop.group.samples] == [Verdict.accept, *[Verdict.reject] * 3]


def test_pairs_the_highest_with_the_lowest():
    verdicts = {"answer-a": votes(3), "answer-b": votes(5), "answer-c": votes(0), "answer-d": votes(1)}
    loop = run(RECIPE, policy(verdicts), prompt("Why?"))
    assert loop.pair == ("answer-b", "answer-c")
    assert loop.selection.examples[0].weight == 1.0


def test_drops_the_prompt_when_scores_are_equal():
    verdicts = {f"answer-{letter}": votes(4, 4, 4) for letter in "abcd"}
    assert run(RECIPE, policy(verdicts), prompt("Why?")).selection.dropped == {"equal scores": 1}


def test_answer_nobody_could_score_is_on_no_side():
    verdicts = {"answer-a": ("no idea",), "answer-b": votes(2, "?", 4), "answer-c": votes(4), "answer-d": ("Score: 7",)}
    loop = run(RECIPE, policy(verdicts), prompt("Why?"))
    assert [s.score for s in loop.group.samples] == [None, 3.0, 4.0, None]
    assert loop.pair == ("answer-c", "answer-b")


def test_trains_by_dpo_against_the_checkpoint_the_round_started_from():
    assert RECIPE.trainer.name == "dpo"
    assert (RECIPE.trainer.loss_type, RECIPE.trainer.beta, RECIPE.trainer.weigh_examples) == (("sigmoid",), 0.1, False)
    assert RECIPE.selector.makes is DatasetType.preference
    assert RECIPE.schedule.changes([{}]) == {}
