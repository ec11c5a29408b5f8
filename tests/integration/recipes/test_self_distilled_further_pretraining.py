"""Lee et al. 2022, arXiv 2210.02871: what makes it that method."""

from pathlib import Path

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, tables
from backend.recipes import Recipe
from tests.integration.loop import dying, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_texts import ONE_STEP, TEXTS, Documents, checkpoint, record

RECIPE = recipes.get("self_distilled_further_pretraining")
FIRST, LATER = RECIPE.phases


def test_a_copy_is_adapted_and_then_the_original_weights_are_pulled_to_it():
    adapt, distil = FIRST.steps[2], FIRST.steps[4]
    assert (adapt.part.name, adapt.part.start, adapt.makes) == ("sft", "base", "adapted")
    assert (distil.part.name, distil.part.start, distil.part.reference) == ("hidden_state_sft", "base", "adapted")
    assert (distil.makes, RECIPE.product) == ("policy", "policy")


def test_both_learn_the_same_texts():
    assert FIRST.steps[1].part == FIRST.steps[3].part
    assert [place.source for place in RECIPE.places(0)[1:4:2]] == [0, 0]


def test_later_rounds_restart_from_the_base_and_distil_from_the_last_one():
    (distil,) = (step.part for step in LATER.steps if step.kind == "trainer")
    assert (distil.start, distil.reference, distil.pull) == ("base", "policy", 1.0)
    assert [RECIPE.phase_of(n) for n in range(3)] == [0, 1, 1]


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_further_pre_training_is_distilled_into_the_weights_it_began_with(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = recipes.get("self_distilled_further_pretraining")
    data = recipe.with_changes({"metrics": []}).model_dump(mode="json")
    for phase in data["phases"]:
        for step in phase["steps"]:
            step["part"] |= ONE_STEP if step["kind"] == "trainer" else {}
    loop = Documents(Recipe.model_validate(data), tiny)
    with dying(monkeypatch) as kills:
        first = loop.ran()
    assert kills[0] >= 5
    with reading() as db:
        (adapted,) = db.scalars(
            select(tables.RoundRole).where(tables.RoundRole.round_id == first.id, tables.RoundRole.step >= 0)
        )
        assert len(db.scalars(select(tables.Checkpoint)).all()) == 4, "each training ran once"
    assert adapted.role == "adapted"
    copy, product = checkpoint(adapted.checkpoint_id), checkpoint(first.checkpoint_id)
    assert (copy.parent_id, product.parent_id) == (loop.base.id, loop.base.id)
    spec = record(product.id)["spec"]
    assert spec["policy"] == str(tiny)
    assert spec["reference"].endswith(copy.location)
    assert record(product.id)["metrics"]["distance"] > 0
    rows = rows_of_round(first.id)["rows"]
    assert rows[1] == rows[3]
    assert sorted(row["text"] for row in rows[3]) == sorted(TEXTS)
    # The next round begins again with the base, and the last one teaches.
    second = loop.after(first, loop.prompts)
    spec = record(second.checkpoint_id)["spec"]
    assert (second.phase, checkpoint(second.checkpoint_id).parent_id) == (1, loop.base.id)
    assert spec["policy"] == str(tiny)
    assert spec["reference"].endswith(product.location)
