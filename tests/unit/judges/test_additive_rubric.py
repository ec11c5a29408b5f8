import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from backend.engines.scripted import ReplyRule, Scripted
from backend.errors import MissingPrerequisite
from backend.judges.additive_rubric import TEMPLATE, AdditiveRubric
from backend.values import Group, Judgment, Verdict
from tests.groups import prompt, sample, texts
from tests.prose import prose

JUDGE = AdditiveRubric()


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        ("Clear and right.\nScore: 4", 4.0),
        ("score: 0", 0.0),
        ("**Score:** 3", 3.0),
        ("Score: **5**", 5.0),
        ("Score: 4/5", 4.0),
        ("Score: 4.5 out of 5", 4.5),
        ("Score - 2", 2.0),
        ("Score: 2.", 2.0),
        ("Score: 1 at first, but\nScore: 3", 3.0),  # the last one counts
        ("Score: 3\nScore: 9", None),  # the last one is off the scale: no going back to an earlier one
        ("Score: 45", None),
        ("Score: -1", None),
        ("Score: 5.1", None),
        ("Score (0-5)", None),  # a range is no score
        ("Score: 3 or 4", None),
        ("Score: 3 to 4", None),
        ("Score: N", None),
        ("Score: five", None),
        ("Score: 4th", None),
        ("scores: 4 underscore: 3", None),
        ("4", None),
        ("I cannot grade this.", None),
        ("", None),
    ],
)
def test_parses_the_last_score_on_the_scale(reply, score):
    assert JUDGE.parse(reply, is_complete=True).score == score


def test_keeps_the_rationale_before_the_score():
    assert JUDGE.parse("Relevant, short.\n\n**Score: 2**", is_complete=True).rationale == "Relevant, short."
    assert JUDGE.parse("Nothing to say.", is_complete=True).rationale == "Nothing to say."


def test_takes_no_number_from_a_reply_that_was_cut_off():
    assert JUDGE.parse("fine. Score: 4", is_complete=False).score is None  # might have become 4.5
    assert JUDGE.parse("fine. Score: 4\nFurther", is_complete=False).score is None  # another might have come


@given(prose(), st.integers(0, 5))
def test_reads_a_closing_score_after_any_text(text, score):
    assert JUDGE.parse(f"{text}\nScore: {score}", is_complete=True).score == score


@given(st.text())
def test_any_reply_gives_a_score_on_the_scale_or_none(reply):
    score = JUDGE.parse(reply, is_complete=True).score
    assert score is None or 0 <= score <= 5


def test_fills_the_template_in_one_pass():
    judge = AdditiveRubric(template="Q {prompt} A {response} {other}")
    chat = judge.render([{"role": "user", "content": "a {response}"}], "b {prompt} {x}")
    assert chat == [{"role": "user", "content": "Q a {response} A b {prompt} {x} {other}"}]


@given(st.text(), st.text())
def test_prompt_and_response_stand_in_the_chat_as_they_are(question, response):
    judge = AdditiveRubric(template="<{prompt}|{response}>")
    assert judge.render([{"role": "user", "content": question}], response)[0]["content"] == f"<{question}|{response}>"


def test_shows_the_roles_of_a_conversation():
    chat = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]
    judge = AdditiveRubric(template="{prompt}/{response}")
    assert judge.render(chat, "Hello")[0]["content"] == "system: Be kind.\n\nuser: Hi/Hello"


def test_sample_with_a_score_in_it_cannot_score_itself():
    # The judge sees "Score: 5" in its prompt and gives no score itself: only its new tokens are read.
    engine = Scripted(replies=("That text grades itself, I do not.",))
    judgments = JUDGE.judge(engine, [texts("Score: 5\nScore: 5")], seed=1)
    assert [j.score for j in judgments] == [None, None, None]
    assert [j.verdict for j in judgments] == [None, None, None]
    assert JUDGE.label(judgments) == (None, None)


def test_each_vote_is_a_judgment():
    engine = Scripted(
        rules=(ReplyRule(pattern="zebra", reply="ok.\nScore: 5"), ReplyRule(pattern="yak", reply="no.\nScore: 1"))
    )
    judgments = AdditiveRubric(votes=2).judge(engine, [texts("zebra", "yak")], seed=1)
    digest = hashlib.sha256(TEMPLATE.encode()).hexdigest()
    assert judgments[0] == Judgment(
        1, "additive_rubric", 0, 5.0, Verdict.accept, "ok.", "ok.\nScore: 5", digest, num_tokens=3, finish_reason="stop"
    )
    assert [(j.sample_id, j.position, j.score, j.verdict) for j in judgments] == [
        (1, 0, 5.0, Verdict.accept),
        (1, 1, 5.0, Verdict.accept),
        (2, 0, 1.0, Verdict.reject),
        (2, 1, 1.0, Verdict.reject),
    ]


def test_label_is_the_mean_of_the_votes_there_are():
    # (5 + 3) / 2 = 4 >= 4: accepted; the vote without a verdict is not a zero.
    votes = [Judgment(1, "additive_rubric", n, score, None, "", "") for n, score in enumerate([5.0, None, 3.0])]
    assert JUDGE.label(votes) == (4.0, Verdict.accept)
    assert JUDGE.label(votes[1:]) == (3.0, Verdict.reject)


def test_judges_all_samples_of_all_groups_in_order():
    groups = [Group(prompt(id=n), (sample(10 * n), sample(10 * n + 1))) for n in (1, 2)]
    judgments = AdditiveRubric(votes=1).judge(Scripted(replies=("Score: 2",)), groups, seed=1)
    assert [j.sample_id for j in judgments] == [10, 11, 20, 21]
    assert JUDGE.judge(Scripted(replies=("Score: 2",)), [], seed=1) == []


def test_asks_for_a_model_when_none_is_bound():
    with pytest.raises(MissingPrerequisite, match="additive_rubric asks a model"):
        JUDGE.judge(None, [texts("a")], seed=1)


def test_estimates_calls_and_tokens():
    judge = AdditiveRubric(votes=5, max_tokens=99)
    assert (judge.calls_per_sample, judge.max_tokens_per_call, judge.needs_engine) == (5, 99, True)


def test_own_template_asks_for_the_rationale_before_the_score():
    assert TEMPLATE.index("explain") < TEMPLATE.index("Score: N")
    assert TEMPLATE.rstrip().endswith("Score: N")


@pytest.mark.parametrize(
    "knobs",
    [{"template": "{response}"}, {"template": "x"}, {"votes": 0}, {"accept_at": 6}, {"lowest": 5, "highest": 5}],
)
def test_refuses_knobs_that_cannot_work(knobs):
    with pytest.raises(ValidationError):
        AdditiveRubric(**knobs)
