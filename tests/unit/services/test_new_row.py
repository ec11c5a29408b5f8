"""The row that an act becomes, worked out from what was read, without a database."""

from types import SimpleNamespace
from typing import Any

import pytest

from backend.db import tables
from backend.errors import InvalidInput
from backend.services.access import Actor
from backend.services.decisions.acts import Act, ActPlace, Earlier, Kept
from backend.services.decisions.new_row import row_for
from backend.services.review_settings import ReviewSettings
from backend.values import DecisionKind, SampleKind, Verdict

ANN = Actor(7, "ann")
ROUND = tables.Round(id=3, project_id=2, is_blind=True, recipe={"judge": {"lowest": 1, "highest": 5}}, phase=0)
PLACE = ActPlace(11, 5, (11, 12), SampleKind.completion, False, True, {11: (2.0, Verdict.reject), 12: (4.0, None)})


def written(kind: DecisionKind, rows: Any = (), kept: Kept | None = None, **more: Any) -> tables.Decision:
    act = Act("act-0001", kind, 11, **more)
    before = Earlier(PLACE, rows)
    return row_for(ANN, ROUND, act, ReviewSettings(), before, kept or Kept(), is_adjudication=False)


def earlier(kind: DecisionKind, sample_id: int = 11, **more: Any) -> Any:
    fields = {"user_id": 7, "stands": True, "batch_id": None, "is_adjudication": False, "client_id": "act-0000"}
    return SimpleNamespace(kind=kind, sample_id=sample_id, **(fields | more))


def test_what_only_the_server_knows_of_a_decision() -> None:
    first = written(DecisionKind.accept)
    assert (first.is_override, first.is_blind, first.value) == (True, True, {}), "the judge rejected it, and was hidden"
    again = written(DecisionKind.reject, [earlier(DecisionKind.accept)])
    assert (again.is_override, again.is_blind) == (False, False), "the judge's view came with the first decision"
    assert again.value == {"replaces": ["act-0000", DecisionKind.accept]}
    others = written(DecisionKind.reject, [earlier(DecisionKind.accept, user_id=8), earlier(DecisionKind.accept, 12)])
    assert (others.is_blind, others.value) == (True, {})
    late = written(DecisionKind.accept, kept=Kept(late_because="1 other has decided this"))
    assert (late.is_late, late.is_random, late.value) == (True, False, {"late_because": "1 other has decided this"})


def test_a_decision_on_a_group_names_its_own_samples_each_once() -> None:
    best = written(DecisionKind.prefer, value={"best": 11, "worst": None})
    assert (best.sample_id, best.mode, best.is_override) == (11, "group", True), "12 has the highest score"
    with pytest.raises(InvalidInput, match="Sample 13 is not in this group"):
        written(DecisionKind.rank, value={"order": [11, 13]})
    with pytest.raises(InvalidInput, match="named twice"):
        Act("act-0001", DecisionKind.rank, 11, value={"order": [11, 11]})
    with pytest.raises(InvalidInput, match="not on this round's scale"):
        written(DecisionKind.score, score=6)
