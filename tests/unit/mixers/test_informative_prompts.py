"""Ye et al. 2024 (eva), arXiv 2411.00062: a prompt's value is its highest less its lowest reward."""

from dataclasses import replace

from backend.mixers.informative_prompts import InformativePrompts, near_half
from backend.values import Past, Verdict
from tests.groups import scored
from tests.unit.mixers.training_rows import ids, row

# Gaps 4, 1, 3, 1 and none.
GROUPS = [scored([1, 5], id=1), scored([2, 3], id=2), scored([0, 3, 3], id=3), scored([4, 5], id=4), scored([4], id=5)]
ROWS = [row(n, prompt=n) for n in range(1, 7)]


def test_the_share_of_prompts_with_the_widest_gap_is_kept():
    mixture = InformativePrompts(top_share=0.5).mix(ROWS, iter(GROUPS), Past(), seed=0)
    # Half of the four that have a value; prompt 6 is not of this round.
    assert ids(mixture.rows) == [1, 3, 6]
    assert mixture.dropped == {"less informative prompt": 2, "no value": 1}


def test_the_share_is_rounded_up_and_of_equal_prompts_the_first_are_kept():
    assert ids(InformativePrompts(top_share=0.6).mix(ROWS, iter(GROUPS), Past(), seed=0).rows) == [1, 2, 3, 6]
    assert ids(InformativePrompts(top_share=0.25).mix(ROWS, iter(GROUPS), Past(), seed=0).rows) == [1, 6]


def test_near_half_prefers_what_is_solved_half_of_the_time():
    accept, reject = Verdict.accept, Verdict.reject
    assert [near_half(v) for v in ([accept], [accept, reject], [accept, reject, reject, reject])] == [0.0, 1.0, 0.5]

    def solved(id: int, *verdicts: Verdict) -> object:
        group = scored([1] * len(verdicts), id=id)
        return replace(
            group, samples=tuple(replace(s, verdict=v) for s, v in zip(group.samples, verdicts, strict=True))
        )

    groups = [solved(1, accept, accept), solved(2, accept, reject), scored([1], id=3)]
    mixture = InformativePrompts(by="near_half", top_share=0.5).mix(ROWS[:3], iter(groups), Past(), seed=0)
    assert ids(mixture.rows) == [2]
    assert mixture.dropped == {"less informative prompt": 1, "no value": 1}
