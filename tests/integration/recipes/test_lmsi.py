"""Huang et al. 2022, arXiv 2210.11610: what makes it that method."""

from collections import Counter
from pathlib import Path

import pytest

from backend import recipes
from backend.values import Verdict
from tests.groups import prompt as a_prompt
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.loop import Lines, run
from tests.integration.test_rounds_filtered import ONE_DATABASE, last_content, rows_of, texts, trained

RECIPE = recipes.get("lmsi")


def loop(answers, **known):
    lines = tuple(f"way {n}\n#### {answer}" for n, answer in enumerate(answers))
    return run(RECIPE, Lines(lines=lines), a_prompt(**known))


def test_every_path_to_the_majority_answer_is_kept():
    # 12 of 32 votes for 1, ten each for 2 and 3: the majority is below half of the votes.
    result = loop("1" * 12 + "2" * 10 + "3" * 10)
    assert [(n, s.n, s.temperature) for n, s in result.asked] == [(1, 32, 0.7)]
    assert sorted(e.sample_id for e in result.selection.examples) == list(range(1, 13))
    assert result.selection.dropped == {"rejected by the judge": 20}


def test_there_is_no_threshold_on_the_share_of_votes():
    # 2 votes for 0, one for each of 30 other answers: a share of 2/32.
    result = loop(["0", "0", *(str(n) for n in range(1, 31))])
    assert sorted(e.sample_id for e in result.selection.examples) == [1, 2]


def test_known_answers_play_no_part():
    assert loop("1" * 20 + "2" * 12, answer="2").selection == loop("1" * 20 + "2" * 12).selection


def test_two_answers_tied_for_the_top_give_nothing():
    assert loop("1" * 16 + "2" * 16).selection.examples == []


def test_a_path_that_was_written_twice_is_kept_twice():
    result = run(RECIPE, Lines(lines=("#### 1",)), a_prompt())
    assert len(result.selection.examples) == 32


def test_fine_tunes_on_the_paths():
    assert RECIPE.trainer.name == "sft"


@pytest.mark.slow
@ONE_DATABASE
def test_lmsi_keeps_every_path_to_the_majority_answer(tiny: Path) -> None:
    ended, result = trained("lmsi", tiny)
    for prompt, samples in texts(ended.id).items():
        # "I give up" is an answer, too, for a vote that knows none.
        votes = Counter(text.split("#### ")[-1] for text, _ in samples)
        (first, most), *others = votes.most_common()
        tied = [answer for answer, count in others if count == most]
        kept = sorted(last_content(row, "completion") for row in rows_of(result, prompt))
        assert kept == sorted(text for text, _ in samples if not tied and text.split("#### ")[-1] == first)
        assert len(kept) == sum(verdict is Verdict.accept for _, verdict in samples)
        assert most / 32 < 0.5, "below every usual threshold"
