import pytest

from backend.engines import Ability
from backend.engines.scripted import ScoreRule, Scripted
from backend.errors import EngineError, MissingPrerequisite, PromptError
from backend.judges.reward_model import RewardModel, rated, z_scores
from backend.values import FailureKind, Group, Messages, Verdict
from tests.groups import prompt, sample

ENGINE = Scripted(
    ratings=tuple(
        ScoreRule(pattern=f"^question\n{text}$", number=number)
        for text, number in {"bad": -3.0, "fair": 1.0, "good": 2.0}.items()
    )
)


def group(*written: str) -> Group:
    return Group(prompt("question"), tuple(sample(n, text) for n, text in enumerate(written, start=1)))


def test_the_score_is_the_scorers_for_the_text_as_an_answer():
    judgments = RewardModel(accept_at=1.0).judge(ENGINE, [group("good", "bad"), group("fair")], seed=1)
    assert [(j.score, j.verdict) for j in judgments] == [
        (2.0, Verdict.accept),
        (-3.0, Verdict.reject),
        (1.0, Verdict.accept),
    ]
    assert judgments[1].rationale == "The scorer gives -3."
    assert RewardModel().asks_for is Ability.rate


def test_per_prompt_counts_deviations_from_the_mean():
    """-3, 1, 2: mean 0, variance 14/3; a group of equal scores has 0 throughout."""
    judgments = RewardModel(normalize="per_prompt").judge(
        ENGINE, [group("bad", "fair", "good"), group("fair", "fair")], seed=1
    )
    deviation = (14 / 3) ** 0.5
    assert [j.score for j in judgments] == pytest.approx([-3 / deviation, 1 / deviation, 2 / deviation, 0, 0])
    assert [j.verdict for j in judgments[:3]] == [Verdict.reject, Verdict.accept, Verdict.accept]
    assert judgments[2].rationale == "The scorer gives 2, +0.926 deviations from the mean."
    assert z_scores([]) == []
    assert RewardModel(normalize="per_prompt").needs_whole_groups
    assert not RewardModel().needs_whole_groups


class Picky(Scripted):
    """Rates no text that holds `long`."""

    def rate(self, chats: list[Messages], texts: list[str]) -> list[float]:
        for position, text in enumerate(texts):
            if "long" in text:
                raise PromptError("It does not fit.", kind="context", position=position)
        return super().rate(chats, texts)


del Scripted.registry["picky"]


def test_a_text_that_cannot_be_rated_fails_alone_and_is_no_part_of_the_mean():
    """1 and 2 alone: mean 1.5, deviation 0.5."""
    engine = Picky(ratings=ENGINE.ratings)
    judgments = RewardModel(normalize="per_prompt").judge(engine, [group("fair", "long one", "good", "long")], seed=1)
    assert [j.score for j in judgments] == [-1.0, None, 1.0, None]
    assert [j.failure and j.failure.kind for j in judgments] == [None, FailureKind.context, None, FailureKind.context]
    assert rated(engine, [], []) == []


def test_an_error_of_the_engine_is_no_text_s():
    with pytest.raises(EngineError, match="No rating of the scripted engine"):
        RewardModel().judge(ENGINE, [group("unknown")], seed=1)
    with pytest.raises(MissingPrerequisite, match="asks a scorer, but none is bound"):
        RewardModel().judge(None, [group("good")], seed=1)
