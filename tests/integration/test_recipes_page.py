"""The page of recipes, asked as a browser asks: the list, its filters, what is said of a recipe, and who may launch it."""

from collections.abc import Iterator

import pytest

from app.pages import recipes as page
from backend import recipes
from backend.services import recipe_list
from backend.services.recipe_list import Need, RecipeFilters, TrainingKind, paper_index
from backend.services.recipes import saved_recipes
from backend.values import Role, RoundStatus
from tests import rows
from tests.integration import site
from tests.integration.test_deep_links import Opened
from tests.integration.walking import World, make_world

pytestmark = pytest.mark.on_sqlite
STAR = recipes.get("star").model_dump(mode="json")


@pytest.fixture
def opened(database: str) -> Iterator[tuple[World, Opened]]:
    world = make_world("sums")
    with site.signed_in(world.actor(Role.curator)) as client:
        yield world, Opened(client, world.project.slug)


def names(listed: list[recipe_list.ListedRecipe], **filters: object) -> list[str]:
    return [listed_recipe.name for listed_recipe in recipe_list.matching(listed, RecipeFilters(**filters))]  # type: ignore[arg-type]


def test_what_a_recipe_is_made_of_and_needs_is_read_off_its_parts(database: str) -> None:
    project = rows.make_project()
    listed = recipe_list.list_recipes(rows.make_actor(project, Role.viewer), project.id)
    assert {listed_recipe.name for listed_recipe in listed} == set(recipes.names())
    assert [listed_recipe.title.casefold() for listed_recipe in listed] == sorted(
        listed_recipe.title.casefold() for listed_recipe in listed
    )
    methods = {recipe.name: recipe.method for recipe in listed if recipe.method}
    star, agent, teacher = methods["star"], methods["rest_meets_react"], methods["distill_data_and_rewards"]
    assert (star.training, star.needs, star.roles) == ((TrainingKind.supervised,), (Need.answers,), ())
    assert agent.needs == (Need.documents, Need.environment)
    assert (teacher.roles, teacher.needs) == (("teacher",), (Need.models,))
    assert teacher.training == (TrainingKind.supervised, TrainingKind.scorer, TrainingKind.reinforcement)
    assert methods["intuitor"].needs == (Need.log_probs,), "the judge of the trainer's own texts reads certainties"
    assert methods["solve_and_test"].needs == (Need.sandbox,)
    assert ("judge", "surface_rules") in methods["ladder"].parts, "a part within another one"
    assert methods["self_refine"].training == (TrainingKind.no_weights,)


def test_recipes_are_searched_and_filtered(database: str) -> None:
    project = rows.make_project()
    listed = recipe_list.list_recipes(rows.make_actor(project, Role.viewer), project.id)
    assert names(listed, text="Zelikman bootstrapping") == ["star"]
    assert names(listed, text="2203.14465") == ["star"]
    assert names(listed, text="zelikman absolute") == []
    assert set(names(listed, part="trainer step_scorer")) == {"rest_mcts"}
    scored = names(listed, training=("scorer", "no weights"))
    assert {"rest_mcts", "self_refine"} <= set(scored)
    assert "star" not in scored
    assert names(listed, needs=("documents", "environment")) == ["rest_meets_react"]


def test_every_recipe_has_its_entry_of_the_paper_index_in_sections() -> None:
    for name in recipes.names():
        entry = paper_index.entries()[name]
        assert [section.title for section in entry.sections][:2] == ["The paper", "Different here"], name
        assert all(block.text or block.items for section in entry.sections for block in section.blocks), name
    (differs,) = [element for element in paper_index.entries()["star"].sections if element.title == "Different here"]
    assert differs.blocks[0].items[1].startswith("The hint is one sentence of our own. Its text is a knob of ask;")
    assert paper_index.plain("[*Fine* `text`](x.md), 2 * 3,\n  **bold**~") == "Fine text, 2 * 3, bold~"


def test_a_recipe_is_shown_with_its_paper_and_its_newest_round_here(opened: tuple[World, Opened]) -> None:
    world, browser = opened
    elsewhere = rows.make_round(rows.make_project("other"), recipe=STAR, status=RoundStatus.done)
    first = rows.make_round(world.project, recipe=STAR, status=RoundStatus.done)
    failed = rows.make_round(world.project, recipe=STAR, status=RoundStatus.failed, error="no disk is free")
    reply = browser.ask("recipes", "draw", recipe="star")
    assert f"samples?round={failed.id}" in reply
    assert "no disk is free" in reply
    assert f"samples?round={first.id}" not in reply
    assert f"round {failed.number}: failed" in reply, "in the list, too"
    assert elsewhere.number != failed.number
    assert "Rationales whose answer is right are kept" in reply
    assert "6. generator: sample" in reply
    assert "new-round?recipe=star" in reply
    assert "integration/recipes/test_star.py" in reply, "what checks it"
    assert "No recipe is chosen" not in browser.ask("recipes", "draw", recipe="nothing<b>")
    assert "There is no recipe “nothing<b>” in this project." in browser.ask("recipes", "draw", recipe="nothing<b>")


def test_the_address_holds_the_filters(opened: tuple[World, Opened]) -> None:
    _, browser = opened
    reply = browser.ask("recipes", "draw", part="trainer step_scorer", needs="known answers,nonsense", q="tree")
    total = len(recipes.names()) + 1  # one is the project's own
    assert f"1 of {total} recipes" in reply
    assert '"needs": "known answers"' in reply
    assert f"0 of {total} recipes" in browser.ask("recipes", "draw", q="xyzzy plugh")
    assert f"{total} of {total} recipes" in browser.ask("recipes", "draw", part="trainer nonsense")


def test_a_projects_own_recipes_are_listed_and_launched(opened: tuple[World, Opened]) -> None:
    world, browser = opened
    saved = saved_recipes.save(world.actor(Role.curator), world.project.id, "Sums with hints", STAR)
    reply = browser.ask("recipes", "draw", recipe=saved.name)
    assert f"new-round?recipe={saved.name}" in reply
    assert "this project's own" in reply
    for name in (saved.name, "meta_rewarding"):
        form = browser.ask("new_round", "load", recipe=name)
        assert f'"value": "{name}"' in form
    assert "There is no recipe “nonsense” in this project" in browser.ask("new_round", "load", recipe="nonsense")


def test_a_recipe_that_no_longer_works_is_listed_as_such() -> None:
    listed_recipe = recipe_list.ListedRecipe("old", "Old", "", None, None, is_own=True)
    assert page.row(listed_recipe)[3] == "no longer works"
    assert "no longer works" in page.card_value(listed_recipe)["problem"]
    assert names([listed_recipe], text="old") == ["old"]
    assert names([listed_recipe], needs=("sandbox",)) == []
