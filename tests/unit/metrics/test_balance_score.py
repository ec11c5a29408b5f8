import pytest
from pydantic import ValidationError

from backend.judges.additive_rubric import AdditiveRubric
from backend.metrics import Evidence
from backend.metrics.balance_score import BalanceScore, balance
from backend.values import Group
from tests.groups import prompt, sample


def test_the_formula_by_hand():
    # Zeng et al. 2024 (B-STaR): min(n'/n*, 1) n'/n with n* = 8.
    assert balance(kept=4, right=4, wanted=8) == 0.5
    assert balance(kept=8, right=4, wanted=8) == 0.25
    assert balance(kept=16, right=12, wanted=8) == 0.75
    assert balance(kept=5, right=0, wanted=8) == 0.0


def group(number: int, *texts: str) -> Group:
    """Right is 4."""
    return Group(prompt(id=number, answer="4"), tuple(sample(10 * number + n, t) for n, t in enumerate(texts)))


def test_the_mean_over_prompts_of_which_something_was_kept():
    groups = [
        # Kept: four texts, three of them right. A text that was kept twice counts once.
        group(1, "a #### 4", "a #### 4", "b #### 4", "c #### 4", "d #### 5", "e #### 4"),
        group(2, "#### 4"),
        group(3, "#### 5", "#### 4"),
    ]
    kept = frozenset({10, 11, 12, 13, 14, 20})
    (value,) = BalanceScore(wanted=4).compute(Evidence(round_groups=groups, kept=kept))
    # (3/4 * 3/4 + 1/4 * 1) / 2; nothing was kept of the third.
    assert (value.name, value.value, value.n) == ("balance_score", pytest.approx(0.40625), 2)
    assert value.details == {"nothing_kept": 1}
    assert value.low < 0.40625 < value.high


def test_what_cannot_be_verified_is_not_right():
    (value,) = BalanceScore(wanted=1).compute(Evidence(round_groups=[group(1, "who knows")], kept=frozenset({10})))
    assert value.value == 0.0


def test_nothing_kept_gives_no_number():
    (value,) = BalanceScore().compute(Evidence(round_groups=[group(1, "#### 4")]))
    assert (value.value, value.details) == (None, {"nothing_kept": 1})


def test_a_verifier_that_asks_a_model_is_refused():
    with pytest.raises(ValidationError, match="asks a model"):
        BalanceScore(verifier=AdditiveRubric())
