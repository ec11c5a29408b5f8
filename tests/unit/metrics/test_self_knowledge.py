from dataclasses import replace

import pytest

from backend.metrics import Evidence
from backend.metrics.self_knowledge import SelfKnowledge
from backend.values import MetricValue
from tests.groups import texts


def measures_of(*pairs: tuple[str | None, str]) -> dict[str, MetricValue]:
    """Of known answers and what was said."""
    groups = [replace(g, samples=(replace(g.samples[0], position=0),)) for g in (texts(s, answer=a) for a, s in pairs)]
    return {measure.name: measure for measure in SelfKnowledge().compute(Evidence(held_out=groups))}


def test_precision_recall_and_f1_by_hand() -> None:
    """Infeasible: 2 said rightly, 1 wrongly, 1 missed, 1 unreadable: 2/3, 2/4, F1 = 4 / (3 + 4)."""
    values = measures_of(
        ("infeasible", "No senses: infeasible."),
        ("infeasible", "Infeasible"),
        ("infeasible", "feasible"),
        ("Infeasible", "I cannot tell"),
        ("feasible", "It is not infeasible but hard, so infeasible"),
        ("feasible", "Not infeasible; it is feasible."),
        ("4", "infeasible"),
        (None, "infeasible"),
    )
    assert values["self_knowledge_precision"].value == pytest.approx(2 / 3)
    assert (values["self_knowledge_recall"].value, values["self_knowledge_recall"].n) == (0.5, 4)
    assert values["self_knowledge_f1"].value == pytest.approx(4 / 7)
    assert values["self_knowledge_f1"].details == {"prompts": 6, "unreadable": 1}
    assert values["self_knowledge_precision"].low is not None


def test_nothing_is_computed_of_nothing() -> None:
    assert {metric_value.value for metric_value in measures_of().values()} == {None}
    values = measures_of(("feasible", "feasible"))
    assert [values[name].value for name in sorted(values)] == [None, None, None]
