import pytest
from pydantic import ValidationError

from backend.prompt_sources.debate import Debate
from backend.values import Group
from tests.groups import prompt, sample


def asked(*samples) -> list[Group]:
    return Debate().ask([Group(prompt("2+2?", answer="4"), samples)], [], limit=1, seed=0)


def test_one_question_shows_all_answers_and_keeps_the_known_one():
    texts = sample(1, "three"), sample(2, "four"), sample(3, "edited", kind="edit")
    (group,) = asked(*texts)
    content = group.prompt.messages[0]["content"]
    assert content.startswith("2+2?")
    assert "<<<AGENT 1\nthree\nAGENT 1>>>\n\n<<<AGENT 2\nfour\nAGENT 2>>>" in content
    assert "edited" not in content
    assert (group.parent, group.prompt.answer, group.trained) == (texts[0], "4", None)


def test_one_answer_is_no_debate():
    assert asked(sample(1, "three")) == []


def test_a_template_shows_question_and_answers():
    with pytest.raises(ValidationError, match=r"lacks \{responses\}"):
        Debate(template="{prompt}")
