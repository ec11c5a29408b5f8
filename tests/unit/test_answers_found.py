"""Answers as people and models really write them, read as the field's harnesses do."""

import json
import threading
import time
from pathlib import Path

import pytest

from backend import answers
from backend.answers import Known
from backend.judges.exact_match import ExactMatch
from tests.groups import texts

FOUND = Path(__file__).parents[1] / "data" / "found" / "answers_read.jsonl"
ROWS = [json.loads(line) for line in FOUND.read_text(encoding="utf-8").splitlines()]


def score(text: str, known: str, **changes: object) -> float | None:
    return ExactMatch().judge(None, [texts(text, answer=known, **changes)], seed=1)[0].score


@pytest.mark.parametrize("row", [row for row in ROWS if "known" not in row], ids=lambda row: row["text"][:30])
def test_answers_that_were_read_wrong(row):
    assert answers.extract(row["text"]) == row["wanted"]
    assert score(row["text"], row["wanted"]) == 1.0


@pytest.mark.parametrize("row", [row for row in ROWS if "known" in row], ids=lambda row: row["text"])
def test_answers_that_were_taken_as_equal(row):
    assert score(row["text"], row["known"]) == 0.0
    assert answers.normalise(row["text"]) != answers.normalise(row["known"])


CASES = {
    "prose": [
        ("The answer to this arithmetic problem is 6.", "6", 1),
        ("The final answer to the problem is: **6**.", "6", 1),
        ("The answer is approximately 6 apples.", "6", 1),
        ("So the answer would be 6, because 2 * 3 = 6 and 10 is wrong.", "6", 1),
        ("The answer is 2 * 3 = 6.", "6", 1),
        ("The answer is the sum of 2 and 4, which is 6.", "6", 1),
        ("The answer is not 5 but 6.", "6", 1),
        ("2 * 3 equals 6", "6", 1),
        ("To solve it, multiply:\n\n2 * 3 = 6\n\nTherefore, she has 6 apples.", "6", 1),
        ("2 * 3 = 6\n\nLet me know if you need more help!", "6", 1),
        ("The answer to this arithmetic problem is 7.", "6", 0),
        ("I have 6 apples, so the answer is 7.", "6", 0),
        ("It is 6 and the total is 7.", "6", 0),
        ("Final Answer: The final answer is $6$. I hope it is correct.", "6", 1),
        ("Result: 6", "6", 1),
        ("答案：6", "6", 1),
        ("Antwort: 6", "6", 1),
        ("<answer>6</answer>", "6", 1),
        ("Answer:\n\n**6**", "6", 1),
        ("x = 6", "6", 1),
        ("The answer is x = 6.", "6", 1),
    ],
    "words after the last answer": [
        ("**Answer:** 6\n\nLet me know if this answer is correct!", "6", 1),
        ("Answer: 6\nI hope this answer is helpful.", "6", 1),
        ("Answer: 6 (the answer is final)", "6", 1),
        ("Answer: 6\n\nThe answer is given above.", "6", 1),
        ("#### 6\nIs this the answer? The answer is yes.", "6", 1),
        ("The answer is 6. This answer is right.", "6", 1),
    ],
    "thinking": [
        ("<think>The answer is 5</think>6", "6", 1),
        ("<think>The answer is 6</think>5", "6", 0),
        ("The answer is 5</think>\n6", "6", 1),
        ("<think>The answer is 6", "6", None),
        ("<think>The answer is 6</think>", "6", None),
        ("[THINK]5[/THINK]The answer is 6", "6", 1),
        ("<thinking>\\boxed{5}</thinking>\\boxed{6}", "6", 1),
    ],
    "nothing to read": [
        ("", "6", None),
        (" \n\t ", "6", None),
        ("I cannot answer this question.", "6", None),
        ("The answer is below.", "6", None),
        ("Sure! Here is how to solve it.", "6", None),
        ("six hundred and some", "6", None),
        ("\\boxed{3} and then \\boxed{4", "3", None),
        ("I am sorry.", "Paris", None),
        ("The weather has been lovely in the north all week.", "Paris", None),
    ],
    "separators": [
        ("1,234", "1234", 1),
        ("The answer is 1,234.", "1234", 1),
        ("1 234", "1234", 1),
        ("0,125", "125", 0),
        ("0,125", "0.125", 1),
        ("The answer is 0,125.", "125", 0),
        ("1.234", "1234", 0),
        ("1,23", "123", 0),
        ("12,34,567", "1234567", 1),
        ("1{,}234", "1234", 1),
        ("１２", "12", 1),
    ],
    "fractions, percentages, units": [
        ("The answer is 1/2.", "0.5", 1),
        (r"\boxed{\frac{1}{2}}", "0.5", 1),
        (r"The answer is $\dfrac{332}{971}$.", r"$\dfrac{332}{971}$", 1),
        ("332/971", r"$\dfrac{332}{971}$", 1),
        ("664/1942", r"$\dfrac{332}{971}$", 1),
        ("1 1/2", "1.5", 1),
        ("½", "0.5", 1),
        ("The answer is 50%.", "50%", 1),
        ("The answer is 50.", "50%", 1),
        ("0.5", "50%", 1),
        ("The answer is 5%.", "50%", 0),
        ("The answer is $18.", "18", 1),
        ("$18.00", "18", 1),
        ("The answer is 18 dollars.", "$18", 1),
        ("The answer is 5 km.", "5 m", 0),
        ("The answer is 5 kilometers.", "5 km", 1),
        ("The answer is 5.", "5 km", 1),
        ("12 apples", "12", 1),
        ("1/3", "0.333333", 1),
        ("1/3", "0.33", 0),
        ("−3", "-3", 1),
        ("The answer is -3.", "3", 0),
        ("10 - 3", "-3", 0),
    ],
    "exactly": [
        ("123456789012345678901234567890", "123456789012345678901234567891", 0),
        ("123456789012345678901234567890", "123456789012345678901234567890", 1),
        ("9007199254740993", "9007199254740992", 0),
        ("0.1234567", "0.1234568", 0),
        ("0.10", "0.1", 1),
        ("1e3", "1000", 1),
    ],
    "formulas": [
        (r"\boxed{2\sqrt{2}}", r"\sqrt{8}", 1),
        ("The answer is $x^2 + 2x + 1$.", "(x+1)^2", 1),
        ("(1, 2)", "(1,2)", 1),
        ("The point is (1, 2).", "(1, 2)", 1),
        ("The point is (2, 1).", "(1, 2)", 0),
        (r"$\pi/2$", r"\frac{\pi}{2}", 1),
        ("['1', '2']", "['1', '2']", 1),
        ("The sorted list is ['1', '2'].", "['1', '2']", 1),
        (r"\boxed{x = 5}", "5", 1),
        (r"\boxed{3i}", "3", 0),
    ],
    "letters": [
        ("The answer is (B).", "B", 1),
        ("Answer: B. Paris", "B", 1),
        ("**B**", "B", 1),
        (r"\boxed{\text{B}}", "B", 1),
        ("B) Paris", "B", 1),
        ("I choose option B because it is the capital.", "B", 1),
        ("The correct answer is A, not B.", "A", 1),
        ("The answer is A good one is hard to find", "A", None),
        ("(A) is wrong, so it must be (C)", "C", 1),
        ("The answer is (B).", "C", 0),
        ("Nothing fits.", "B", None),
        ("(b) is wrong", "(B)", None),
    ],
    "words": [
        ("The answer is Paris.", "Paris", 1),
        ("paris", "Paris", 1),
        ("**Paris**", "Paris", 1),
        ("Answer: Paris (the capital of France)", "Paris", 1),
        ("The capital of France is Paris.", "Paris", 1),
        ("Lyon", "Paris", 0),
        ("The answer is Lyon.", "Paris", 0),
        ("Yes, it is a prime number, as 7 has no divisors.", "yes", 1),
        ("No, it is not a prime number, as 8 has divisors.", "yes", 0),
        ("The answer is not Paris.", "Paris", None),
        ("It took 03:30:57 in all, I think it was a long day.", "03:30:57", 1),
        ("It took 03:30:58 in all, I think it was a long day.", "03:30:57", 0),
        ("The answer is 'derih'.", "derih", 1),
    ],
}


@pytest.mark.parametrize(
    ("text", "known", "wanted"),
    [case for cases in CASES.values() for case in cases],
    ids=lambda value: repr(value)[:40],
)
def test_reads_and_compares(text, known, wanted):
    assert score(text, known) == wanted


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("3*7+5", "3*7+5"),
        ("5 + 3 = 8", "8"),
        ("5 + 3 = 8\n\nI hope this helps!", "8"),
        ("So there are 8 apples in all of the baskets.", "8"),
        ("I cannot answer this.", None),
        ("Paris", "Paris"),
        ("(3, 4)", "(3, 4)"),
        ("Let us go through what has been asked step by step.", None),
    ],
)
def test_reads_without_knowing_the_answer(text, answer):
    assert answers.extract(text) == answer


def test_votes_for_one_answer_are_equal_strings():
    replies = [
        "8",
        "The answer is 8.",
        "5 + 3 = 8",
        "**8**",
        r"\boxed{8}",
        "#### 8.0",
        "There are 8 apples left on the tree.",
    ]
    assert {answers.normalise(answers.extract(text) or "") for text in replies} == {"8"}


def test_a_text_that_was_cut_off_counts_where_it_gave_its_answer():
    assert score("The answer is 6. To see why, take", "6", finish_reason="length") == 1.0
    assert score("First, 2 * 3 = 6", "6", finish_reason="length") is None


def test_a_solution_may_be_the_known_answer():
    assert score("72", "48+24 = <<48+24=72>>72\n#### 72") == 1.0
    assert score("1/2", "We get\n$x = 0.5$, so \\boxed{\\frac{1}{2}}.") == 1.0


HOSTILE = [
    "9**9**9",
    "9^9^9",
    "9^{9^{9}}",
    "((9^9)^9)^9",
    "(9^9)^{(9^9)}",
    "2^{99999999}",
    "(x+1)^{99}",
    "99999!",
    "(((9)!)!)!",
    r"\sum_{n=1}^{10^{9}} n",
    r"\int_0^1 x^x",
    "1e999999999",
    "9" * 5000,
    "1/" * 3000,
    "(" * 3000,
    "\\sqrt{" * 3000,
    "x^{24}+" * 20,
    "\\frac{" * 1000,
    "answer is " * 5000,
    "1,000" * 5000,
    "__import__('os').system('true')",
    "{" * 9000,
    "#### " * 5000,
    "\\boxed{" * 5000,
    "1 " * 20000,
    "- " * 20000,
    "($" * 9000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:15])
def test_no_text_takes_long_even_outside_of_the_main_thread(text):
    took: list[float] = []

    def judge() -> None:
        started = time.process_time()
        for known in ("12", "x^2+1", "Paris", "B"):
            assert score(text, known) in (0.0, None)
            assert score(f"The answer is {text}", known) in (0.0, None)
        answers.extract(text)
        score("12", text)
        took.append(time.process_time() - started)

    score("2*x", "x+x")  # math-verify is imported once
    thread = threading.Thread(target=judge)
    thread.start()
    thread.join(60)
    assert took
    assert took[0] < 5


def test_kinds_of_known_answers():
    kinds = {
        written: Known.of(written).kind.name for written in ("12 apples", "B", "(C)", "x^2", "Paris", "03:30", "50%")
    }
    assert kinds == {
        "12 apples": "number",
        "B": "choice",
        "(C)": "choice",
        "x^2": "formula",
        "Paris": "words",
        "03:30": "words",
        "50%": "number",
    }


def test_agrees_with_people_on_the_replies_of_a_real_model():
    """241 replies of SmolLM2-135M-Instruct, most to sums, labelled by reading: 1 right, 0 wrong, None no answer."""
    lines = (FOUND.parents[1] / "smollm2_replies.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    values = [score(row["text"], row["answer"], finish_reason=row["finish_reason"]) for row in rows]
    is_same = [value == row["label"] for value, row in zip(values, rows, strict=True)]
    is_as_right = [(value == 1) == (row["label"] == 1) for value, row in zip(values, rows, strict=True)]
    assert sum(is_as_right) / len(rows) >= 0.98
    assert sum(is_same) / len(rows) >= 0.94
