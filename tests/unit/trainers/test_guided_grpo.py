"""GHPO (Liu et al. 2025, arXiv 2507.10628): which prompts get a hint, and how much of the solution it shows."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from backend.judges.brevity import Brevity
from backend.judges.exact_match import ExactMatch
from backend.trainers import Trainer
from backend.trainers._hints import beginning, solution, unsolved, with_hint
from backend.trainers.guided_grpo import GuidedGRPO
from backend.values import Judgment


def test_is_written_and_read() -> None:
    trainer = GuidedGRPO(reward=Brevity(), hint_shares=(0.5,), strip_hints=False)
    assert Trainer.load(json.loads(json.dumps(trainer.dump()))) == trainer


@pytest.mark.parametrize(
    ("knobs", "why"),
    [
        ({"hint_shares": (0.5, 0.25)}, "do not rise"),
        ({"hint_shares": (0.5, 1.5)}, "do not rise"),
        ({"hint_shares": (0.0, 0.5)}, "do not rise"),
        ({"hint_template": "{prompt}"}, "lacks {hint}"),
        ({"hint_template": "{hint}"}, "lacks {prompt}"),
    ],
)
def test_what_cannot_guide_is_refused(knobs: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        GuidedGRPO(reward=Brevity(), **knobs)


def test_a_hint_is_the_first_quarter_half_or_three_quarters_of_the_characters() -> None:
    assert [beginning("abcdefgh", share) for share in (0.25, 0.5, 0.75, 1.0)] == ["ab", "abcd", "abcdef", "abcdefgh"]
    assert beginning("abcdefghij", 0.25) == "abc", "2.5 characters are 3"
    assert beginning("", 0.5) == ""


def test_it_is_shown_beside_the_last_question() -> None:
    chat: Any = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "{hint} 1 + 1"},
    ]
    assert with_hint(chat, "{prompt} | {hint}", "it is {prompt}") == [
        chat[0],
        {"role": "user", "content": "{hint} 1 + 1 | it is {prompt}"},
    ]


def test_the_solution_is_a_column_or_the_known_answer() -> None:
    notes: Any = {"answer": "4", "metadata": {"solution": "two and two is 4"}}
    assert solution(notes, "solution") == "two and two is 4"
    assert solution(notes, "") == "4"
    assert solution({"answer": None}, "solution") == ""


def test_only_a_group_that_is_judged_wrong_as_a_whole_is_unsolved() -> None:
    judge = ExactMatch()
    scores = [(0.0, 0.0), (0.0, 1.0), (None, None), (None, 0.0)]
    judgments = {
        2 * group + n: [Judgment(2 * group + n, "exact_match", 0, entry, None, "", "")]
        for group, some in enumerate(scores)
        for n, entry in enumerate(some)
    }
    reward: Any = SimpleNamespace(judge=judge)
    assert unsolved(range(8), judgments, reward, 2) == [0, 1, 6, 7]
    assert unsolved([2, 3], judgments, reward, 2) == []
