import pytest

from backend.judges.agrees_with_label import AgreesWithLabel
from backend.judges.read_critique import ReadCritique
from backend.judges.written_verdict import WrittenVerdict
from backend.values import Group, Verdict
from tests.groups import prompt, sample

ITEM = sample(1, "an answer", score=4.0, verdict=Verdict.accept)


def about(parent, *texts: str) -> Group:
    return Group(prompt(), tuple(sample(10 + n, text) for n, text in enumerate(texts)), parent=parent)


def scores(part: AgreesWithLabel, *groups: Group) -> list[float | None]:
    return [judgment.score for judgment in part.judge(None, groups, seed=0)]


def test_a_judgment_is_good_if_it_states_the_known_score():
    group = about(ITEM, "well\nScore: 4", "poor\nScore: 2", "no score")
    assert scores(AgreesWithLabel(), group) == [1.0, 0.0, None]


def test_scores_may_differ_by_the_tolerance():
    group = about(ITEM, "Score: 3.5", "Score: 5", "Score: 2.9")
    assert scores(AgreesWithLabel(tolerance=1.0), group) == [1.0, 1.0, 0.0]


def test_a_critique_is_good_if_its_verdict_is_the_known_one():
    part = AgreesWithLabel(reader=ReadCritique(), by="verdict")
    group = about(ITEM, "Verdict: right", "First wrong step: 1\nVerdict: wrong")
    assert scores(part, group) == [1.0, 0.0]


def test_without_a_label_nothing_can_agree():
    unknown = sample(1, "an answer")
    assert scores(AgreesWithLabel(), about(unknown, "Score: 4"), about(None, "Score: 4")) == [None, None]
    assert AgreesWithLabel().may_be_silent
    assert AgreesWithLabel().reads_parents


def test_the_reader_computes():
    with pytest.raises(ValueError, match="does not read texts"):
        AgreesWithLabel(reader=WrittenVerdict())
