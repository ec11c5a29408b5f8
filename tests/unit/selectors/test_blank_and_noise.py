"""What no selector may take for good: an empty text, and a difference that only adding has made."""

import itertools

import pytest

from backend.judges.additive_rubric import AdditiveRubric
from backend.selectors.above_threshold import AboveThreshold
from backend.selectors.best_versus_worst import BestVersusWorst
from backend.selectors.unpaired import Unpaired
from backend.selectors.vote_margin_pairs import VoteMarginPairs
from backend.values import Group, Judgment, Verdict, mean_score
from tests.groups import by_person, prompt, sample, scored

BLANKS = ["", " ", "\n\t", "\u00a0\u2003", "\u200b\u200d\ufeff", "\x00"]
SELECTORS = [AboveThreshold(), BestVersusWorst(), Unpaired(), VoteMarginPairs(tau=0)]


def good(selection):
    return {example.sample_id for example in selection.examples if example.label is not False}


@pytest.mark.parametrize("selector", SELECTORS, ids=lambda selector: selector.name)
@pytest.mark.parametrize("blank", BLANKS, ids=repr)
def test_an_empty_text_is_never_good(selector, blank):
    group = Group(prompt(), (sample(1, blank, score=5.0), sample(2, "4", score=1.0), sample(3, "5", score=0.0)))
    selection = selector.select([group], seed=1)
    assert selection.examples
    assert 1 not in good(selection)


@pytest.mark.parametrize("selector", SELECTORS, ids=lambda selector: selector.name)
def test_not_even_where_a_person_accepted_it(selector):
    group = Group(prompt(), (by_person(1, Verdict.accept, " "), sample(2, "4", score=1.0), sample(3, "5", score=0.0)))
    assert 1 not in good(selector.select([group], seed=1))


@pytest.mark.parametrize("selector", SELECTORS, ids=lambda selector: selector.name)
def test_a_group_of_empty_texts_gives_nothing_and_says_why(selector):
    group = Group(prompt(), (sample(1, "", score=1.0), sample(2, " ", score=0.9)))
    selection = selector.select([group], seed=1)
    assert not selection.examples
    assert sum(selection.dropped.values()) == (2 if selection.unit == "samples" else 1)
    assert selection.dropped.keys() <= {"empty text", "no answer"}


@pytest.mark.parametrize("votes", [(3.1, 3.2, 3.3), (0.1, 0.2, 0.3, 0.4), (2.7, 4.9, 1.1)])
def test_votes_in_any_order_have_one_mean(votes):
    judge = AdditiveRubric()
    replies = {
        judge.label([Judgment(1, "additive_rubric", n, score, None, "", "") for n, score in enumerate(order)])
        for order in itertools.permutations(votes)
    }
    assert len(replies) == 1


def test_rounding_makes_no_pair():
    # What an earlier version added up stands in the database.
    noise = [(3.1 + 3.2 + 3.3) / 3, (3.3 + 3.2 + 3.1) / 3]
    assert noise[0] != noise[1]
    selection = BestVersusWorst().select([scored(noise)], seed=1)
    assert (selection.examples, selection.dropped) == ([], {"equal scores": 1})
    assert mean_score([3.1, 3.2, 3.3]) == 3.2


def test_a_gap_or_a_threshold_is_met_in_spite_of_rounding():
    assert 4.3 - 4.0 < 0.3
    assert BestVersusWorst(min_gap=0.3).select([scored([4.3, 4.0])], seed=1).examples
    assert len(AboveThreshold(threshold=0.3).select([scored([0.1 + 0.2 - 1e-16, 0.29])], seed=1).examples) == 1
    assert [
        e.label for e in Unpaired(accept_at=0.7, reject_below=0.7).select([scored([0.7 - 1e-16])], seed=1).examples
    ] == [True]


def test_chance_decides_among_scores_that_rounding_set_apart():
    noise = [(3.1 + 3.2 + 3.3) / 3, (3.3 + 3.2 + 3.1) / 3, 0.0]
    chosen = {BestVersusWorst().select([scored(noise)], seed=seed).examples[0].sample_id for seed in range(20)}
    assert chosen == {1, 2}
