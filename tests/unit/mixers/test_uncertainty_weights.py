"""Wang et al. 2024 (UPO), arXiv 2409.11212: uncertainty of a pair by passes with dropout on."""

import math
from collections import Counter

import pytest

from backend.mixers.uncertainty_weights import UncertaintyWeights, uncertainty
from backend.values import Group, Past, Verdict
from tests.groups import by_person, prompt, sample
from tests.unit.mixers.training_rows import ids, row


def logit(p):
    return math.log(p / (1 - p))


def test_the_entropy_of_the_mean_less_the_mean_entropy_in_bits():
    # p = 0.9 and 0.1: H(0.5) = 1, H(0.9) = 0.468996: 0.531004.
    assert uncertainty([logit(0.9), logit(0.1)], [0, 0]) == pytest.approx(0.531004, abs=1e-6)
    # p = 0.75, 0.75: passes that agree are sure, however near to one half.
    assert uncertainty([logit(0.75)] * 2, [0, 0]) == 0
    # p = 0.8 and 0.6: H(0.7) = 0.881291, (0.721928 + 0.970951) / 2 = 0.846439.
    assert uncertainty([2 + logit(0.8), 1 + logit(0.6)], [2, 1]) == pytest.approx(0.034852, abs=1e-6)
    assert uncertainty([1000.0, -1000.0], [0, 0]) == 1
    assert uncertainty([1.0], [0.0]) is None
    assert uncertainty([1.0, 2.0], [0.0]) is None


SURE, UNSURE = (2.0, 2.0), (1000.0, -1000.0)


def pairs(*scores):
    """A pair each, of samples 1 and 2, 3 and 4, ...; rejected sides score 0 in each pass."""
    groups = [
        Group(prompt(id=n), (sample(2 * n - 1, scores=score), sample(2 * n, scores=(0.0,) * len(score))))
        for n, score in enumerate(scores, start=1)
    ]
    rows = [row(2 * n - 1, prompt=n, rejected="no", rejected_id=2 * n) for n in range(1, len(scores) + 1)]
    return rows, groups


def mixed(rows, groups, *, seed=0, **knobs):
    return UncertaintyWeights(**knobs).mix(rows, iter(groups), Past(), seed=seed)


def test_a_pair_is_noted_as_likelier_wrong_the_less_sure_it_is():
    rows, groups = pairs(SURE, UNSURE, (logit(0.9), logit(0.1)))
    result = mixed(rows, groups, share=1.0, most_flip=0.4)
    assert [record.example.extra["flip"] for record in result.rows] == pytest.approx(
        [0.0, 0.4, 0.4 * 0.531004], abs=1e-6
    )
    assert [record.example.weight for record in result.rows] == [1.0] * 3
    with pytest.raises(ValueError, match="most_flip"):
        UncertaintyWeights(most_flip=0.5)


def test_pairs_are_drawn_by_how_sure_they_are():
    # Weights 1, 0.468996, 0 (never): drawn first in 0.6808 of the draws.
    rows, groups = pairs(SURE, (logit(0.9), logit(0.1)), UNSURE)
    first = Counter(ids(mixed(rows, groups, share=0.3, seed=seed).rows)[0] for seed in range(2000))
    assert first[1] / 2000 == pytest.approx(1 / 1.468996, abs=0.03)
    assert first[5] == 0
    result = mixed(rows, groups, share=0.5)
    assert len(result.rows) == 2
    assert result.dropped == {"not drawn": 1}
    # mu 0 prefers none.
    even = Counter(ids(mixed(rows, groups, share=0.3, seed=seed, mu=0).rows)[0] for seed in range(2000))
    assert all(count / 2000 == pytest.approx(1 / 3, abs=0.04) for count in even.values())


def test_a_draw_does_not_depend_on_the_order_of_the_rows():
    rows, groups = pairs(SURE, SURE, SURE, SURE)
    record, other = (mixed(some, groups, seed=3).rows for some in (rows, rows[::-1]))
    assert sorted(ids(record)) == sorted(ids(other))


def test_without_passes_a_pair_goes_and_one_of_another_round_stays():
    rows, groups = pairs((1.0,), SURE)
    old = row(99, prompt=50, rejected="no", rejected_id=98)
    result = mixed([*rows, old], groups, share=1.0)
    assert ids(result.rows) == [3, 99]
    assert result.dropped == {"fewer than two passes": 1}
    assert result.rows[1].example.extra == {"flip": 0.0}


def test_a_pair_that_a_person_decided_on_stays_and_is_not_in_doubt():
    rows, (unsure, edited, machine) = pairs(UNSURE, UNSURE, UNSURE)
    good, bad = unsure.samples
    unsure = Group(unsure.prompt, (good, by_person(bad.id, Verdict.reject, scores=bad.scores)))
    # What a person wrote was never scored.
    written = by_person(3, Verdict.accept, "better", kind="edit")
    edited = Group(edited.prompt, (written, edited.samples[1]))
    result = mixed(rows, [unsure, edited, machine], share=0.1)
    assert ids(result.rows) == [1, 3, 5]
    assert [record.example.extra["flip"] for record in result.rows] == [0.0, 0.0, 0.4]
    assert result.dropped == {}
