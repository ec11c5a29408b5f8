import pytest

from backend.judges.by_construction import ByConstruction
from backend.values import Group, Verdict
from tests.groups import prompt, sample


def verdicts(part: ByConstruction, *samples) -> list[tuple[int, float | None, Verdict | None]]:
    return [(j.sample_id, j.score, j.verdict) for j in part.judge(None, [Group(prompt(), samples)], seed=0)]


def test_the_condition_is_the_label_whatever_the_text_says():
    part = ByConstruction(accepted=("better",), rejected=("worse",))
    better = sample(1, "Score: 0", extra={"condition": "better"})
    worse = sample(2, "Score: 10", extra={"condition": "worse"})
    assert verdicts(part, better, worse) == [(1, 1.0, Verdict.accept), (2, 0.0, Verdict.reject)]


def test_a_text_without_a_condition_is_judged_by_who_wrote_it():
    part = ByConstruction(accepted=("data",), rejected=("policy",))
    assert verdicts(part, sample(1, role="data"), sample(2)) == [(1, 1.0, Verdict.accept), (2, 0.0, Verdict.reject)]


def test_other_origins_get_no_word():
    assert verdicts(
        ByConstruction(accepted=("data",)), sample(1), sample(2, role="data", extra={"condition": "x"})
    ) == [
        (1, None, None),
        (2, None, None),
    ]
    assert ByConstruction().may_be_silent


def test_an_origin_cannot_be_good_and_bad():
    with pytest.raises(ValueError, match="'a' is both accepted and rejected"):
        ByConstruction(accepted=("a", "b"), rejected=("a",))
