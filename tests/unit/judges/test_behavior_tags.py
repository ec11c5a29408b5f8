import pytest
from pydantic import ValidationError

from backend.judges.behavior_tags import BEHAVIORS, BehaviorTags
from backend.values import Verdict
from tests.groups import texts


def scores_and_reasons(judge: BehaviorTags, *written: str) -> list[tuple[float | None, str]]:
    return [(judgment.score, judgment.rationale) for judgment in judge.judge(None, [texts(*written)], seed=0)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Let me check: 3 + 4 = 7.", "verification"),
        ("I double-check the sum.", "verification"),
        ("Plugging it back in gives 12.", "verification"),
        ("Wait, that is too much.", "backtracking"),
        ("This doesn't work, so I try a different way.", "backtracking"),
        ("Step 1: add them.", "subgoals"),
        ("We break the problem into two parts.", "subgoals"),
        ("I work backwards from there.", "backward_chaining"),
        ("Starting with the target, 24 = 4 * 6.", "backward_chaining"),
    ],
)
def test_phrases_of_each_behavior_are_found_by_it_alone(text: str, name: str) -> None:
    ((_, rationale),) = scores_and_reasons(BehaviorTags(), text)
    counts = dict(word.split(" ") for word in rationale.rstrip(".").split(", "))
    assert {behavior for behavior, count in counts.items() if int(count)} == {name}


def test_the_score_is_the_share_of_the_behaviors_and_repeating_one_earns_no_more() -> None:
    judge = BehaviorTags()
    result = scores_and_reasons(judge, "3 + 4 = 7", "Wait. Wait. Wait.", "Wait, let me check. Step 2: work backwards.")
    assert [score for score, _ in result] == [0.0, 0.25, 1.0]
    assert result[1][1] == "verification 0, backtracking 3, subgoals 0, backward_chaining 0."
    # Two of each count: (2 + 1) / (2 * 2).
    two = BehaviorTags(behaviors={"steps": r"\n\n", "waits": "wait"}, most=2)
    assert scores_and_reasons(two, "a\n\nb\n\nc\n\nwait") == [(0.75, "steps 3, waits 1.")]


def test_a_text_is_accepted_from_a_share_on() -> None:
    both = BehaviorTags(behaviors={name: BEHAVIORS[name] for name in ("verification", "backtracking")}, accept_at=1.0)
    judgments = both.judge(None, [texts("Wait.", "Wait, to check: 4.")], seed=0)
    assert [judgment.verdict for judgment in judgments] == [Verdict.reject, Verdict.accept]


def test_patterns_that_find_nothing_are_refused() -> None:
    with pytest.raises(ValidationError, match="is found in an empty text"):
        BehaviorTags(behaviors={"any": "x*"})
    with pytest.raises(ValidationError, match="is no regular expression"):
        BehaviorTags(behaviors={"any": "("})
    with pytest.raises(ValidationError):
        BehaviorTags(behaviors={})
