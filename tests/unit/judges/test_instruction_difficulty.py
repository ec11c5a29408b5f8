"""Li et al. 2023, arXiv 2308.12032: IFD = s(A | Q) / s(A), worked out by hand."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from backend.engines import Ability, Engine
from backend.errors import MissingPrerequisite
from backend.judges.instruction_difficulty import InstructionDifficulty, difficulty
from backend.values import Failure, FailureKind, Messages, Reading, Verdict
from tests.groups import prompt, texts

HALF, EIGHTH = math.log(0.5), math.log(0.125)


class ReadsBoth(Engine):
    """Answers are likelier after the question than after an empty one."""

    def read(self, chats: Sequence[Messages], texts: Sequence[str]) -> list[Reading]:
        asked = [chat[-1]["content"] for chat in chats]
        assert set(asked) == {"question", ""}
        known = {"": Reading(()), "long": Reading((), failure=Failure(FailureKind.context, "It is too long."))}
        return [
            known.get(text, Reading((HALF, HALF) if question else (EIGHTH, HALF)))
            for question, text in zip(asked, texts, strict=True)
        ]


del Engine.registry["reads_both"]


def test_the_ratio_of_the_mean_losses():
    # After the question log 2 a token, without it (3 log 2 + log 2) / 2.
    assert difficulty(Reading((HALF, HALF)), Reading((EIGHTH, HALF))) == pytest.approx(0.5)
    assert difficulty(Reading((HALF,)), Reading((HALF,))) == 1
    assert difficulty(Reading(()), Reading(())) is None
    assert difficulty(Reading((HALF,)), Reading((0.0,))) is None, "what is certain in itself"


def test_each_answer_is_read_twice_and_passages_are_not_seen():
    group = texts("an answer", "", "long")
    shown = replace(group, prompt=prompt("passages and the question"), trained=group.prompt.messages)
    judgment, empty, failed = InstructionDifficulty().judge(ReadsBoth(), [shown], seed=0)
    assert (judgment.score, judgment.verdict) == (pytest.approx(0.5), Verdict.accept)
    assert (empty.score, empty.failure) == (None, None)
    assert (failed.score, failed.failure is not None) == (None, True)
    assert (InstructionDifficulty().asks_for, InstructionDifficulty().calls_per_sample) == (Ability.read, 2)
    with pytest.raises(MissingPrerequisite):
        InstructionDifficulty().judge(None, [group], seed=0)
