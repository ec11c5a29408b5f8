"""A handbook before the question (Didolkar et al. 2025, arXiv 2509.13237): which lessons, and where they stand."""

import json
from typing import Any

import pytest

from backend.engines import Ability, Engine
from backend.engines.library import Lesson, Library
from backend.engines.openai import OpenAI
from backend.engines.scripted import Scripted
from backend.values import Messages, Sampling

LESSONS = (
    Lesson(name="behavior_carry", text="Carry the tens when two digits add to ten or more.", sources=(3, 8)),
    Lesson(name="behavior_area_of_circle", text="The area of a circle is pi times the radius squared."),
    Lesson(name="behavior_check_sign", text="Look at the sign of each term."),
)
CIRCLE: Messages = [{"role": "user", "content": "What is the area of a circle of radius 2?"}]


def library(**knobs: Any) -> Library:
    knobs = {"entries": LESSONS, "inner": Scripted(rules=({"pattern": "circle is pi", "reply": "12.6"},))} | knobs
    return Library(**knobs)


def test_the_first_question_is_asked_with_all_lessons_and_the_rest_of_the_chat_stays():
    chat: Messages = [
        {"role": "system", "content": "Be brief."},
        *CIRCLE,
        {"role": "assistant", "content": "4"},
        {"role": "user", "content": "Look again {handbook}."},
    ]
    asked = library(template="{handbook}\n--\n{prompt}").asked(chat)
    lines = "\n".join(f"{lesson.name}: {lesson.text}" for lesson in LESSONS)
    assert asked == [chat[0], {"role": "user", "content": f"{lines}\n--\n{CIRCLE[0]['content']}"}, *chat[2:]]
    with library() as opened:
        assert opened.complete([CIRCLE], Sampling())[0][0].text == "12.6"


def test_of_more_lessons_than_most_those_that_share_most_words_with_the_question():
    # Words shared with the question: "the" and "when"... are words, too: carry shares "the", circle six, sign three.
    book = library(most=1)
    assert [lesson.name for lesson in book.picked(CIRCLE[0]["content"])] == ["behavior_area_of_circle"]
    # Carry shares "the" and "two", sign "the": with no lesson apart the first of equal ones comes first.
    assert [lesson.name for lesson in book.picked("zzz")] == ["behavior_carry"]
    assert [lesson.name for lesson in library(most=2).picked(CIRCLE[0]["content"])] == [
        "behavior_area_of_circle",
        "behavior_check_sign",
    ]
    assert len(library(most=3).picked("zzz")) == 3


def test_what_a_lesson_says_is_no_place_to_fill_in():
    entries = (Lesson(name="behavior_x", text="write {prompt}"),)
    asked = library(entries=entries, template="{handbook} | {prompt}").asked(
        [{"role": "user", "content": "{handbook}"}]
    )
    assert asked[0]["content"] == "behavior_x: write {prompt} | {handbook}"


def test_without_lessons_or_without_a_question_nothing_changes():
    assert library(entries=()).asked(CIRCLE) == CIRCLE
    alone: Messages = [{"role": "system", "content": "s"}]
    assert library().asked(alone) == alone


def test_texts_are_read_as_answers_to_what_is_asked_with_lessons():
    inner = Scripted(replies=("a",), likelihoods=({"pattern": "pi times", "number": -0.5},))
    book = library(inner=inner)
    assert book.abilities == {Ability.complete, Ability.read, Ability.read_all}
    assert book.read([CIRCLE], ["12 .6"])[0].logprobs == (-0.5, -0.5)
    assert inner.read([CIRCLE], ["12 .6"])[0].logprobs == (-1.0, -1.0)
    assert (book.count_tokens(CIRCLE) or 0) > (inner.count_tokens(CIRCLE) or 0)
    endpoint = library(inner=OpenAI(base_url="http://127.0.0.1:1/v1", model="m"))
    assert endpoint.abilities == {Ability.complete}


def test_it_survives_json_with_what_the_lessons_cite():
    book = library()
    assert Engine.load(json.loads(json.dumps(book.dump()))) == book
    assert book.dump()["entries"][0]["sources"] == [3, 8]


@pytest.mark.parametrize("template", ["{prompt} alone", "{handbook} alone"])
def test_a_template_that_asks_nothing_or_tells_nothing_is_refused(template: str):
    with pytest.raises(ValueError, match="does not hold"):
        library(template=template)
