"""Welleck et al. 2022 (learning to self-correct), arXiv 2211.00053: what makes it that method."""

from pathlib import Path

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, tables
from backend.values import Group, Stage
from tests.groups import prompt, sample
from tests.integration.loop import RIGHT, Loop, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_turns import (
    ANSWERS,
    ONE_DATABASE,
    last,
    last_content,
    scripted,
    short,
    trained,
)
from tests.integration.recipes.turns import Steps, answered

RECIPE = recipes.get("separate_corrector")
STEPS = Steps(RECIPE)
(DRAFTS,) = STEPS.label(2, [Group(prompt(answer="4"), (sample(1, "#### 5"), sample(2, "#### 4")))])


def test_the_generator_stays_as_it_is_and_a_corrector_of_its_own_is_trained():
    assert [place.step.makes for place in STEPS.places if place.step.kind == "trainer"] == ["corrector"]
    assert [place.step.by for place in STEPS.places if place.step.kind == "generator"] == ["policy", "corrector"]
    assert (STEPS.part(8).name, STEPS.part(8).start) == ("sft", "corrector")


def test_the_pool_begins_with_value_improving_pairs_of_drafts():
    (row,) = STEPS.select(3, DRAFTS).examples
    assert row.sample_id == 2
    # A row asks what the corrector is asked.
    (asked, _) = STEPS.ask(4, DRAFTS)
    assert row.messages == asked.prompt.messages


def test_a_rewrite_is_kept_only_if_its_value_is_higher():
    wrong, right = STEPS.ask(4, DRAFTS)
    rewrites = STEPS.label(6, [answered(wrong, "so #### 4", first=11), answered(right, "it is #### 4", first=12)])
    selection = STEPS.select(7, *rewrites)
    assert [row.sample_id for row in selection.examples] == [11]
    assert selection.dropped == {"no better than the draft": 1}
    # From the draft to the rewrite: the row asks about the draft.
    assert rewrites[0].trained is None


def test_the_pool_grows():
    assert RECIPE.earlier_rounds
    assert RECIPE.earlier_rounds_limit == 0
    assert STEPS.places[8].rows == (3, 7)


@pytest.mark.slow
@ONE_DATABASE
def test_separate_corrector_learns_to_rewrite_and_its_pool_grows(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = scripted(Write_a_better_answer=tuple(f"so {line}" for line in ANSWERS), prompt=ANSWERS)
    loop = Loop(short("separate_corrector", drafts={"n": 3}, rewrites={"max_tokens": 4}), engine, tiny)
    ended, result = trained(loop, monkeypatch, roles={"corrector": loop.policy.id})
    assert ended.checkpoint_id is None, "the generator stays as it is"
    pool, rewritten = result["rows"][3], last(result)[len(result["rows"][3]) :]
    assert pool
    assert rewritten
    for row in last(result):
        assert last_content(row, "prompt").startswith("Below stand a task")
        (prompt,) = [entry for entry in RIGHT if entry in last_content(row, "prompt")]
        assert last_content(row, "completion").endswith(f"#### {RIGHT[prompt]}")
        assert f"#### {RIGHT[prompt]}" not in last_content(row, "prompt"), "the draft was wrong"
    assert all(last_content(row, "completion").startswith("so ") for row in rewritten)
    second = loop.launch(parent_id=ended.id, seed=4)
    assert loop.run(second).stage is Stage.train
    with reading() as db:
        role = tables.RoundRole
        corrector = db.scalars(select(role).where(role.round_id == ended.id, role.step >= 0)).one()
        wrote = select(tables.Sample.checkpoint_id).where(tables.Sample.round_id == second, tables.Sample.step == 5)
        assert set(db.scalars(wrote)) == {corrector.checkpoint_id}
    grown = [(last_content(row, "prompt"), last_content(row, "completion")) for row in last(rows_of_round(second))]
    assert {(last_content(row, "prompt"), last_content(row, "completion")) for row in last(result)} <= set(grown)
    assert len(grown) == len(set(grown))
