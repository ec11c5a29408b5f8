"""Judges that a part holds see the texts of a group and its prompt: those that go by more are refused where it holds
them."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from backend.generators.tree_search import TreeSearch
from backend.judges import Judge
from backend.judges.agrees_with_label import AgreesWithLabel
from backend.judges.by_construction import ByConstruction
from backend.judges.consensus import Consensus
from backend.judges.from_children import FromChildren
from backend.judges.novelty import Novelty
from backend.judges.pairwise_swapped import PairwiseSwapped
from backend.judges.relative_length import RelativeLength
from backend.judges.round_trip import RoundTrip
from backend.judges.run_tests import RunTests
from backend.judges.step_value import StepValue
from backend.judges.text_similarity import TextSimilarity
from backend.metrics.held_out_accuracy import HeldOutAccuracy
from backend.metrics.judge_quality import JudgeQuality
from backend.trainers.grpo import GRPO
from backend.trainers.multi_turn_grpo import MultiTurnGRPO

BESIDE = RunTests(beside="tests")
ELSEWHERE: list[Judge] = [
    BESIDE,
    FromChildren(),
    Consensus(),
    Novelty(),
    RelativeLength(),
    TextSimilarity(compare_to="draft"),
    ByConstruction(accepted=("brief",)),
]
HOLDERS: list[Callable[[Judge], Any]] = [
    lambda judge: TreeSearch(judge=judge),
    lambda judge: StepValue(outcome=judge),
    lambda judge: RoundTrip(by=judge),
    lambda judge: AgreesWithLabel(reader=judge),
    lambda judge: GRPO(reward=judge),
    lambda judge: MultiTurnGRPO(reward=TextSimilarity(), verdict_reader=judge),
]


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("judge", ELSEWHERE, ids=lambda judge: str(judge.name))
def test_a_judge_that_looks_elsewhere_is_refused_with_its_name(holder: Callable[[Judge], Any], judge: Judge) -> None:
    assert judge.looks_elsewhere
    with pytest.raises(ValidationError, match=rf"judge {judge.name} .*\. (Choose|Take)"):
        holder(judge)


@pytest.mark.parametrize("metric", [HeldOutAccuracy, JudgeQuality])
@pytest.mark.parametrize("judge", [BESIDE, FromChildren(), Novelty()], ids=lambda judge: str(judge.name))
def test_a_metric_has_no_other_texts_to_give_a_verifier(metric: type[Any], judge: Judge) -> None:
    with pytest.raises(ValidationError, match=rf"verifier {judge.name} compares with texts of another step"):
        metric(verifier=judge)


def test_judges_of_the_texts_themselves_are_held() -> None:
    TreeSearch(judge=PairwiseSwapped())
    StepValue(outcome=RunTests())
    assert not RunTests().looks_elsewhere
