"""What is refused before a launch, as far as it needs no database."""

import pytest

from backend import recipes, sandbox
from backend.errors import MissingPrerequisite
from backend.judges.all_of import AllOf
from backend.judges.exact_match import ExactMatch
from backend.judges.run_tests import RunTests
from backend.judges.step_value import StepValue
from backend.metrics.held_out_accuracy import HeldOutAccuracy
from backend.registry import Part
from backend.services.plans.checks import check_sandbox, readiness_warnings, runs_programs
from backend.trainers.grpo import GRPO
from backend.trainers.sft import SFT


@pytest.mark.parametrize(
    ("part", "does"),
    [
        (RunTests(), True),
        (AllOf(judges=(ExactMatch(), RunTests())), True),
        (StepValue(outcome=RunTests()), True),
        (HeldOutAccuracy(verifier=RunTests()), True),
        (GRPO(reward=RunTests()), True),
        (AllOf(judges=(ExactMatch(),)), False),
        (HeldOutAccuracy(), False),
        (SFT(), False),
    ],
)
def test_a_part_that_holds_one_that_runs_programs_runs_programs(part: Part, does: bool) -> None:
    assert runs_programs(part) is does


def test_a_metric_that_runs_programs_is_refused_without_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise MissingPrerequisite("There is no bubblewrap.")

    monkeypatch.setattr(sandbox, "check", missing)
    recipe = recipes.get("rejection_sampling")
    check_sandbox(recipe, 0)
    measured = recipe.with_changes({"metrics": [HeldOutAccuracy(verifier=RunTests()).dump()]})
    with pytest.raises(MissingPrerequisite, match=r"^The metric held_out_accuracy runs programs that a model wrote"):
        check_sandbox(measured, 0)
    (text,) = readiness_warnings(measured, 0)
    assert text.endswith("There is no bubblewrap.")
    assert readiness_warnings(recipe, 0) == []
