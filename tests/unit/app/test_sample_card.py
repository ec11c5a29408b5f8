"""What stands above a sample's text."""

from types import SimpleNamespace
from typing import Any

import pytest

from app.widgets.sample_answers import by_whom
from app.widgets.sample_card import title
from backend.values import JSON


def detail(noted: JSON, author: str | None = None) -> Any:
    return SimpleNamespace(noted=noted, author=author, edited_from_id=None, turns=[])


@pytest.mark.parametrize(
    ("noted", "text"),
    [
        ({"goes_on": True, "value": 0.25, "visits": 1}, "Step of a text (in the search: value 0.25, 1 visit)"),
        ({"goes_on": False, "value": None, "visits": 2}, "Step of a text (in the search: no value, 2 visits)"),
        ({}, "Text"),
    ],
)
def test_a_step_says_what_the_search_noted_of_it(noted: JSON, text: str) -> None:
    assert title(detail(noted)) == text


def test_an_imported_text_says_what_its_file_does_whatever_its_columns_are_called() -> None:
    text = title(detail({"goes_on": True, "value": "high"}, author="import"))
    assert text == "Text by import (the file says goes_on True, value high)"


def test_answers_stand_by_title_with_people_and_judge_apart() -> None:
    answers = {"helpful": 3.0, "tone": {"plain": 1, "warm": 2}, "wrong": {}, "judge.helpful": 4.5, "judge.why": ["so"]}
    people, judge = by_whom(answers, {"helpful": "How helpful is it?", "tone": "Tone", "wrong": "What is wrong"})
    assert [(answer["asked"], answer["text"]) for answer in people["answers"]] == [
        ("How helpful is it?", "3"),
        ("Tone", "plain, warm (2)"),
        ("What is wrong", "none"),
    ]
    assert judge["who"] == "The judge answered"
    assert [(answer["asked"], answer["text"]) for answer in judge["answers"]] == [
        ("How helpful is it?", "4.5"),
        ("why", "so"),
    ]
    assert by_whom({}, {}) == []
