"""Gulcehre et al. 2023 (ReST), arXiv 2308.08998: one set of samples, a fixed scorer, several rising improve steps."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, tables
from backend.recipes import Recipe
from backend.values import RoundStatus, Verdict
from tests.integration.loop import Loop, rows_of_round
from tests.integration.test_rounds_scored import SMALL, SOLVER
from tests.integration.test_rounds_scored import tiny as tiny  # a fixture
from tests.rows import make_checkpoint

RECIPE = recipes.get("rest")
STEPS = RECIPE.phases[0].steps
PLACES = RECIPE.places()


def test_texts_are_made_and_scored_once_before_the_first_training():
    kinds = [step.kind for step in STEPS]
    assert kinds == ["prompt_source", "generator", "judge", *["selector", "trainer"] * 3]
    assert all(place.texts == (1,) for place in PLACES if place.step.kind == "selector"), (
        "all choose among the same texts"
    )


def test_the_scorer_is_fixed():
    """No step trains the role that scores, so it stays what was bound."""
    (judge,) = (step for step in STEPS if step.kind == "judge")
    assert (judge.part.name, judge.by) == ("reward_model", "scorer")
    assert {step.makes for step in STEPS if step.kind == "trainer"} == {"policy"}


def test_the_threshold_rises_strictly_from_improve_step_to_improve_step():
    thresholds = [step.part.threshold for step in STEPS if step.kind == "selector"]
    assert thresholds == sorted(set(thresholds))
    assert len(thresholds) == 3


def test_each_improve_step_goes_on_from_the_one_before_and_sees_its_own_rows_alone():
    trainers = [place for place in PLACES if place.step.kind == "trainer"]
    assert [place.step.part.start for place in trainers] == ["policy"] * 3
    assert [place.rows for place in trainers] == [(3,), (5,), (7,)]
    rates = [place.step.part.learning_rate for place in trainers]
    assert rates == sorted(set(rates), reverse=True)


def rest() -> Recipe:
    data = recipes.get("rest").model_dump(mode="json") | {"metrics": [], "groups_per_batch": 2}
    for step in data["steps"]:
        knobs: dict[str, Any] = {"generator": {"n": 3, "max_tokens": 3}, "selector": {"drop_truncated": False}}
        changes = knobs.get(step["kind"], {}) | (
            {n: SMALL[n] for n in ("max_steps", "max_length")} if step["kind"] == "trainer" else {}
        )
        step["part"] |= changes
    return Recipe.model_validate(data)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_rest_trains_three_times_on_ever_fewer_texts_of_one_set(tiny: Path) -> None:
    """The scorer, a table of the last letter, stays what was bound; each training goes on from the one before."""
    loop = Loop(rest(), SOLVER, tiny)
    loop.policy = make_checkpoint(loop.project, "real", parent=loop.base, engine=dict(loop.base.engine))
    letters = [{"pattern": f"[{some}]\\Z", "number": n} for n, some in enumerate(("a-h", "i-p", "q-z", "A-M", "N-Z"))]
    ratings = [*letters, {"pattern": "", "number": -1.0}]
    scorer = make_checkpoint(loop.project, "table", engine={"name": "scripted", "ratings": ratings})
    round_id = loop.launch(roles={"scorer": scorer.id})
    ended = loop.run(round_id, trains=True)
    assert ended.status is RoundStatus.done, ended.error
    result = rows_of_round(round_id)
    assert len({(row[1], row[6]) for row in result["texts"]}) == len(result["texts"]) == 15
    assert {row[4] for row in result["texts"]} == {1}
    kept = [
        {(row["prompt"][0]["content"], row["completion"][0]["content"]) for row in result["rows"][n]} for n in (3, 5, 7)
    ]
    assert kept[0] > kept[1] >= kept[2] > set()
    assert all((row[8] >= 0) is (row[9] is Verdict.accept) for row in result["texts"])
    with reading() as db:
        rows = db.scalars(select(tables.Checkpoint).order_by(tables.Checkpoint.id).offset(4)).all()
    assert [record.name for record in rows] == ["round-1-step-5", "round-1-step-7", "round-1"]
    assert [record.parent_id for record in rows] == [loop.policy.id, rows[0].id, rows[1].id]
    assert ended.checkpoint_id == rows[2].id
