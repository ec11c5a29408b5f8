import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from backend.demo import countdown
from backend.engines.scripted import ReplyRule, ScoreRule, Scripted
from backend.judges._template import Reply
from backend.judges.pairwise_swapped import PairwiseSwapped
from backend.judges.project_questions import ProjectQuestions
from backend.judges.written_verdict import WrittenVerdict
from backend.judges.yes_no_check import YesNoCheck
from backend.values import Group, Verdict
from tests.groups import prompt, sample, texts
from tests.prose import prose
from tests.unit.judges.test_project_questions import RATING

JUDGE = WrittenVerdict()


@pytest.mark.parametrize(
    ("reply", "score", "rationale"),
    [
        ("3 5 7;21+5=26;Y", 1.0, "3 5 7;21+5=26"),
        ("3 7 7;N", 0.0, "3 7 7"),
        ("?;N", 0.0, "?"),
        ("a;Y b;N", 0.0, "a;Y b"),  # the last one counts
        ("the check; Y", 1.0, "the check"),
        ("21+5=26", None, "21+5=26"),
        ("Y", None, "Y"),
        ("a;Yes", None, "a;Yes"),
        ("a;y", None, "a;y"),
        ("", None, ""),
    ],
)
def test_reads_the_verdict_after_the_check(reply, score, rationale):
    parsed_reply = JUDGE.parse(reply, is_complete=True)
    assert (parsed_reply.score, parsed_reply.rationale) == (score, rationale)


@given(prose(), st.booleans())
def test_reads_a_closing_verdict_after_any_check(text, is_right):
    assert JUDGE.parse(f"{text};{'Y' if is_right else 'N'}", is_complete=True).score == float(is_right)


@given(st.text(alphabet="YN;=+3 \n"))
def test_agrees_with_the_demo_on_what_ends_a_check(reply):
    expected = countdown.parse_verdict(reply)
    if expected is not None:
        assert JUDGE.parse(reply, is_complete=True).score == float(expected)


def test_judges_the_demo_with_its_template():
    judge = WrittenVerdict(template=countdown.JUDGE_TEMPLATE, max_tokens=24)
    question = prompt("3 5 7 = 26")
    engine = Scripted(
        rules=tuple(
            ReplyRule(
                pattern=rf"^3 5 7 = 26\? {answer}$", reply=countdown.check("3 5 7 = 26", answer.replace("\\", ""))
            )
            for answer in (r"3\*7\+5", r"3\+7\+5")
        )
    )
    judgments = judge.judge(engine, [Group(question, (sample(1, "3*7+5"), sample(2, "3+7+5")))], seed=1)
    assert [(j.score, j.verdict, j.rationale) for j in judgments] == [
        (1.0, Verdict.accept, "3 5 7;21+5=26"),
        (0.0, Verdict.reject, "3 5 7;10+5=15"),
    ]


@pytest.mark.parametrize("judge", [WrittenVerdict(), PairwiseSwapped()])
def test_what_is_too_long_for_the_context_names_the_template(judge):
    judgments = judge.judge(Scripted(replies=("a;Y",), max_length=20), [texts("x", "y")], seed=1)
    for judgment in judgments:
        assert "the context is 20" in judgment.failure.reason
        assert judgment.failure.reason.endswith("a shorter `template` leaves more room.")
    few = judge.judge(Scripted(replies=("a;Y",)), [texts("x", "y")], seed=1)
    assert all(judgment.failure is None for judgment in few)


def test_what_weighs_and_what_answers_questions_names_the_template_too():
    short = Scripted(likelihoods=(ScoreRule(pattern="x", number=-0.1),), max_length=3)
    weighed = YesNoCheck(by="probability").judge(short, [texts("x", "y")], seed=1)
    asked = ProjectQuestions(forced=False).answers(short, [texts("x", "y")], [RATING], seed=1)
    failures = [told.failure for told in (*weighed, *asked)]
    assert len(failures) == 4
    assert all(failure.reason.endswith("a shorter `template` leaves more room.") for failure in failures)
    assert all(answer.fault.endswith("leaves more room.") for answer in asked)


def test_label_is_the_share_of_accepting_votes():
    # Two of three accept: 2/3 >= 0.5, and 2/3 < 0.7.
    engine = Scripted(replies=("a;Y",))
    votes = WrittenVerdict(votes=3, temperature=1.0).judge(engine, [texts("x")], seed=1)
    rejected = WrittenVerdict(votes=1).judge(Scripted(replies=("a;N",)), [texts("x")], seed=1)
    score, verdict = JUDGE.label([*votes[:2], *rejected])
    assert (round(score or 0, 4), verdict) == (0.6667, Verdict.accept)
    assert WrittenVerdict(accept_at=0.7).label([*votes[:2], *rejected])[1] is Verdict.reject


def test_the_shared_reply_to_equal_chats_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    parse = WrittenVerdict.parse

    def noting(self: WrittenVerdict, reply: str, *, is_complete: bool) -> Reply:
        read.append(reply)
        return parse(self, reply, is_complete=is_complete)

    monkeypatch.setattr(WrittenVerdict, "parse", noting)
    engine = Scripted(rules=(ReplyRule(pattern="x", reply="a;Y"), ReplyRule(pattern="y", reply="b;N")))
    judgments = WrittenVerdict(template="{prompt} {response}").judge(engine, [texts("x", "y", "x", "x")], seed=1)
    assert [(j.sample_id, j.score, j.raw) for j in judgments] == [
        (1, 1, "a;Y"),
        (2, 0, "b;N"),
        (3, 1, "a;Y"),
        (4, 1, "a;Y"),
    ]
    assert read == ["a;Y", "b;N"]


def test_own_words_may_end_a_check():
    judge = WrittenVerdict(verdict_pattern=r"(?P<accept>RIGHT)|(?P<reject>WRONG)")
    assert judge.parse("so RIGHT", is_complete=True).score == 1.0
    assert judge.parse("RIGHT? no, WRONG", is_complete=True).score == 0.0


@pytest.mark.parametrize("pattern", ["(", "Y|N", "(?P<accept>Y)", ""])
def test_refuses_patterns_that_cannot_give_both_verdicts(pattern):
    with pytest.raises(ValidationError):
        WrittenVerdict(verdict_pattern=pattern)
