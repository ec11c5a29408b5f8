"""ThinkTuning (RRV et al. 2025, arXiv 2508.07616; released code): shares and shaped advantages, by hand."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from backend.judges.brevity import Brevity
from backend.trainers import Trainer
from backend.trainers._remarks import shaped, share_at
from backend.trainers.teacher_remark_grpo import TeacherRemarkGRPO


def knobs(**more: Any) -> TeacherRemarkGRPO:
    return TeacherRemarkGRPO(**{"reward": Brevity()} | more)


def test_is_written_and_read() -> None:
    trainer = knobs(remarks_by="teacher", shaping=0.0)
    assert Trainer.load(json.loads(json.dumps(trainer.dump()))) == trainer
    assert trainer.asked_roles == trainer.guides == ("teacher",)
    assert knobs(remarks_by="live").asked_roles == ("live",)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"num_iterations": 2}, "in one optimizer step"),
        ({"steps_per_generation": 2}, "in one optimizer step"),
        ({"remark_share": 0.1, "last_share": 0.2}, "Swap them"),
        ({"template": "{prompt}"}, "lacks {response}"),
    ],
)
def test_what_cannot_work_is_refused(more: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        knobs(**more)
    assert knobs(steps_per_generation=2, gradient_accumulation_steps=2)


def test_the_share_falls_over_the_first_third_and_ends_at_the_least() -> None:
    # Of 60 steps it falls over 20, by 0.0045 each: 0.1, 0.0955, ..., 0.064 at step 8, 0.0595 at step 9.
    assert [share_at(step, 60, knobs()) for step in (0, 1, 8)] == pytest.approx([0.1, 0.0955, 0.064])
    assert [share_at(step, 60, knobs()) for step in (9, 20, 59)] == [0.0, 0.0, 0.0]
    steady = knobs(remark_share=0.5, last_share=0.5, least_share=0.0)
    assert [share_at(step, 2, steady) for step in (0, 1)] == [0.5, 0.5]
    assert share_at(3, 60, knobs(fall_steps=6, least_share=0.0)) == pytest.approx(0.055)


def test_little_is_learned_of_words_that_the_policy_would_hardly_write() -> None:
    # A = 2: gamma = 0.001 * 2 / 4 = 0.0005.
    assert shaped(0.0005, 2.0, 0.001) == pytest.approx(0.5)
    assert shaped(0.5, 2.0, 0.001) == pytest.approx(0.5 / 0.5005)
    # A = 9 counts as 4.
    assert shaped(0.001, 9.0, 0.001) == pytest.approx(0.5)
    # A below 0: as GRPO where the word is rare, else divided by less than p.
    assert shaped(0.009, -2.0, 0.001) == 1.0
    assert shaped(0.5, -2.0, 0.001) == pytest.approx(0.5 / 0.4995)
    assert shaped(1.0, 2.0, 0.001) == 0.9999
    assert shaped(0.3, 1.0, 0.0) == 1.0
    assert shaped(0.02, -4.0, 0.03) == 1.0001, "0.02 - 0.03 is below 0"
