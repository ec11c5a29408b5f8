"""Lin et al. 2025 (Sol-Ver): programs judged by tests, and tests by programs, from one matrix."""

import json
from dataclasses import replace

import pytest

from backend.judges.all_of import AllOf
from backend.judges.run_tests import RunTests
from backend.judges.surface_rules import SurfaceRules
from backend.values import Group, Prompt, Verdict
from tests.groups import sample, texts

pytestmark = pytest.mark.usefixtures("sandboxed")

DOUBLE, FOUR, ENDS = "```python\ndef f(x):\n    return x * 2\n```", "def f(x): return 4", "import os\nos._exit(0)"
PROGRAMS = texts(DOUBLE, FOUR, ENDS, "I do not know (")
TESTS = texts(
    "assert f(2) == 4\nassert f(3) == 6", "assert f(2) == 4", "assert f([1]) == [1, 1]\nassert f(2) == 4", "?"
)


def given(*tests: str, program: str = DOUBLE) -> Group:
    return Group(Prompt(1, [{"role": "user", "content": "?"}], metadata={"tests": [*tests]}), (sample(1, program),))


def test_every_program_is_run_on_every_test_and_both_sides_are_judged() -> None:
    rows = RunTests(beside="tests").with_beside([TESTS]).judge(None, [PROGRAMS], seed=0)
    columns = RunTests(texts="tests", beside="programs").with_beside([PROGRAMS]).judge(None, [TESTS], seed=0)
    # The second test is weak, as f(x) = 4 passes it, and the fourth is none: programs have two tests that count.
    assert [row.score for row in rows] == [1.0, 0.0, 0.0, 0.0]
    assert [entry.score for entry in columns] == [0.25, 0.0, 0.25, 0.0]
    matrix = [json.loads(row.raw)["programs"] for row in rows]
    assert matrix[0] == ["passed", "passed", "passed", "unreadable test"]
    assert matrix[1] == ["wrong", "passed", "wrong", "unreadable test"]
    assert matrix[2] == ["crash", "crash", "crash", "unreadable test"]
    assert [json.loads(entry.raw)["tests"] for entry in columns] == [
        list(column) for column in zip(*matrix, strict=True)
    ]
    assert "weak" in columns[1].rationale
    assert "cannot be read" in columns[3].rationale
    assert rows[0].verdict is Verdict.accept


def test_tests_of_another_prompt_count_for_nothing() -> None:
    other = replace(TESTS, prompt=replace(TESTS.prompt, id=2))
    judgments = RunTests(beside="tests").with_beside([other]).judge(None, [PROGRAMS], seed=0)
    assert {judgment.score for judgment in judgments} == {None}


def test_given_tests_are_an_assertion_each_so_that_a_part_counts() -> None:
    (judgment,) = RunTests().judge(None, [given("assert f(2) == 4\nassert f(3) == 6", "assert f(1) == 1")], seed=0)
    assert judgment.score == pytest.approx(2 / 3)
    assert (judgment.verdict, judgment.rationale) == (Verdict.reject, "Passed 2 of 3 tests, 1 wrong.")
    (silent,) = RunTests().judge(None, [given()], seed=0)
    assert (silent.score, silent.verdict) == (None, None)


@pytest.mark.parametrize("tests", [5, {"assert f(2) == 4": 1}, "?"])
def test_what_is_no_list_of_tests_cannot_be_read(tests: object) -> None:
    group = replace(given(), prompt=replace(given().prompt, metadata={"tests": tests}))
    (judgment,) = RunTests().judge(None, [group], seed=0)
    assert (judgment.score, judgment.rationale) == (None, "Not judged: the prompt has no tests that can be read.")


def test_a_test_that_a_model_repeats_without_end_is_run_on_nothing() -> None:
    endless = texts("assert f(2) == 4\nassert f(3) == 6\n" * 200)
    (judgment,) = RunTests(texts="tests", beside="programs").with_beside([PROGRAMS]).judge(None, [endless], seed=0)
    assert (judgment.score, "400 assertions" in judgment.rationale) == (0.0, True)
    (judgment,) = RunTests().judge(None, [given("assert f(2) == 4\n" * 60)], seed=0)
    assert judgment.score == 1.0, "those of the prompt may be more"


@pytest.mark.parametrize(
    ("program", "score", "why"),
    [
        ("def f(x):\n    while True: pass", 0.0, "1 timeout"),
        ("def f(x): raise ValueError", 0.0, "1 crash"),
        ("def f(x):\n    open('a', 'w')", 0.0, "1 forbidden"),
        ("import random\ndef f(x): return random.random()", None, "two runs"),
    ],
)
def test_how_a_program_fails_is_told_apart(program: str, score: float | None, why: str) -> None:
    (judgment,) = RunTests(seconds=1).judge(None, [given("assert f(2) == 4", program=program)], seed=0)
    assert judgment.score == score
    assert why in judgment.rationale


def test_what_it_needs() -> None:
    judge = AllOf(judges=(SurfaceRules(), RunTests(beside="tests")))
    assert (judge.needs_sandbox, judge.reads_beside, judge.needs_engine) == (True, "tests", False)
    judgments = judge.with_beside([TESTS]).judge(None, [PROGRAMS], seed=0)
    assert [judgment.score for judgment in judgments if judgment.position == 1] == [1.0, 0.0, 0.0, 0.0]
