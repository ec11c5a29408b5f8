"""The Countdown task: its checker, its checks, its problems and the files made of them."""

import hashlib
import json
from pathlib import Path

import pytest

from backend.demo import countdown, make_prompts
from backend.demo.countdown import CountdownProblem

MADE = {
    "train.jsonl": "1eafb6c863e921eb30f276b8fdc1e6c7d1b20b6a5c10e9c636f1b4456042b9d8",
    "held_out.jsonl": "bd58e4817ef1558daf3c21f97132d7be3a137921da44b5b294859a12ffdbcae1",
    "judging_seed.jsonl": "f688aa3ad42e4196422bfee0499e5b718bcbe738d73594a2f3a17188f5abf85d",
}
"""SHA-256 of the files that the model which ships was tried on."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    result = tmp_path_factory.mktemp("prompts")
    make_prompts.write(result)
    return result


def _lines(file: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _problem(text: str) -> CountdownProblem:
    problem = countdown.parse_prompt(text)
    assert problem is not None
    return problem


@pytest.mark.parametrize(
    ("answer", "written"),
    [
        ("3*7+5", "3 5 7;21+5=26;Y"),
        ("5+7*3", "3 5 7;5+21=26;Y"),
        (" (3*7) + 5 ", "3 5 7;21+5=26;Y"),
        ("3*(5+7)", "3 5 7;3*12=36;N"),
        ("3-5*7", "3 5 7;3-35=-32;N"),
        ("7-3-5", "3 5 7;4-5=-1;N"),
        ("7-(3-5)", "3 5 7;7--2=9;N"),
        ("3*7+7", "3 7 7;N"),
        ("3*7", "3 7;N"),
        ("26", "?;N"),
        ("3*7+5=26", "?;N"),
        ("3*7+", "?;N"),
        ("3**7+5", "?;N"),
        ("-3+5*7", "?;N"),
        ("(3*7+5", "?;N"),
        ("3*7+5)", "?;N"),
        ("()", "?;N"),
        ("", "?;N"),
        ("__import__('os')", "?;N"),
        ("３*7+5", "?;N"),
        ("(" * 100_000, "?;N"),
    ],
)
def test_check_writes_the_calculation_and_the_verdict(answer: str, written: str) -> None:
    assert countdown.check("3 5 7 = 26", answer) == written
    assert countdown.is_correct("3 5 7 = 26", answer) is written.endswith("Y")


@pytest.mark.parametrize("text", ["", "hello", "3 5 = 15", "3 5 7", "3 5 7 = 26!", "30 5 7 = 42", "0 5 7 = 12"])
def test_nothing_is_correct_for_a_text_that_is_no_problem(text: str) -> None:
    assert countdown.parse_prompt(text) is None
    assert not countdown.is_correct(text, "3*7+5")


def test_a_target_may_be_negative() -> None:
    assert countdown.is_correct("3 5 7 = -4", "3*(5-7)+0") is False
    assert countdown.check("3 5 7 = -6", "3*(5-7)") == "3 5 7;3*-2=-6;Y"


def test_repeated_digits_are_counted() -> None:
    assert countdown.is_correct("3 3 7 = 30", "3*(3+7)")
    assert not countdown.is_correct("3 3 7 = 52", "3+7*7")
    assert not countdown.is_correct("3 5 7 = 30", "3*(3+7)")


def test_prompt_keeps_the_order_of_digits_and_reads_back() -> None:
    problem = CountdownProblem((7, 3, 5), 26)
    assert countdown.prompt(problem) == "7 3 5 = 26"
    assert countdown.parse_prompt("7 3 5 = 26") == problem


def test_judge_prompt_fills_the_template_once() -> None:
    assert countdown.JUDGE_TEMPLATE == "{prompt}? {response}"
    assert countdown.judge_prompt("3 5 7 = 26", "3*7+5") == "3 5 7 = 26? 3*7+5"
    assert countdown.judge_prompt("{response}", "{prompt}") == "{response}? {prompt}"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("3 5 7;21+5=26;Y", True),
        ("?;N", False),
        ("3 7 7;N\n", False),
        ("Y", None),
        ("3 5 7;21+5=26;", None),
        ("", None),
    ],
)
def test_verdict_is_read_from_the_end(text: str, verdict: bool | None) -> None:
    assert countdown.parse_verdict(text) is verdict


def test_solutions_are_all_ways_without_brackets() -> None:
    assert countdown.solutions(CountdownProblem((7, 5, 3), 26)) == ("3*7+5", "5+3*7", "5+7*3", "7*3+5")
    assert countdown.solutions(CountdownProblem((3, 5, 7), 36)) == ()
    assert countdown.solutions(CountdownProblem((3, 5, 7), 27)) == ()


def test_problems_are_solvable_distinct_and_drawn_by_seed() -> None:
    problems = countdown.make_problems(500, seed=7)
    assert problems == countdown.make_problems(500, seed=7)
    assert problems != countdown.make_problems(500, seed=8)
    assert len(set(problems)) == 500
    assert all(problem.target >= 0 for problem in problems)
    for problem in problems:
        answers = countdown.solutions(problem)
        assert answers
        assert all(countdown.is_correct(countdown.prompt(problem), answer) for answer in answers)


def test_excluded_problems_are_not_drawn() -> None:
    taken = countdown.make_problems(6_000, seed=7)
    rest = countdown.make_problems(100, seed=8, exclude=taken)
    assert not set(taken) & set(rest)
    with pytest.raises(ValueError, match="problems are left, 1000 were asked for"):
        countdown.make_problems(1_000, seed=8, exclude=taken)


def test_the_files_share_no_problem(folder: Path) -> None:
    train = {_problem(row["prompt"]) for row in _lines(folder / "train.jsonl")}
    held_out = {_problem(row["prompt"]) for row in _lines(folder / "held_out.jsonl")}
    seed = {_problem(row["prompt"].split("?")[0]) for row in _lines(folder / "judging_seed.jsonl")}
    base = {problem for problem in seed if countdown.solutions(problem)}
    assert (len(train), len(held_out)) == (4_800, 400)
    assert base <= set(make_prompts.split(0)[0])
    assert not train & held_out
    assert not base & held_out
    assert not base & train


def test_the_judging_rows_are_right(folder: Path) -> None:
    solved, verdicts = 0, []
    for row in _lines(folder / "judging_seed.jsonl"):
        problem, separator, answer = row["prompt"].partition("? ")
        if separator:
            assert row["answer"] == countdown.check(problem, answer)
            verdicts.append(countdown.parse_verdict(row["answer"]))
        else:
            assert countdown.is_correct(row["prompt"], row["answer"])
            solved += 1
    assert solved == make_prompts.NUM_SOLVED
    assert 0.36 < verdicts.count(True) / len(verdicts) < 0.46


def test_the_files_are_the_same_every_time(folder: Path) -> None:
    assert {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in MADE} == MADE
