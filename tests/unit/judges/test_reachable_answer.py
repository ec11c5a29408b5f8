"""The score is that of reference_likelihood; the verdict by hand. The engine reads a token a word."""

import math
from collections.abc import Sequence

from backend.engines import Engine
from backend.judges.reachable_answer import ReachableAnswer
from backend.judges.reference_likelihood import ReferenceLikelihood
from backend.values import Messages, Reading, Verdict
from tests.groups import texts


class Words(Engine):
    """Log-probabilities by what was begun as the answer."""

    table: dict[str, tuple[float, ...]]

    def read(self, chats: Sequence[Messages], read: Sequence[str]) -> list[Reading]:
        return [Reading(self.table[chat[-1]["content"]]) for chat in chats]


del Engine.registry["words"]
# Of two tokens the first is unlikely (0.01) whatever was reasoned; the second is 0.2 after one text and 0.05 after the
# other, so that it alone is hard.
LOW, FIFTH, TWENTIETH = math.log(0.01), math.log(0.2), math.log(0.05)
TABLE = {"####": (LOW, LOW), "good\n####": (LOW, FIFTH), "bad\n####": (LOW, TWENTIETH)}
GROUP = texts("good\n#### 1", "bad #### 2", answer="six seven")


def verdicts(top_k: int, *, alone: bool = False) -> list[Verdict | None]:
    group = texts("good", answer="six seven") if alone else GROUP
    judge = ReachableAnswer(top_k=top_k)
    return [judge.label([judgment])[1] for judgment in judge.judge(Words(table=TABLE), [group], seed=0)]


def test_the_tokens_on_which_samples_differ_have_to_be_among_the_likeliest() -> None:
    """0.2 is at least 1 / 5, 0.05 is not; both are at least 1 / 20."""
    assert verdicts(5) == [Verdict.accept, Verdict.reject]
    assert verdicts(20) == [Verdict.accept, Verdict.accept]
    assert verdicts(4) == [Verdict.reject, Verdict.reject]


def test_of_one_sample_all_tokens_are_hard() -> None:
    assert verdicts(50, alone=True) == [Verdict.reject]
    assert verdicts(100, alone=True) == [Verdict.accept]


def test_the_score_is_r3() -> None:
    engine = Words(table=TABLE)
    judgments = ReachableAnswer().judge(engine, [GROUP], seed=0)
    assert [judgment.score for judgment in judgments] == [
        judgment.score for judgment in ReferenceLikelihood(form="r3").judge(engine, [GROUP], seed=0)
    ]
    assert judgments[1].rationale.endswith("The least likely hard token has 0.05.")


def test_without_a_known_answer_there_is_no_verdict() -> None:
    judge = ReachableAnswer()
    (judgment,) = judge.judge(Words(table=TABLE), [texts("good")], seed=0)
    assert judge.label([judgment]) == (None, None)
    assert judge.label([]) == (None, None)
    assert judge.needs_whole_groups
