import time

import pytest

from backend.environments import Environment, ToolError
from backend.environments.calculator import Calculator, value_of


def answer(text: str) -> str | None:
    part = Calculator()
    return part.reply(part.make(), text)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("(3 + 4) * 2", 14),
        ("2 + 3 * 4", 14),
        ("-3 - -5", 2),
        ("7 / 2", 3.5),
        ("7 // 2", 3),
        ("7 % 4", 3),
        ("2 ** 10", 1024),
        ("2^3", 8),
        ("6 × 7 ÷ 2", 21),
        ("1,234 + 1", 1235),
        ("1e3 + 0.5", 1000.5),
        ("(-8) ** 3", -512),
        ("2 ** -1", 0.5),
    ],
)
def test_arithmetic_has_its_value(expression: str, value: float):
    assert value_of(expression) == value


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("__import__('os').system('id')", "no arithmetic"),
        ("abs(-3)", "no arithmetic"),
        ("(1).real", "no arithmetic"),
        ("x + 1", "no arithmetic"),
        ("'a' * 9", "no arithmetic"),
        ("True + 1", "no arithmetic"),
        ("1j * 1j", "no arithmetic"),
        ("1 < 2", "no arithmetic"),
        ("[1]", "no arithmetic"),
        ("2 +", "no arithmetic"),
        ("", "no arithmetic"),
        ("(" * 150, "no arithmetic"),
        ("1 / 0", "by zero"),
        ("0 ** -1", "by zero"),
        ("(-8) ** 0.5", "root of a negative"),
        ("9 ** 9 ** 9", "too large"),
        ("0.1 ** -(10 ** 9)", "too large"),
        ("10 ** 60 * 10 ** 60", "too large"),
        ("1e999", "too large"),
        ("1 + " * 60 + "1", "more than 200"),
    ],
)
def test_anything_else_is_refused_at_once_and_never_run(expression: str, reason: str):
    started = time.monotonic()
    with pytest.raises(ToolError, match=reason):
        value_of(expression)
    assert time.monotonic() - started < 60, "worked out, some take hours"


def test_values_are_written_shortly():
    part = Calculator(digits=4)
    desk = part.make()
    assert [desk.calculate(text) for text in ("1 / 3", "6 / 3", "10 ** 20")] == ["0.3333", "2", "100000000000000000000"]


def test_a_last_line_with_an_action_calls_the_tool_and_other_texts_end_the_episode():
    assert answer("I add them.\nAction: calculate[3 + 4]") == "Observation: 7"
    assert answer("Action: Calculate[ 3 + 4 ]\n") == "Observation: 7"
    assert answer("Action: calculate[3 +]") == "Observation: Error: This is no arithmetic expression."
    assert answer("Action: divine[1]") == "Observation: There is no tool divine. Tools: calculate."
    assert answer("Answer: 7") is None
    assert answer("Action: calculate[3 + 4]\nAnswer: 7") is None, "only the last line is an action"
    assert answer("") is None


def test_the_policy_is_told_of_the_tools():
    text = Calculator().make().reset(prompt=[])
    assert text is not None
    assert "- calculate: Gives the value of an arithmetic expression." in text
    assert "Action: calculate[(3 + 4) * 2]" in text


@pytest.mark.large_library
def test_its_methods_are_tools_for_the_library_too():
    from transformers.utils import get_json_schema

    schema = get_json_schema(Calculator().make().calculate)["function"]
    assert (schema["name"], schema["parameters"]["required"]) == ("calculate", ["expression"])


def test_is_found_by_name_and_survives_json():
    assert Environment.load({"name": "calculator", "digits": 3}) == Calculator(digits=3)
