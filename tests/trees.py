"""A tree of steps with the value of each, as `tree_search` writes it and `step_value` judges it."""

from typing import Any

from backend.selectors.tree_traces import TreeTraces
from tests.groups import sample
from tests.unit.judges.test_step_value import under


def step(id: int, text: str, score: float | None, rest: str = "", *, expanded: bool = False, **changes: Any) -> Any:
    noted = {"rest": rest, "is_whole": True, "is_expanded": expanded}
    return sample(id, text, score=score, extra=noted | changes.pop("extra", {}), **changes)


A, B = step(1, "so\n", 0.5, "x", expanded=True), step(2, "thus\n", 1.0, "then\n#### 4")
A1, A2 = step(3, "#### 4", 1.0), step(4, "#### 7", 0.25)
TREE = [under(None, A, B), under(A, A1, A2)]


def traces(*groups: Any, **knobs: Any) -> Any:
    return TreeTraces(**knobs).select(groups or TREE, seed=1)
