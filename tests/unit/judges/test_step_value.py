"""The value of steps, by numbers worked out by hand."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from backend.judges.pairwise_swapped import PairwiseSwapped
from backend.judges.step_value import StepValue
from backend.values import Group, Judgment, Prompt, Sample, Verdict
from tests.groups import prompt, sample

ASKED = prompt("2 + 2 = ?", answer="4")


def step(id: int, text: str, rest: str = "", **changes: Any) -> Sample:
    noted = {"rest": rest, "rest_steps": rest.count("\n") + 1 if rest else 0, "is_whole": True}
    return sample(id, text, extra=noted, **changes)


def under(parent: Sample | None, *samples: Sample, above: Sequence[Sample] = ()) -> Group:
    path = "".join(entry.text for entry in (*above, parent) if entry is not None)
    chat = [*ASKED.messages, {"role": "assistant", "content": path}] if path else ASKED.messages
    return Group(Prompt(1, chat, "4"), samples, parent=parent, ancestors=tuple(above))


A, B = step(1, "so\n", "then\n#### 4"), step(2, "thus\n", "#### 5")
A1, A2 = step(3, "#### 4"), step(4, "#### 7")
TREE = [under(None, A, B), under(A, A1, A2)]


def scores(judgments: Sequence[Judgment]) -> dict[int, float | None]:
    return {judgment.sample_id: judgment.score for judgment in judgments}


def test_the_rate_counts_all_texts_through_a_step() -> None:
    judgments = StepValue(by="rate").judge(None, TREE, seed=0)
    assert scores(judgments) == {1: 2 / 3, 2: 0.0, 3: 1.0, 4: 0.0}
    assert judgments[0].rationale == "2 of 3 whole texts through this step are right."
    assert {judgment.sample_id: judgment.verdict for judgment in judgments}[1] is Verdict.accept


def test_the_distance_is_the_quality_value_of_rest_mcts() -> None:
    """m: of A 2 (A1 ends right behind it), of A1 1, of A2 that of A, of B that of the prompt, 3.

    v(A) = 0 + 1/2; v(A1) = 1/2 + (1 - 1/2)/1; v(A2) = 1/2 - (1 - 1/2)/2; v(B) = max(0, 0 - 1/3).
    """
    judgments = StepValue(by="distance").judge(None, TREE, seed=0)
    assert scores(judgments) == {1: 0.5, 2: 0.0, 3: 1.0, 4: 0.25}
    alone = StepValue(by="distance").judge(None, TREE[:1], seed=0)
    assert scores(alone) == {1: round(1 / 3, 9), 2: 0.0}


def test_a_tree_without_a_right_text_has_no_distances() -> None:
    wrong = [under(None, B, step(5, "#### 9"))]
    assert scores(StepValue(by="distance").judge(None, wrong, seed=0)) == {2: None, 5: None}
    assert scores(StepValue(by="rate").judge(None, wrong, seed=0)) == {2: 0.0, 5: 0.0}


def test_texts_of_which_nothing_can_be_said_do_not_count() -> None:
    cut = replace(B, id=6, extra={"rest": "the answer would", "rest_steps": 1, "is_whole": False})
    edited = sample(7, "a person's step\n", kind="edit")
    judgments = StepValue().judge(None, [under(None, A, cut, edited)], seed=0)
    assert scores(judgments) == {1: 1.0, 6: None, 7: None}
    assert StepValue().may_be_silent


def test_trees_are_apart_and_groups_may_come_in_any_order() -> None:
    other = [under(None, step(11, "#### 4"))]
    judgments = StepValue().judge(None, [TREE[1], *other, TREE[0]], seed=0)
    assert scores(judgments) == {1: 2 / 3, 2: 0.0, 3: 1.0, 4: 0.0, 11: 1.0}


def test_the_outcome_has_to_compute() -> None:
    with pytest.raises(ValidationError, match="cannot say which whole texts are right"):
        StepValue(outcome=PairwiseSwapped())
    assert StepValue().needs_answer
    assert StepValue().needs_all_groups
