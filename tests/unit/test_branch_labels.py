"""Labels of a branch that is judged anew: which scores people gave, and which came from a judge."""

from typing import Any

import pytest

from backend.judges import Judge
from backend.judges.additive_rubric import AdditiveRubric
from backend.pipeline.branch_labels import as_verdict, before_judging, scored
from backend.values import DecisionKind, LabelSource, Verdict


def decision(kind: DecisionKind, score: float | None = None, **more: Any) -> dict[str, Any]:
    return {"sample_id": 1, "user_id": 1, "kind": kind, "score": score, "value": {}, "is_late": False} | more


LABEL = {
    "sample_id": 1,
    "score": 4.0,
    "verdict": Verdict.accept,
    "source": LabelSource.person,
    "machine_score": 2.0,
    "machine_verdict": Verdict.reject,
    "machine_spread": None,
    "is_unparsed": False,
    "is_overridden": True,
}
"""A person accepted what the first judge scored 4; a second judge then scored it 2."""
FIRST: dict[int, Judge] = {2: AdditiveRubric()}
SAID = {"sample_id": 1, "judge": "additive_rubric", "position": 0, "score": 3.0, "verdict": None, "step": 2}


def test_a_score_that_a_judge_gave_is_no_persons() -> None:
    assert scored([LABEL], [decision(DecisionKind.accept)]) == set()
    assert scored([LABEL], [decision(DecisionKind.score, 4.0)]) == {1}
    assert scored([LABEL], [decision(DecisionKind.score, 3.0), decision(DecisionKind.score, 5.0, user_id=2)]) == {1}
    assert scored([LABEL], [decision(DecisionKind.score, 4.0, is_late=True)]) == set()
    assert scored([LABEL], [decision(DecisionKind.score, 4.0), decision(DecisionKind.accept)]) == set()
    assert scored([LABEL], [decision(DecisionKind.rank, value={"order": [1, 2]})]) == {1}


def test_it_goes_with_the_judge_and_a_persons_stays() -> None:
    (gone,), (kept,) = (before_judging([LABEL], [SAID], FIRST, own) for own in (set(), {1}))
    assert (gone["score"], gone["machine_score"], gone["verdict"]) == (3.0, 3.0, Verdict.accept)
    assert (kept["score"], kept["machine_score"]) == (4.0, 3.0)


@pytest.mark.parametrize(("score", "kind"), [(4.0, DecisionKind.accept), (2.9, DecisionKind.reject)])
def test_a_score_is_a_verdict_by_the_cut_it_was_given_at(score: float, kind: DecisionKind) -> None:
    reply = decision(DecisionKind.score, score)
    assert as_verdict(reply, None) == reply
    assert as_verdict(reply, 3.0) == reply | {"kind": kind, "score": None}
