"""A judge that compares with known answers: what a plan and a launch say of prompts that have none."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import func, select

from backend import recipes
from backend.db import reading, tables
from backend.errors import InvalidInput
from backend.services import rounds
from backend.values import Split
from tests import rows

pytestmark = pytest.mark.usefixtures("database")


class Place:
    """A project with a checkpoint and two prompt sets with these answers."""

    def __init__(self, train: Sequence[str | None], held_out: Sequence[str | None] = ("4",)) -> None:
        self.project = rows.make_project()
        self.actor = rows.make_actor(self.project)
        rows.make_checkpoint(self.project, engine={"name": "transformers", "model": "models/base"})
        rows.make_prompt_set(self.project, prompts=len(train), answers=train)
        rows.make_prompt_set(self.project, prompts=len(held_out), answers=held_out, split=Split.held_out)
        # Sets of other projects are never counted.
        rows.make_prompt_set(rows.make_project(), prompts=5)

    def plan(self, recipe: str = "rejection_sampling") -> rounds.Plan:
        first = rounds.defaults(self.actor, self.project.id)
        changes: dict[str, Any] = {"recipe": recipes.get(recipe).model_dump(mode="json"), "num_prompts": 1}
        return rounds.Plan(**vars(first) | changes)

    def warnings(self, plan: rounds.Plan) -> str:
        return "\n".join(rounds.estimate(self.actor, self.project.id, plan).warnings)

    def launch(self, plan: rounds.Plan) -> int:
        return rounds.launch(self.actor, self.project.id, plan)


def test_prompts_without_any_answer_are_refused_by_a_judge_that_compares() -> None:
    place = Place([None, None, None])
    plan = place.plan()
    assert "None of the 3 prompts in the chosen sets has an answer" in place.warnings(plan)
    with pytest.raises(InvalidInput, match="Import prompts with an answer column, or choose a judge that needs none"):
        place.launch(plan)
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(tables.Round)) == 0


@pytest.mark.parametrize(
    ("answers", "text", "would_fail"),
    [(["4", "4", None], "1 of the 3 prompts", False), (["4", None, None], "2 of the 3 prompts", True)],
)
def test_some_prompts_without_an_answer_are_counted_and_launched(
    answers: list[str | None], text: str, would_fail: bool
) -> None:
    place = Place(answers)
    warnings = place.warnings(place.plan())
    assert f"{text} in the chosen sets have no answer" in warnings
    assert ("unparsed_limit (50%), so judging would probably fail" in warnings) is would_fail
    assert place.launch(place.plan())


def test_prompts_with_answers_draw_no_warning() -> None:
    place = Place(["4", "4"])
    assert "answer" not in place.warnings(place.plan())


def test_a_judge_that_needs_no_answers_takes_prompts_without() -> None:
    place = Place([None, None])
    plan = place.plan("self_rewarding")
    assert "answer" not in place.warnings(plan)
    assert place.launch(plan)


def test_held_out_prompts_without_answers_draw_a_warning_and_stop_nothing() -> None:
    some, none = Place(["4"], ["4", None]), Place(["4"], [None, None])
    assert "1 of the 2 held-out prompts have no answer and are left out" in some.warnings(some.plan())
    text = none.warnings(none.plan())
    assert (
        "None of the 2 held-out prompts has an answer, so this cannot be measured: held_out_accuracy, pass_at_k. Import"
        in text
    )
    assert "`verifier: countdown`" in text
    assert none.launch(none.plan())


@pytest.mark.parametrize(
    ("answers", "recipe"),
    [
        (["4", "4"], "rejection_sampling"),
        (["4", None], "rejection_sampling"),
        (["4", None, None], "self_rewarding"),
        ([None, None], "self_rewarding"),
    ],
)
def test_the_first_plan_fits_the_prompts(answers: list[str | None], recipe: str) -> None:
    place = Place(answers)
    plan = rounds.defaults(place.actor, place.project.id)
    assert plan.recipe["name"] == recipe
    assert place.launch(plan)
