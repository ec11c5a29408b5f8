"""LADDER's check of integrals (Simonds and Yoshiyama 2025, arXiv 2503.00735, section 3.1.3)."""

import math
import random
from dataclasses import replace

import pytest
from pydantic import ValidationError

from backend.answers import functions
from backend.judges.antiderivative import Antiderivative
from backend.values import Verdict
from tests.groups import texts


def judged(asked: str, *answers: str, **knobs: object) -> list[float | None]:
    group = texts(*(f"so it is <answer>{answer}</answer>" for answer in answers))
    group = replace(group, prompt=replace(group.prompt, messages=[{"role": "user", "content": asked}]))
    return [judgment.score for judgment in Antiderivative(**knobs).judge(None, [group], seed=1)]


@pytest.mark.parametrize(
    ("asked", "right", "wrong"),
    [
        ("Integrate x**2 + 1", "x**3/3 + x", "x**3/3 + 2*x"),
        ("Integrate: 1/(x^2 + 1) dx", "atan(x) + 7", "log(x**2 + 1)"),
        ("Here is a task.\nIntegrate sin(x)*cos(x) with respect to x.", "sin(x)**2/2", "cos(x)**2/2"),
        ("Please integrate x*exp(-x**2).", "-exp(-x**2)/2", "exp(-x**2)/2"),
        ("integrate 1/x", "log(x)", "log(x)/x"),  # half of the places have no logarithm
        ("integrate sqrt(1 - x**2)", "(x*sqrt(1 - x**2) + asin(x))/2", "asin(x)"),  # defined on a tenth of [-10, 10]
    ],
)
def test_an_antiderivative_is_right_whatever_its_constant(asked: str, right: str, wrong: str) -> None:
    assert judged(asked, right, f"{right} - 3", wrong) == [1.0, 1.0, 0.0]


def test_what_is_no_formula_is_wrong_and_what_cannot_be_checked_has_no_score() -> None:
    hacks = ("integrate(x**2)", "Integral(x**2, x)", "__import__('os').system('true')", "x.real", "9**9**9**9", "")
    assert judged("Integrate x**2", *hacks) == [0.0] * len(hacks)
    assert judged("What is love?", "x") == [None]
    assert judged("Integrate sqrt(-1 - x**2)", "x") == [None]
    assert judged("Integrate f(x)", "x") == [None]
    assert judged("Integrate 1/0", "x") == [None]


def test_the_integral_is_simpson_s_and_singularities_are_left_out() -> None:
    judge = Antiderivative()
    # The rule is exact for cubics: from 1.95 to 2.05 the integral of x^3 is (2.05^4 - 1.95^4) / 4.
    assert judge._integral(lambda x: x**3, 2.0) == pytest.approx((2.05**4 - 1.95**4) / 4, rel=1e-12)
    assert judge._integral(lambda x: 1 / x, 0.0) is None
    assert judge._integral(lambda x: 1e9 / x, 0.06) is None
    places = [place for place, _ in judge.integrals(lambda x: math.log(x), random.Random(1))]
    assert places
    assert min(places) > 0.05


def test_a_difference_of_up_to_a_hundredth_is_taken_for_rounding() -> None:
    assert judged("Integrate x", "0.504*x**2", "0.506*x**2") == [1.0, 0.0]
    assert judged("Integrate x", "0.506*x**2", tolerance=0.02) == [1.0]


def test_it_needs_no_known_answer_and_its_patterns_compile() -> None:
    judge = Antiderivative()
    assert not judge.needs_answer
    assert not judge.needs_engine
    (judgment,) = judge.judge(None, [texts("none", answer="x")], seed=0)
    assert judge.label([judgment]) == (None, None)
    with pytest.raises(ValidationError):
        Antiderivative(pattern="(")
    right = Antiderivative().judgment(texts("a").samples[0], 1.0, "")
    assert right.verdict is Verdict.accept


@pytest.mark.parametrize(
    ("text", "at_2"),
    [("2*x + 1", 5.0), ("-x^2", -4.0), ("pi*x", 2 * math.pi), ("sqrt(2*x)/e", 2 / math.e), ("$ln(x)$", math.log(2))],
)
def test_formulas_are_calculated(text: str, at_2: float) -> None:
    function = functions.read(text)
    assert function is not None
    assert function(2.0) == pytest.approx(at_2)


@pytest.mark.parametrize(
    "text", ["", "y", "x if x else 1", "[x]", "sin(x, 2)", "x == 2", "True", "(" * 300, "x" * 500, "1j"]
)
def test_all_else_is_no_formula(text: str) -> None:
    assert functions.read(text) is None


@pytest.mark.parametrize("answer", ["1e999", "x + 1e999", "1e999*x", "exp(800)", "1e300"])
def test_an_answer_beyond_all_numbers_is_wrong(answer: str) -> None:
    assert judged("Integrate x**2", answer) == [0.0]


@pytest.mark.parametrize("asked", ["exp(709)", "1e999*x", "0", "0*x"])
def test_an_integral_that_cannot_be_calculated_or_is_nothing_gives_no_score(asked: str) -> None:
    assert judged(f"Integrate {asked}", "x") == [None]


def test_a_constant_is_right_nowhere() -> None:
    assert judged("Integrate exp(-10*x**2)", "0", "1") in ([0.0, 0.0], [None, None])
    assert judged("Integrate x*exp(-5*x**2)", "0", "-exp(-5*x**2)/10") in ([0.0, 1.0], [None, None])


@pytest.mark.parametrize("asked", ["x**308", "exp(exp(x))", "1e300*x**300 - x**308"])
def test_an_integrand_that_runs_over_at_some_places_is_looked_at_elsewhere(asked: str) -> None:
    assert judged(f"Integrate {asked}", "x") in ([0.0], [None])
