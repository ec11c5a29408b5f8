"""The row that an act becomes, worked out from what was read, without a database."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from backend.db import tables
from backend.errors import InvalidInput
from backend.services.access import Actor
from backend.services.decisions.acts import Act, ActPlace, DecidedPlace, Target
from backend.services.decisions.new_row import count_change, row_for
from backend.services.decisions.tallies import KeptTally
from backend.services.review_settings import ReviewSettings
from backend.values import DecisionKind, SampleKind, Verdict

ANN = Actor(7, "ann")
ROUND = tables.Round(id=3, project_id=2, is_blind=True, recipe={"judge": {"lowest": 1, "highest": 5}}, phase=0)
MACHINE = {11: (2.0, Verdict.reject), 12: (4.0, None)}
PLACE = ActPlace(11, 5, (11, 12), SampleKind.completion, False, True, False, MACHINE)


def written(
    kind: DecisionKind, rows: Any = (), place: ActPlace = PLACE, *, is_adjudication: bool = False, **more: Any
) -> tables.Decision:
    act = Act("act-0001", kind, 11, **more)
    before = DecidedPlace(**vars(place), earlier=rows)
    return row_for(ANN, ROUND, act, ReviewSettings(), before, is_adjudication=is_adjudication)


def earlier(kind: DecisionKind, sample_id: int = 11, **more: Any) -> Any:
    fields = {"user_id": 7, "stands": True, "batch_id": None, "is_adjudication": False, "client_id": "act-0000"}
    fields |= {"is_late": False, "is_override": False}
    return SimpleNamespace(kind=kind, sample_id=sample_id, **(fields | more))


def test_what_only_the_server_knows_of_a_decision() -> None:
    first = written(DecisionKind.accept)
    assert (first.is_override, first.is_blind, first.value) == (True, True, {}), "the judge rejected it, and was hidden"
    again = written(DecisionKind.reject, [earlier(DecisionKind.accept)])
    assert (again.is_override, again.is_blind) == (False, False), "the judge's view came with the first decision"
    assert again.value == {"replaces": ["act-0000", DecisionKind.accept]}
    others = written(DecisionKind.reject, [earlier(DecisionKind.accept, user_id=8), earlier(DecisionKind.accept, 12)])
    assert (others.is_blind, others.value) == (True, {})
    kept = [earlier(DecisionKind.accept, batch_id="b"), earlier(DecisionKind.accept, stands=False)]
    beside = written(DecisionKind.reject, kept)
    assert (beside.is_blind, beside.value) == (False, {}), "it takes the place of no bulk action, nor of what is gone"


def test_a_known_item_is_gold_unless_it_is_settled() -> None:
    known = replace(PLACE, is_gold=True)
    marks = [(row.is_gold, row.is_adjudication) for row in (written(DecisionKind.accept, place=known),)]
    settled = written(DecisionKind.accept, place=known, is_adjudication=True)
    noted = written(DecisionKind.note, place=known, note="Look at the second line.", is_adjudication=True)
    marks += [(row.is_gold, row.is_adjudication) for row in (settled, noted)]
    assert marks == [(True, False), (False, True), (False, False)]


def test_an_edit_tells_the_repair_that_it_came_from_and_nothing_else() -> None:
    origin = {"source": "repair", "job_id": 4, "instruction": "Shorter."}
    assert written(DecisionKind.edit, text="b", value=origin | {"other": 1}).value == origin
    assert written(DecisionKind.edit, text="b", value={"source": "elsewhere", "job_id": 4}).value == {}


def taken_back() -> tables.Decision:
    row = tables.Decision(id=9, project_id=2, round_id=3, group_id=5, sample_id=12, mode="group")
    retract = Act("act-0002", DecisionKind.retract)
    return row_for(ANN, ROUND, retract, ReviewSettings(), Target(row, (12,), None), is_adjudication=False)


def test_a_retract_is_a_row_where_the_decision_was() -> None:
    row = taken_back()
    assert (row.retracts_id, row.sample_id, row.group_id, row.mode, row.user_id) == (9, 12, 5, "group", 7)
    assert (row.kind, row.client_id, row.value) == (DecisionKind.retract, "act-0002", {})


@pytest.mark.parametrize("row", [written(DecisionKind.accept), taken_back()], ids=["decision", "retract"])
def test_no_column_that_the_database_asks_for_is_left_out(row: tables.Decision) -> None:
    columns = tables.Decision.__table__.c
    asked = {c.name for c in columns if not (c.nullable or c.primary_key or c.default or c.server_default)}
    assert asked <= vars(row).keys()


def test_by_how_much_a_row_changes_its_persons_count() -> None:
    settings, accept = ReviewSettings(), DecisionKind.accept

    def change(kind: DecisionKind, rows: Any = (), **more: Any) -> KeptTally | None:
        row = written(kind, rows, **more)
        row.is_late = False
        return count_change(settings, row, DecidedPlace(**vars(PLACE), earlier=rows))

    assert change(accept) == KeptTally(1, 1, 1), "the judge rejected it"
    assert change(accept, [earlier(DecisionKind.reject)]) == KeptTally(0, 1, 1)
    assert change(accept, [earlier(DecisionKind.reject, user_id=8)]) == KeptTally(1, 1, 1)
    assert change(DecisionKind.skip) == KeptTally()
    assert change(DecisionKind.prefer, value={"best": 11, "worst": None}) is None, "not how the items are decided"
    assert count_change(settings, taken_back(), Target(taken_back(), (12,), None)) is None


def test_a_decision_on_a_group_names_its_own_samples_each_once() -> None:
    best = written(DecisionKind.prefer, value={"best": 11, "worst": None})
    assert (best.sample_id, best.mode, best.is_override) == (11, "group", True), "12 has the highest score"
    with pytest.raises(InvalidInput, match="Sample 13 is not in this group"):
        written(DecisionKind.rank, value={"order": [11, 13]})
    with pytest.raises(InvalidInput, match="named twice"):
        Act("act-0001", DecisionKind.rank, 11, value={"order": [11, 11]})
    with pytest.raises(InvalidInput, match="not on this round's scale"):
        written(DecisionKind.score, score=6)
