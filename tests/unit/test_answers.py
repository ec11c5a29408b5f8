import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend import answers
from tests.prose import prose


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("3*7+5", "3*7+5"),  # a text of one line is its own answer
        ("First 2+2.\nThat is\n\n 4 \n", "4"),  # the last line that is not empty
        ("so it is 72\n#### 72\nThanks for asking", "72"),
        ("The answer is 5.\nNo, the answer is 6", "6"),  # the last one counts
        ("**Answer:** 12 apples\nbye", "12 apples"),
        ("Answer:\n 9\nbye", "9"),
        (r"hence \boxed{\frac{1}{2}}. Done", r"\frac{1}{2}"),  # braces are matched
        (r"\boxed{3} and then \boxed{4", None),  # cut off inside the last box
        ("####", None),
        (" \n ", None),
        ("", None),
    ],
)
def test_extracts_the_final_answer(text, answer):
    assert answers.extract(text) == answer


@pytest.mark.parametrize(
    ("pattern", "answer"),
    [
        (r"= (\d+)", "9"),  # first group of the last match
        (r"(\w) = (?P<answer>\d+)", "9"),  # the named group wins
        (r"\d+", "9"),  # no group: all of the match
        (r"z = (\d+)", None),
    ],
)
def test_extracts_by_pattern(pattern, answer):
    assert answers.extract("x = 7, y = 9", pattern) == answer


@pytest.mark.parametrize(
    ("entry", "other"),
    [
        ("1,234.50", "1234.5"),
        ("$18.00.", "18"),
        ("0.5", "1/2"),
        ("+7", "7"),
        ("\u22123", "-3"),  # the typographic minus
        ("  New\n York ", "new york"),
        ("**B**", "b"),
        ("007", "7"),
        ('"Paris."', "Paris"),
        ("' :", ":"),
        (r"\text{\textbf{A}}", "A"),
    ],
)
def test_equal_answers_are_equal_strings(entry, other):
    assert answers.normalise(entry) == answers.normalise(other)


@pytest.mark.parametrize(
    ("entry", "other"), [("12", "123"), ("1/0", "0"), ("1,23", "123"), ("50%", "50"), ("a b", "ab")]
)
def test_different_answers_stay_different(entry, other):
    assert answers.normalise(entry) != answers.normalise(other)


def test_numbers_stay_text_when_not_normalised():
    assert answers.normalise("1.0", numbers=False) != answers.normalise("1", numbers=False)


@given(st.text())
def test_normalising_twice_changes_nothing_more(text):
    once = answers.normalise(text)
    assert answers.normalise(once) == once


@given(prose(), st.integers(-(10**20), 10**20))
def test_finds_a_marked_number_after_any_text(text, number):
    reply = answers.extract(f"{text}\n#### {number}")
    if r"\boxed" not in text:
        assert reply is not None
        assert answers.normalise(reply) == str(number)


def test_refuses_a_broken_pattern():
    with pytest.raises(ValueError, match=r"'\(' is no regular expression"):
        answers.check_pattern("(")
