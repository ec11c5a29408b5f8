"""Fang et al. 2025 (SeRL), arXiv 2505.20347: prompts with a success rate from 0.2 to 0.8 are kept."""

import pytest

from backend.mixers.difficulty_band import DifficultyBand
from backend.values import Group, Past, Verdict
from tests.groups import by_person, prompt, sample
from tests.unit.mixers.training_rows import ids, row


def group(id: int, accepted: int, rejected: int, silent: int = 0) -> Group:
    verdicts = [Verdict.accept] * accepted + [Verdict.reject] * rejected + [None] * silent
    return Group(prompt(id=id), tuple(sample(n, verdict=verdict) for n, verdict in enumerate(verdicts, start=1)))


@pytest.mark.parametrize(
    ("accepted", "rejected", "reason"),
    [(1, 4, None), (4, 1, None), (1, 5, "too hard"), (5, 1, "too easy"), (0, 3, "too hard"), (16, 0, "too easy")],
)
def test_prompts_within_the_band_are_kept(accepted: int, rejected: int, reason: str | None) -> None:
    mixture = DifficultyBand().mix([row(1)], iter([group(1, accepted, rejected)]), Past(), seed=0)
    assert ids(mixture.rows) == ([] if reason else [1])
    assert mixture.dropped == ({reason: 1} if reason else {})


def test_a_rate_counts_all_groups_of_a_prompt_and_no_sample_without_a_verdict():
    groups = [group(1, 1, 0), group(1, 0, 1, silent=8), group(2, 0, 0, silent=2)]
    mixture = DifficultyBand(low=0.5, high=0.5).mix([row(1), row(2, prompt=2)], iter(groups), Past(), seed=0)
    assert ids(mixture.rows) == [1]
    assert mixture.dropped == {"no verdict on the prompt's samples": 1}


def test_the_word_of_people_counts_as_the_label():
    reply = Group(prompt(), (by_person(1, Verdict.accept), by_person(2, Verdict.reject)))
    assert ids(DifficultyBand().mix([row(1)], [reply], Past(), seed=0).rows) == [1]


def test_rows_of_prompts_that_this_round_did_not_ask_stay():
    assert ids(DifficultyBand().mix([row(1, prompt=7)], [group(1, 0, 3)], Past(), seed=0).rows) == [1]


def test_a_band_upside_down_is_refused():
    with pytest.raises(ValueError, match=r"low 0\.8 is above high 0\.2"):
        DifficultyBand(low=0.8, high=0.2)
