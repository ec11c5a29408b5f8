"""A recipe that selects by ratings is refused before its launch where nobody would give these."""

from dataclasses import replace
from typing import Any

import pytest

from backend.errors import InvalidInput
from backend.services import plans, questions, rounds
from backend.services.questions import NewQuestion
from backend.services.recipes import judged_questions
from backend.values.questions import QuestionKind
from tests.integration.test_launching import World

pytestmark = pytest.mark.on_sqlite


def plan_of(world: World, **changes: Any) -> rounds.Plan:
    plan = world.plan(recipe="self_rewarding")
    return replace(plan, recipe=plan.recipe | {"selector": {"name": "rated_pairs", "question": "accuracy"}}, **changes)


def test_a_round_at_whose_review_nobody_is_asked_is_refused(database: str) -> None:
    world, why = World(), "Nobody reviews"
    questions.add(world.actor, world.project.id, NewQuestion("Accuracy"))
    plan = plan_of(world, is_reviewed=False)
    warnings = plans.estimate(world.actor, world.project.id, plan).warnings
    assert any(why in warning for warning in warnings)
    with pytest.raises(InvalidInput, match=rf"Step 4 \(selector rated_pairs\).*{why}"):
        rounds.launch(world.actor, world.project.id, plan)
    by_pair = plan_of(world, review={"mode": "pair"})
    assert not any(
        "rated_pairs" in warning for warning in plans.estimate(world.actor, world.project.id, by_pair).warnings
    )


def test_a_question_has_to_be_asked_and_answered_by_ratings(database: str) -> None:
    world = World()
    actor, project_id, plan = world.actor, world.project.id, plan_of(world)

    def refused() -> str:
        with pytest.raises(InvalidInput) as error:
            rounds.launch(actor, project_id, plan)
        return error.value.message

    assert "no question with this key" in refused()
    other = questions.add(actor, project_id, NewQuestion("Why", QuestionKind.text, "accuracy"))
    questions.add(actor, project_id, NewQuestion("Style"))
    assert "not answered by ratings. Name another one: style" in refused()
    questions.delete(actor, other.id)
    rating = questions.add(actor, project_id, NewQuestion("Accuracy"))
    questions.change(actor, rating.id, is_active=False)
    assert "It is retired" in refused()
    questions.change(actor, rating.id, is_active=True)
    assert rounds.get(actor, rounds.launch(actor, project_id, plan)).recipe["selector"]["name"] == "rated_pairs"


@pytest.mark.parametrize(("rated_by", "is_there"), [("judge", False), ("people", True), ("both", False)])
def test_ratings_of_a_judge_need_a_step_that_asks_it(database: str, rated_by: str, is_there: bool) -> None:
    world = World()
    questions.add(world.actor, world.project.id, NewQuestion("Accuracy"))
    plan = plan_of(world, is_reviewed=False)
    recipe = plan.recipe | {"selector": plan.recipe["selector"] | {"rated_by": rated_by}}
    why = "Nobody reviews" if rated_by != "judge" else "No judge answers it"
    with pytest.raises(InvalidInput, match=why):
        rounds.launch(world.actor, world.project.id, replace(plan, recipe=recipe))
    asking = replace(plan, recipe=judged_questions.added(recipe))
    told = plans.estimate(world.actor, world.project.id, asking).warnings
    assert any("ratings in the question" in warning for warning in told) == is_there
