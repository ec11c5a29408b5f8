"""An estimate tells of the project's own prompt sets alone, whoever asks."""

from dataclasses import replace

import pytest

from backend import demo, recipes
from backend.db import reading, session, tables
from backend.errors import InvalidInput
from backend.services import rounds
from backend.services.access import Actor
from backend.services.checkpoints import model_checks
from backend.services.plans import checks, contexts
from backend.values import Role, SetUse, Split
from tests import rows

pytestmark = pytest.mark.usefixtures("database")
SECRET = "the secret question of another project " + "9" * 400


class Place:
    """A project whose template drops system turns, and a set of another project that has one, and a long prompt."""

    def __init__(self) -> None:
        self.project = rows.make_project()
        self.actor: Actor = rows.make_actor(self.project, Role.viewer)
        line = {"name": "system", "outcome": "warn", "text": "dropped"}
        self.checkpoint = rows.make_checkpoint(
            self.project,
            engine={"name": "transformers", "model": str(demo.MODEL_FOLDER)},
            details={"checks": {"at": "", "lines": [line]}},
        )
        rows.make_prompt_set(self.project)
        rows.make_prompt_set(self.project, split=Split.held_out)
        self.foreign = rows.make_prompt_set(rows.make_project(), prompts=[SECRET])
        with session() as db:
            row = db.get_one(tables.Prompt, rows.prompts_of(self.foreign)[0].id)
            row.messages = [{"role": "system", "content": "Be brief."}, *row.messages]
        recipe = recipes.get("rejection_sampling").model_dump(mode="json")
        self.plan = replace(rounds.defaults(self.actor, self.project.id), recipe=recipe)


@pytest.mark.parametrize("use", list(SetUse))
@pytest.mark.parametrize("is_there", [True, False])
def test_a_set_of_another_project_is_refused_as_one_that_is_not_there(use: SetUse, is_there: bool) -> None:
    place = Place()
    set_id = place.foreign.id if is_there else place.foreign.id + 1_000
    plan = replace(place.plan, **{f"{use.value}_set_ids": (set_id,)})
    with pytest.raises(InvalidInput, match=f"^Prompt set {set_id} is not in this project. Choose one from the list.$"):
        rounds.estimate(place.actor, place.project.id, plan)


def test_more_prompts_than_the_sets_hold_are_named() -> None:
    place = Place()
    plan = replace(place.plan, num_prompts=99_999_999)
    warnings = rounds.estimate(place.actor, place.project.id, plan).warnings
    assert "The chosen prompt sets hold 3 prompts, fewer than the 99,999,999 asked for." in warnings


def test_a_plan_without_sets_is_estimated() -> None:
    place = Place()
    estimate = rounds.estimate(
        place.actor, place.project.id, replace(place.plan, sample_set_ids=(), held_out_set_ids=())
    )
    assert estimate.samples == 0


def test_what_reads_prompts_reads_those_of_the_project() -> None:
    place = Place()
    ids = (place.foreign.id,)
    with reading() as db:
        assert model_checks.system_turns(db, place.project.id, place.checkpoint.id, ids) == []
        recipe = checks.parse(place.plan.recipe)
        assert contexts.problems(
            db, place.project.id, recipe, policy_id=place.checkpoint.id, judge_id=None, sample_set_ids=ids
        ) == contexts.problems(
            db, place.project.id, recipe, policy_id=place.checkpoint.id, judge_id=None, sample_set_ids=()
        )


@pytest.mark.parametrize("is_there", [True, False])
def test_a_round_of_another_project_is_none_to_follow(is_there: bool) -> None:
    """A schedule looks at what it measured, and says so in words."""
    place = Place()
    foreign = rows.make_round(rows.make_project()).id
    parent_id = foreign if is_there else foreign + 1_000
    with pytest.raises(InvalidInput, match=f"^The parent round {parent_id} is not in this project"):
        rounds.estimate(place.actor, place.project.id, replace(place.plan, parent_id=parent_id))
