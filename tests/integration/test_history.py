"""What schedules that count their own rounds see of the rounds above: those of the same recipe."""

import pytest

from backend import recipes
from backend.db import reading, session, tables
from backend.pipeline.history import history_of
from backend.recipes import Recipe
from backend.schedules.difficulty_ladder import DifficultyLadder
from backend.schedules.rising_threshold import RisingThreshold
from backend.services.rounds.job_steps import places_of
from tests import rows

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.on_sqlite]
LADDER = {"name": "difficulty_ladder"}


def test_rounds_of_other_recipes_or_with_other_steps_do_not_count() -> None:
    own = recipes.get("rejection_sampling").with_changes({"schedule": RisingThreshold(values=(0.1, 0.2, 0.3)).dump()})
    data = own.model_dump(mode="json")
    other = data | {"name": "another"}
    steps = Recipe.model_validate(data).phases[0].steps
    longer = Recipe(name=own.name, title=own.title, steps=(*steps[:3], *steps[2:])).model_dump(mode="json")
    project, parent = rows.make_project(), None
    for accuracy, recipe in enumerate((data, other, longer, data)):
        parent = rows.make_round(project, recipe=recipe, parent_id=parent).id
        with session() as db:
            db.add(tables.Metric(project_id=project.id, round_id=parent, name="accuracy_at_1", value=float(accuracy)))
    with reading() as db:
        assert [value["accuracy_at_1"] for value in history_of(db, parent, own)] == [0.0, 3.0]
        assert own.schedule.changes(history_of(db, parent, own)) == {"selector": {"threshold": 0.3}}
        # A schedule that warns looks at the whole line.
        plain = recipes.get("rejection_sampling")
        assert [value["accuracy_at_1"] for value in history_of(db, parent, plain)] == [0.0, 1.0, 2.0, 3.0]


def test_a_round_whose_part_is_not_installed_any_more_is_one_of_another_recipe() -> None:
    own = recipes.get("rejection_sampling").with_changes({"schedule": RisingThreshold(values=(0.1, 0.2)).dump()})
    gone = {"name": own.name, "steps": [{"kind": "judge", "part": {"name": "of_a_plugin"}}]}
    project = rows.make_project()
    round_ = rows.make_round(project, recipe=gone)
    with session() as db:
        db.add(tables.Metric(project_id=project.id, round_id=round_.id, name="accuracy_at_1", value=1.0))
    with reading() as db:
        assert history_of(db, round_.id, own) == []
        assert places_of(db, [round_.id]) == {}


def test_the_ladder_counts_its_own_rounds() -> None:
    assert DifficultyLadder.counts_own_rounds
