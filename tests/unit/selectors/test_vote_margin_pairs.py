import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.judges.majority_vote import MajorityVote
from backend.selectors.vote_margin_pairs import VoteMarginPairs
from backend.values import DatasetType, Group, Verdict
from tests.groups import by_person, prompt, sample


def voted(*answers, id=1, voters=0):
    """A group with the scores that majority_vote gives."""
    group = Group(prompt(id=id), tuple(sample(n, answer) for n, answer in enumerate(answers, start=1)))
    shares = [j.score for j in MajorityVote(voters=voters).judge(None, [group], seed=1)]
    return Group(
        group.prompt, tuple(sample(s.id, s.text, score=share) for s, share in zip(group.samples, shares, strict=True))
    )


def pairs(group, *, seeds=range(30), **knobs):
    """Everything that chance can choose: (chosen, rejected, weight)."""
    result = [VoteMarginPairs(**knobs).select([group], seed=seed).examples for seed in seeds]
    return {(e.sample_id, e.rejected_id, round(e.weight, 4)) for examples in result for e in examples}


def reason(group, **knobs):
    selection = VoteMarginPairs(**knobs).select([group], seed=1)
    assert selection.examples == []
    assert selection.unit == "prompts"
    return next(iter(selection.dropped))


def test_chooses_of_the_most_voted_and_rejects_of_the_least_voted():
    # k = 8: V(1) = 5, V(2) = 2, V(3) = 1. Weight (5 - 1) / 8 = 0.5.
    group = voted("1", "2", "1", "3", "1", "1", "2", "1")
    assert pairs(group) == {(chosen, 4, 0.5) for chosen in (1, 3, 5, 6, 8)}
    assert VoteMarginPairs.makes is DatasetType.preference


def test_least_voted_answers_share_the_rejected_side():
    # k = 4: V(1) = 2, V(2) = V(3) = 1. Weight (2 - 1) / 4.
    assert {(c, r) for c, r, _ in pairs(voted("1", "1", "2", "3"))} == {(1, 3), (1, 4), (2, 3), (2, 4)}


def test_prompt_needs_tau_of_the_votes():
    group = voted("1", "1", "2", "3")  # V+ = 2 = 0.5 k
    assert pairs(group, tau=0.5)
    assert reason(group, tau=0.51) == "top answer below tau"


def test_tau_of_a_third_is_reached_by_a_third():
    assert pairs(voted("1", "1", "2", "3", "4", "5"), tau=1 / 3)


def test_one_answer_makes_no_pair():
    assert reason(voted("1", "1", "1")) == "only one answer"


def test_all_answers_equally_often_make_no_pair():
    assert reason(voted("1", "1", "2", "2")) == "no margin of votes"


def test_tie_for_the_top_is_chosen_by_chance_or_dropped():
    # k = 5: V(1) = V(2) = 2, V(3) = 1. Weight (2 - 1) / 5.
    group = voted("1", "1", "2", "2", "3")
    assert pairs(group, tau=0.4) == {(chosen, 5, 0.2) for chosen in (1, 2, 3, 4)}
    assert reason(group, tau=0.4, ties="drop") == "tie for the top"


def test_unread_answers_are_no_side():
    group = voted("1", "1", "1", "2", "")
    # The fifth has no answer, but counts in k: weight (3 - 1) / 5.
    assert pairs(group) == {(chosen, 4, 0.4) for chosen in (1, 2, 3)}
    assert reason(voted("", "")) == "no answer"


def test_extra_samples_are_rejected_sides_only():
    # Voters 1 1 1 1: one answer. The extra "7" has no vote: weight (4 - 0) / 4; the extra "1" is not chosen.
    group = voted("1", "1", "1", "1", "7", "1", voters=4)
    assert pairs(group, voters=4) == {(chosen, 5, 1.0) for chosen in (1, 2, 3, 4)}


def test_samples_cut_off_are_no_side():
    group = voted("1", "1", "2")
    cut = Group(group.prompt, (*group.samples[:2], sample(3, "2", score=1 / 3, finish_reason="length")))
    assert reason(cut) == "only one answer"


def with_decision(group, id, verdict):
    """The group after a person decided one sample."""
    decided = [by_person(s.id, verdict, s.text, score=s.score) if s.id == id else s for s in group.samples]
    return Group(group.prompt, tuple(decided))


def test_accepted_by_a_person_makes_the_answer_right():
    # V(1) = 3, V(2) = 2, V(3) = 1 of 6. A person accepts sample 4: answer 2 counts V = k, and none of its
    # samples is rejected. Weight (6 - 1) / 6.
    group = with_decision(voted("1", "1", "1", "2", "2", "3"), 4, Verdict.accept)
    assert pairs(group) == {(4, 6, 0.8333)}


def test_rejected_by_a_person_makes_the_answer_wrong():
    # V(1) = 3, V(2) = 2 of 5. A person rejects sample 1: answer 1 counts V = 0. Weight 2/5, tau 0.4 reached.
    group = with_decision(voted("1", "1", "1", "2", "2"), 1, Verdict.reject)
    assert pairs(group, tau=0.4) == {(4, 1, 0.4), (5, 1, 0.4)}


def test_an_accept_outweighs_a_reject_of_the_same_answer():
    group = with_decision(with_decision(voted("1", "1", "2"), 1, Verdict.reject), 2, Verdict.accept)
    assert pairs(group) == {(2, 3, 0.6667)}  # sample 1 is on no side


@given(st.lists(st.sampled_from("1234"), min_size=1, max_size=8), st.floats(0, 1), st.integers())
def test_a_pair_has_the_votes_it_claims(answers, tau, seed):
    selection = VoteMarginPairs(tau=tau).select([voted(*answers)], seed=seed)
    assert len(selection.examples) + sum(selection.dropped.values()) == 1
    for example in selection.examples:
        most = answers.count(answers[example.sample_id - 1])
        fewest = answers.count(answers[example.rejected_id - 1])
        assert most == max(answers.count(a) for a in answers)
        assert fewest == min(answers.count(a) for a in answers)
        assert most >= tau * len(answers) - 1e-6
        assert example.weight == pytest.approx((most - fewest) / len(answers))
        assert example.weight > 0
