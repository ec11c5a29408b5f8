import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.selectors.best_versus_worst import BestVersusWorst
from backend.values import DatasetType, Example, Group, Verdict
from tests.groups import by_person, prompt, sample, scored


def pair(*samples, seed=1, **knobs):
    selection = BestVersusWorst(**knobs).select([Group(prompt(), samples)], seed=seed)
    if selection.examples:
        return selection.examples[0].sample_id, selection.examples[0].rejected_id
    return next(iter(selection.dropped))


def test_pairs_highest_with_lowest():
    selection = BestVersusWorst().select([scored([3.0, 5.0, 1.0, None])], seed=1)
    assert selection.examples == [Example(prompt_id=1, sample_id=2, rejected_id=3, weight=1.0)]
    assert (selection.dropped, selection.unit) == ({}, "prompts")
    assert BestVersusWorst.makes is DatasetType.preference


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        ([4.0, 4.0, 4.0], "equal scores"),
        ([4.0], "fewer than two scored samples"),
        ([4.0, None], "fewer than two scored samples"),  # a sample without a score is never a side
        ([], "fewer than two scored samples"),
        ([3.0, 3.4], "gap below min_gap"),
    ],
)
def test_drops_the_prompt_with_a_reason(scores, reason):
    selection = BestVersusWorst(min_gap=0.5).select([scored(scores)], seed=1)
    assert (selection.examples, selection.dropped) == ([], {reason: 1})


def test_gap_of_exactly_min_gap_makes_a_pair():
    assert pair(sample(1, score=3.0), sample(2, score=3.5), min_gap=0.5) == (2, 1)


def test_chance_decides_among_equals():
    group = scored([5.0, 5.0, 5.0, 1.0, 1.0])
    pairs = {
        (e.sample_id, e.rejected_id)
        for seed in range(40)
        for e in BestVersusWorst().select([group], seed=seed).examples
    }
    assert pairs == {(best, worst) for best in (1, 2, 3) for worst in (4, 5)}


def test_drops_a_pair_of_the_same_text():
    assert pair(sample(1, "a", score=5.0), sample(2, " a\n", score=1.0)) == "same text on both sides"


def test_leaves_out_what_was_cut_off_unless_told():
    cut = sample(1, score=5.0, finish_reason="length")
    assert pair(cut, sample(2, score=3.0), sample(3, score=1.0)) == (2, 3)
    assert pair(cut, sample(2, score=3.0), sample(3, score=1.0), drop_truncated=False) == (1, 3)


def test_weighs_by_the_gap_when_told():
    def weight(*scores):
        judge = BestVersusWorst(weigh_by_gap=True, full_gap=5.0)
        return judge.select([scored(list(scores))], seed=1).examples[0].weight

    assert weight(4.0, 2.0) == pytest.approx(0.4)  # (4 - 2) / 5
    assert weight(5.0, 0.0) == 1.0
    assert weight(9.0, 0.0) == 1.0  # never above 1


def test_accepted_by_a_person_stands_above_every_score():
    assert pair(by_person(1, Verdict.accept, score=0.0), sample(2, score=5.0), sample(3, score=4.0)) == (1, 3)
    assert pair(by_person(1, Verdict.accept), sample(2, score=5.0)) == (1, 2)  # needs no score


def test_rejected_by_a_person_stands_below_every_score():
    assert pair(by_person(1, Verdict.reject, score=5.0), sample(2, score=1.0), sample(3, score=0.0)) == (2, 1)


def test_accepted_beats_rejected_whatever_the_scores():
    assert pair(by_person(1, Verdict.accept, score=0.0), by_person(2, Verdict.reject, score=5.0)) == (1, 2)


def test_person_decides_even_where_scores_are_equal():
    assert pair(by_person(1, Verdict.reject, score=3.0), sample(2, score=3.0)) == (2, 1)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_what_people_said_alike_makes_no_pair(verdict):
    decided = [by_person(n, verdict, score=float(n)) for n in (1, 2)]
    assert pair(*decided) == "all accepted or all rejected by people"


def test_text_a_person_rejected_is_chosen_from_no_sample():
    twin = sample(2, "a", score=5.0)
    assert pair(by_person(1, Verdict.reject, "a"), twin, sample(3, "b", score=1.0))[0] == 3


@given(st.lists(st.lists(st.none() | st.integers(0, 5).map(float), max_size=6), max_size=6), st.integers())
def test_every_prompt_gives_a_pair_with_a_gap_or_a_reason(groups, seed):
    judged = [scored(scores, id=n) for n, scores in enumerate(groups)]
    selection = BestVersusWorst().select(judged, seed=seed)
    assert len(selection.examples) + sum(selection.dropped.values()) == len(groups)
    for example in selection.examples:
        scores = groups[example.prompt_id]
        assert scores[example.sample_id - 1] == max(s for s in scores if s is not None)
        assert scores[example.rejected_id - 1] == min(s for s in scores if s is not None)
        assert scores[example.sample_id - 1] > scores[example.rejected_id - 1]


def test_length_tiers_choose_the_shortest_good_and_reject_the_longest_bad_text():
    # Meta-Rewarding (arXiv 2407.19594) with rho 0.32, scores 0 to 5: good from 3.4 up, bad from 1.6 down.
    written = [("best, and long", 5.0), ("good", 3.4), ("mid", 3.39), ("bad and very long", 1.6), ("worst", 0.0)]
    group = Group(prompt(), tuple(sample(n, text, score=score) for n, (text, score) in enumerate(written, 1)))
    (pair,) = BestVersusWorst(length_tier=0.32).select([group], seed=1).examples
    assert (pair.sample_id, pair.rejected_id) == (2, 4)
    (pair,) = BestVersusWorst(length_tier=0.0).select([group], seed=1).examples
    assert (pair.sample_id, pair.rejected_id) == (1, 5)


def test_length_tiers_stay_within_what_people_said():
    written = [("accepted and long", 1.0, Verdict.accept), ("short", 5.0, None), ("bad", 0.0, None)]
    group = Group(
        prompt(),
        tuple(
            by_person(n, reply, text, score=score) if reply else sample(n, text, score=score)
            for n, (text, score, reply) in enumerate(written, 1)
        ),
    )
    (pair,) = BestVersusWorst(length_tier=0.4).select([group], seed=1).examples
    assert (pair.sample_id, pair.rejected_id) == (1, 3)


def test_a_pair_whose_chosen_text_is_too_long_is_dropped():
    group = Group(prompt(), (sample(1, "x" * 11, score=2.0), sample(2, "y", score=1.0)))
    selection = BestVersusWorst(max_chosen_chars=10).select([group], seed=1)
    assert (selection.examples, selection.dropped) == ([], {"chosen text over max_chosen_chars": 1})
    assert len(BestVersusWorst(max_chosen_chars=11).select([group], seed=1).examples) == 1
