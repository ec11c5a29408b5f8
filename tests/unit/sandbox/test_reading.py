import time
from typing import Any

import pytest

from backend.sandbox import CallResult, Ending, reading
from backend.sandbox.reading import Unreadable

VALUE = Ending.value


def test_the_code_of_a_reply_is_its_last_block_of_code() -> None:
    text = "First:\n```python\na = 1\n```\nBetter:\n```\nb = 2\n```\n```output\n3\n```"
    assert reading.code_of(text) == "b = 2"
    assert reading.code_of(" c = 3 ") == "c = 3"
    assert reading.blocks(text, "output") == ["3"]
    assert reading.blocks("````Py x\na\n ``` \n```py\nb", "py", "") == ["a"], "the last one is not closed"


def test_a_text_of_nothing_but_beginnings_is_read_at_once() -> None:
    start = time.process_time()
    assert reading.blocks("```python\n" * 20_000, "python") == []
    assert reading.blocks("```" + "a" * 100_000, "python") == []
    assert time.process_time() - start < 5, "an expression takes minutes"


@pytest.mark.parametrize(
    ("written", "answer", "holds"),
    [
        ("assert f(2) == 4", 4, True),
        ("assert 4 == f(2)", 4.0, True),
        ("assert f([1], k={'a': (1,)}) == [-1]", [-1], True),
        ("assert f(2) == 4", 5, False),
        ("assert f(2) is None", None, True),
        ("assert f(2), 'must be true'", [0], True),
        ("assert f(2)", [], False),
        ("assert not f(2)", "", True),
        ("def test_f():\n    assert f(2) == 4", 4, True),
    ],
)
def test_an_assertion_is_a_call_and_what_it_has_to_return(written: str, answer: Any, holds: bool) -> None:
    (check,) = reading.checks_of(written)
    assert check.call.function == "f"
    assert check.holds(CallResult(VALUE, answer)) is holds
    assert not check.holds(CallResult(Ending.crash))


@pytest.mark.parametrize(
    "written",
    [
        "f(2) == 4",
        "assert f(2) == g(2)",
        "assert f(x) == 4",
        "assert a.f(2) == 4",
        "assert f(*[2]) == 4",
        "assert f(2) < 4",
        "assert True",
        "assert (",
        "x" * 30_000,
        "assert f(2) == 4\nassert f(1) == f(1)",
        "assert f(2) == " + "[" * 500 + "]" * 500,
        "assert f(" + "-" * 5000 + "1) == 1",
        "assert f(**{'x': 1}) == 1",
        "assert f(1) == " + "+".join("1" * 1000),
        "assert f(" + "lambda:" * 2700 + "1) == 1",
    ],
)
def test_what_cannot_be_compared_outside_is_not_read(written: str) -> None:
    with pytest.raises(Unreadable):
        reading.checks_of(written)


def test_a_test_may_be_held_to_so_many_assertions() -> None:
    written = "assert f(1) == 1\n" * 3
    assert len(reading.checks_of(written, most=3)) == len(reading.checks_of(written)) == 3
    with pytest.raises(Unreadable, match="3 assertions, more than 2"):
        reading.checks_of(written, most=2)


def test_a_test_that_a_constant_passes_is_weak() -> None:
    assert reading.is_weak(reading.checks_of("assert f(1) == 4\nassert f(2) == 4"))
    assert reading.is_weak(reading.checks_of("assert f(1)\nassert f(2)"))
    assert reading.is_weak(reading.checks_of("assert f(1) == 4\nassert f(2)"))
    assert reading.is_weak(reading.checks_of("assert f(2)\nassert f(1) == 4")), "in whatever order"
    assert not reading.is_weak(reading.checks_of("assert f(1) == 4\nassert f(2) == 5"))
    assert not reading.is_weak(reading.checks_of("assert f(1)\nassert not f(2)"))


@pytest.mark.parametrize("text", ["f(1)", "1 +", "[" * 500, "x" * 30_000, "__import__('os')"])
def test_only_literals_are_values(text: str) -> None:
    with pytest.raises(Unreadable):
        reading.literal(text)
