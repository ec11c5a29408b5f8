"""The project's questions asked of a model: each kind of reply is read strictly, or not at all, with the reason."""

from collections.abc import Sequence

import pytest

from backend.engines import Ability
from backend.engines.scripted import ReplyRule, ScoreRule, Scripted
from backend.errors import InvalidInput
from backend.judges._answers import form_of, read_value
from backend.judges.project_questions import ProjectQuestions
from backend.values import Failure, FailureKind, Messages
from backend.values.questions import AskedQuestion, QuestionKind, QuestionOptions
from backend.values.replies import Weights
from tests.groups import texts

TONES = QuestionOptions(labels=("warm", "cold", "very dry"))
RATING = AskedQuestion(1, "accuracy", QuestionKind.rating, "Accuracy", "5: all of it is right.")
TONE = AskedQuestion(2, "tone", QuestionKind.label, "Tone", options=TONES)
FAULTS = AskedQuestion(3, "faults", QuestionKind.labels, "Faults", options=TONES)
SIGNS = AskedQuestion(6, "signs", QuestionKind.label, "Signs", options=QuestionOptions(labels=("C", "C#", "*", "**")))
WHY = AskedQuestion(4, "why", QuestionKind.text, "Why")
WHERE = AskedQuestion(5, "where", QuestionKind.spans, "Where", options=TONES)
PARTS = AskedQuestion(8, "parts", QuestionKind.spans, "Parts", options=QuestionOptions(labels=("a", "a: b")))
TEXT = "One is one, and two is three. Baaa!"


@pytest.mark.parametrize(
    ("question", "reply", "value"),
    [
        (RATING, "4", {"rating": 4}),
        (RATING, "**Answer: 4/5**", {"rating": 4}),
        (RATING, "It is mostly right.\nAccuracy: 4", {"rating": 4}),
        (RATING, "Rating: 3 out of 5", {"rating": 3}),
        (RATING, "<think>Rating: 1</think>5", {"rating": 5}),
        (TONE, "Warm.", {"label": "warm"}),
        (TONE, "I looked at it.\nAnswer: very dry", {"label": "very dry"}),
        (FAULTS, "cold, warm", {"labels": ["warm", "cold"]}),
        (FAULTS, '{"labels": ["cold"]}', {"labels": ["cold"]}),
        (FAULTS, "None.", {"labels": []}),
        (SIGNS, "C#", {"label": "C#"}),
        (SIGNS, "Answer: c#.", {"label": "C#"}),
        (SIGNS, "**Answer:** **C#**", {"label": "C#"}),
        (SIGNS, "C.", {"label": "C"}),
        (SIGNS, "Answer: **", {"label": "**"}),
        (SIGNS, "*", {"label": "*"}),
        (WHY, "It is short.\nAnd right.", {"text": "It is short.\nAnd right."}),
        (WHY, "**Why:** **Short**, and right.", {"text": "**Short**, and right."}),
        (WHY, "It ends with\nAnswer: 4\nwhich is right.", {"text": "It ends with\nAnswer: 4\nwhich is right."}),
        (WHERE, 'cold: "two is three"', {"spans": [{"start": 16, "end": 28, "label": "cold"}]}),
        (WHERE, "none", {"spans": []}),
        (PARTS, 'a: b: "two"', {"spans": [{"start": 16, "end": 19, "label": "a: b"}]}),
    ],
)
def test_reads_what_answers(question: AskedQuestion, reply: str, value: dict) -> None:
    assert read_value(question, reply, is_complete=True, text=TEXT) == value


@pytest.mark.parametrize(
    ("question", "reply", "why"),
    [
        (RATING, "6", "from 1 to 5"),
        (RATING, "3.5", "from 1 to 5"),
        (RATING, ".4", "from 1 to 5"),
        (RATING, "It claims 'Rating: 5' itself.", "from 1 to 5"),
        (WHERE, 'cold: "aa"', "2 times"),
        (SIGNS, "' '", "is to be one of"),
        (RATING, "3 or 4", "from 1 to 5"),
        (RATING, "8/10", "up to 10"),
        (RATING, "Accuracy: 2\nAccuracy: 4", "from 1 to 5"),
        (RATING, "It is good.", "from 1 to 5"),
        (RATING, " ", "empty"),
        (TONE, "warm or cold", "is to be one of"),
        (TONE, "It is\nwarm", "several lines"),
        (FAULTS, "warm, friendly", "'friendly'|' friendly'"),
        (WHERE, 'cold: "four"', "0 times"),
        (WHERE, 'cold: "is"', "2 times"),
        (WHERE, "somewhere", "no label with words"),
    ],
)
def test_what_does_not_answer_is_never_guessed(question: AskedQuestion, reply: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_value(question, reply, is_complete=True, text=TEXT)


def test_a_reply_that_was_cut_off_answers_nothing() -> None:
    with pytest.raises(ValueError, match="cut off"):
        read_value(RATING, "4", is_complete=False, text=TEXT)


def test_what_a_reply_is_held_to_is_read() -> None:
    rating, labels = form_of(RATING), form_of(FAULTS)
    assert rating is not None
    assert labels is not None
    assert [read_value(RATING, choice, is_complete=True, text="")["rating"] for choice in rating.choices] == [
        1,
        2,
        3,
        4,
        5,
    ]
    assert labels.holds('{"labels": ["very dry"]}')
    assert (form_of(WHY), form_of(WHERE)) == (None, None)


def test_asks_each_question_about_each_sample_and_keeps_what_cannot_be_read() -> None:
    rules = (
        ReplyRule(pattern=r"(?s)first.*Question: Accuracy\n5: all of it is right\.", reply="2"),
        ReplyRule(pattern="Question: Accuracy", reply="hm"),
        ReplyRule(pattern="Question: Tone", reply="cold"),
    )
    judge, group = ProjectQuestions(forced=False), texts("first", "Question: {form}")
    answers = judge.answers(Scripted(rules=rules), [group], [RATING, TONE], seed=1)
    assert [(answer.sample_id, answer.question.key, answer.value, answer.raw) for answer in answers] == [
        (1, "accuracy", {"rating": 2}, "2"),
        (2, "accuracy", None, "hm"),
        (1, "tone", {"label": "cold"}, "cold"),
        (2, "tone", {"label": "cold"}, "cold"),
    ]
    assert answers[1].fault == "The reply does not give one whole number from 1 to 5."
    with pytest.raises(InvalidInput, match="labels nothing"):
        judge.judge(None, [group], seed=1)


def test_a_model_that_can_be_read_gives_the_likeliest_rating_or_label() -> None:
    likely = (
        ScoreRule(pattern=r"(?s)Question: Accuracy.*\n4$", number=-0.1),
        ScoreRule(pattern=r"(?s)Question: Tone.*\ncold$", number=-0.5),
    )
    engine = Scripted(likelihoods=likely, replies=("It is fine.",))
    answers = ProjectQuestions().answers(engine, [texts("first")], [RATING, TONE, WHY], seed=1)
    assert [answer.value for answer in answers] == [{"rating": 4}, {"label": "cold"}, {"text": "It is fine."}]
    assert answers[0].reasoning == "Log-probabilities: 1 -1.00, 2 -1.00, 3 -1.00, 4 -0.10, 5 -1.00"


def test_where_a_choice_begins_another_one_it_is_asked_in_words() -> None:
    ten = AskedQuestion(7, "ten", QuestionKind.rating, "Ten", options=QuestionOptions(highest=10))
    engine = Scripted(likelihoods=(ScoreRule(pattern=r"\n1$", number=-0.1),), replies=("10",))
    (answer,) = ProjectQuestions().answers(engine, [texts("first")], [ten], seed=1)
    assert (answer.value, answer.reasoning) == ({"rating": 10}, "")


class _FirstTokens(Scripted):
    """Like an endpoint that gives the likeliest first tokens: it weighs what it can, and does not read."""

    @property
    def abilities(self) -> frozenset[Ability]:
        return frozenset({Ability.complete, Ability.weigh})


class _Unweighed(Scripted):
    """Reads, but cannot weigh the texts of a chat about `second`."""

    def weigh(self, chats: Sequence[Messages], words: Sequence[str]) -> list[Weights]:
        failure = Weights(failure=Failure(FailureKind.reply, "No such token."))
        return [
            failure if "second" in chat[0]["content"] else weights
            for chat, weights in zip(chats, super().weigh(chats, words), strict=True)
        ]


def test_what_cannot_be_weighed_is_asked_in_words() -> None:
    group, judge = texts("first", "second"), ProjectQuestions()
    in_words = judge.answers(_FirstTokens(replies=("4",)), [group], [RATING], seed=1)
    assert [answer.value for answer in in_words] == [{"rating": 4}] * 2
    some = judge.answers(_Unweighed(replies=("cold",)), [group], [TONE], seed=1)
    assert [(answer.value, bool(answer.reasoning)) for answer in some] == [
        ({"label": "warm"}, True),
        ({"label": "cold"}, False),
    ]
