"""Every step of a tree as a row with its value."""

from backend.selectors.value_rows import ValueRows
from backend.values import LabelSource, Verdict
from tests.groups import by_person, sample
from tests.trees import TREE
from tests.unit.judges.test_step_value import ASKED, under


def test_every_step_is_a_row_with_its_value() -> None:
    selection = ValueRows().select(TREE, seed=0)
    assert [(example.sample_id, example.completion, example.extra) for example in selection.examples] == [
        (1, "so\n", {"value": 0.5}),
        (2, "thus\n", {"value": 1.0}),
        (3, "so\n#### 4", {"value": 1.0}),
        (4, "so\n#### 7", {"value": 0.25}),
    ]
    assert {str(example.messages) for example in selection.examples} == {str(ASKED.messages)}
    assert ValueRows.writes == ("value",)


def test_people_give_values_and_steps_without_one_are_left_out() -> None:
    samples = (
        by_person(1, Verdict.reject, "so\n", score=0.5),
        sample(2, "#### 4", score=None),
        sample(3, " ", score=1.0),
    )
    cut = sample(4, "ha", score=0.5, finish_reason="length")
    right = sample(5, "thus", source=LabelSource.person, verdict=Verdict.accept)
    selection = ValueRows().select([under(None, *samples, cut, right)], seed=0)
    assert [example.extra["value"] for example in selection.examples] == [0.0, 1.0]
    assert selection.dropped == {"no score": 1, "empty text": 1, "truncated": 1}
