"""What is trained on of a tree: whole right texts, and every step with its value."""

from typing import Any

from backend.selectors.tree_traces import TreeTraces
from backend.selectors.value_rows import ValueRows
from backend.values import LabelSource, Verdict
from tests.groups import by_person, sample
from tests.unit.judges.test_step_value import ASKED, under


def step(id: int, text: str, score: float | None, rest: str = "", *, expanded: bool = False, **changes: Any) -> Any:
    noted = {"rest": rest, "is_whole": True, "is_expanded": expanded}
    return sample(id, text, score=score, extra=noted | changes.pop("extra", {}), **changes)


A, B = step(1, "so\n", 0.5, "x", expanded=True), step(2, "thus\n", 1.0, "then\n#### 4")
A1, A2 = step(3, "#### 4", 1.0), step(4, "#### 7", 0.25)
TREE = [under(None, A, B), under(A, A1, A2)]


def traces(*groups: Any, **knobs: Any) -> Any:
    return TreeTraces(**knobs).select(groups or TREE, seed=1)


def test_every_step_is_a_row_with_its_value() -> None:
    found = ValueRows().select(TREE, seed=0)
    assert [(one.sample_id, one.completion, one.extra) for one in found.examples] == [
        (1, "so\n", {"value": 0.5}), (2, "thus\n", {"value": 1.0}),
        (3, "so\n#### 4", {"value": 1.0}), (4, "so\n#### 7", {"value": 0.25}),
    ]  # fmt: skip
    assert {str(one.messages) for one in found.examples} == {str(ASKED.messages)}
    assert ValueRows.writes == ("value",)


def test_people_give_values_and_steps_without_one_are_left_out() -> None:
    said = by_person(1, Verdict.reject, "so\n", score=0.5), sample(2, "#### 4", score=None), sample(3, " ", score=1.0)
    cut = sample(4, "ha", score=0.5, finish_reason="length")
    right = sample(5, "thus", source=LabelSource.person, verdict=Verdict.accept)
    found = ValueRows().select([under(None, *said, cut, right)], seed=0)
    assert [one.extra["value"] for one in found.examples] == [0.0, 1.0]
    assert found.dropped == {"no score": 1, "empty text": 1, "truncated": 1}
