import pytest

from backend.judges.read_critique import TEMPLATE, ReadCritique
from backend.values import Group, Verdict
from tests.groups import prompt, sample


def score_and_reason(text: str, finish_reason: str = "stop", **knobs) -> tuple[float | None, str]:
    group = Group(prompt(), (sample(1, text, finish_reason=finish_reason),))
    (judgment,) = ReadCritique(**knobs).judge(None, [group], seed=0)
    return judgment.score, judgment.rationale


@pytest.mark.parametrize(
    ("text", "score", "rationale"),
    [
        ("Step 1 is fine.\nFirst wrong step: none\nVerdict: right", 1.0, "It says right."),
        ("Step 2 adds wrongly.\nFirst wrong step: 2\nVerdict: wrong", 0.0, "It says wrong, first at step 2."),
        ("It is wrong altogether.\nVerdict: **incorrect**", 0.0, "It says wrong."),
        ("First wrong step: step 12\nVerdict: wrong.", 0.0, "It says wrong, first at step 12."),
        ("I cannot tell.", None, "The critique states no clear verdict."),
    ],
)
def test_the_verdict_and_the_first_wrong_step_are_read(text, score, rationale):
    assert score_and_reason(text) == (score, rationale)


def test_right_with_a_wrong_step_contradicts_itself():
    score, rationale = score_and_reason("First wrong step: 3\nVerdict: right")
    assert score is None
    assert rationale == "It says right, but wrong, first at step 3."


def test_what_was_cut_off_has_no_verdict():
    assert score_and_reason("First wrong step: none\nVerdict: right", "length")[0] is None


def test_thinking_is_not_read():
    assert (
        score_and_reason(
            "<think>First wrong step: 1\nVerdict: wrong</think>Fine.\nFirst wrong step: none\nVerdict: right"
        )[0]
        == 1.0
    )


def test_the_verdicts_label():
    group = Group(prompt(), (sample(1, "Verdict: right"), sample(2, "Verdict: wrong")))
    assert [j.verdict for j in ReadCritique().judge(None, [group], seed=0)] == [Verdict.accept, Verdict.reject]


def test_the_template_asks_for_what_is_read():
    assert score_and_reason(TEMPLATE)[0] == 1.0
    assert "{prompt}" in TEMPLATE
    assert "{response}" in TEMPLATE


def test_patterns_need_their_groups():
    with pytest.raises(ValueError, match="lacks the group step"):
        ReadCritique(step_pattern=r"step (\d+)")
    with pytest.raises(ValueError, match="lacks the groups reject"):
        ReadCritique(verdict_pattern=r"(?P<accept>ok)")
