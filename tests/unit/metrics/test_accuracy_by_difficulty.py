import pytest

from backend.metrics import Evidence
from backend.metrics._apart import MOST_VALUES
from backend.metrics.accuracy_by_difficulty import AccuracyByDifficulty
from backend.values import Group, Prompt
from tests.groups import sample


def group(digits: object, known: str | None, *texts: str) -> Group:
    fields = {} if digits is None else {"digits": digits}
    return Group(Prompt(1, [], known, fields), tuple(sample(n, text) for n, text in enumerate(texts, start=1)))


def test_the_greedy_answers_of_each_difficulty_apart():
    held_out = [
        group(1, "4", "#### 4", "#### 5"),
        group("1", "5", "#### 4", "#### 5"),
        group(2.5, "6", "no answer"),
        group(3, "7"),
        group(None, "8", "#### 8"),
        group(3, None, "#### 8"),
    ]
    measures = AccuracyByDifficulty(key="digits").compute(Evidence(held_out=held_out))
    # No answer, and one that cannot be read, are wrong; without a known answer nothing can be told.
    assert [(measure.name, measure.value, measure.n) for measure in measures] == [
        ("accuracy_at_1", 0.5, 2),
        ("accuracy_at_2.5", 0.0, 1),
        ("accuracy_at_3", 0.0, 1),
    ]
    # Wilson for 1 of 2: (0.5 +- 1.96 / (1 + 3.8415 / 2) * sqrt(0.125 + 3.8415 / 16)): 0.0945 to 0.9055.
    assert (measures[0].low, measures[0].high) == (pytest.approx(0.0945, abs=1e-4), pytest.approx(0.9055, abs=1e-4))
    assert AccuracyByDifficulty().compute(Evidence()) == []
    assert AccuracyByDifficulty().scope == "checkpoint"


def test_levels_of_one_name_are_one_number_and_what_is_no_number_is_left_out():
    held_out = [group(1_700_000_000_000.0, "4", "#### 4"), group(1_700_000_000_000.4, "4", "#### 5")]
    measures = AccuracyByDifficulty(key="digits").compute(Evidence(held_out=[*held_out, group(10**400, "4", "#### 4")]))
    assert [(measure.value, measure.n) for measure in measures] == [(0.5, 2)]


def test_many_difficulties_have_one_number_together():
    frequent = [group(n, "4", "#### 4") for n in range(MOST_VALUES) for _ in range(2)]
    *apart, rest = AccuracyByDifficulty(key="digits").compute(
        Evidence(held_out=[group(-1, "4", "#### 4"), group(-2, "4", "#### 5"), *frequent])
    )
    assert [entry.name for entry in apart] == [f"accuracy_at_{n}" for n in range(MOST_VALUES)]
    assert (rest.name, rest.value, rest.n, rest.details) == ("accuracy_at_other_difficulties", 0.5, 2, {"values": 2})
