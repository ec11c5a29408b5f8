"""Recipes that a project keeps as its own: who may, under which names, and what rounds have of them."""

import pytest

from backend import recipes
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound, PermissionDenied, Stale
from backend.services import plans, rounds
from backend.services.recipes import parts, saved_recipes
from backend.values import Role
from tests import rows
from tests.integration import site

pytestmark = pytest.mark.usefixtures("database")
STAR = recipes.get("star").model_dump(mode="json")


def test_a_recipe_that_somebody_changed_is_not_changed_back_unseen() -> None:
    project = rows.make_project()
    ann, ben = (rows.make_actor(project, Role.curator) for _ in range(2))
    read = saved_recipes.save(ann, project.id, "Hints", STAR, version=0)
    looser = recipes.get("star").with_changes({"unparsed_limit": 0.9}).model_dump(mode="json")
    stricter = recipes.get("star").with_changes({"unparsed_limit": 0.1}).model_dump(mode="json")
    saved_recipes.change(ben, read.id, recipe=looser, version=read.version)
    shows_both = r"Now unparsed_limit is '0\.9', and you write '0\.1'\. "
    with pytest.raises(Stale, match=shows_both):
        saved_recipes.change(ann, read.id, recipe=stricter, version=read.version)
    with pytest.raises(Stale, match=shows_both):
        saved_recipes.save(ann, project.id, "hints", stricter, seen={read.name: read.recipe})
    with pytest.raises(Stale, match="unparsed_limit"):
        saved_recipes.save(ann, project.id, "hints", stricter, version=0)
    seen = {row.name: row.recipe for row in saved_recipes.list_saved(ann, project.id)}
    assert saved_recipes.save(ann, project.id, "hints", stricter, seen=seen).version == 3
    with pytest.raises(Stale, match="deleted since"):
        saved_recipes.save(ann, project.id, "Gone", STAR, version=5)


def test_a_recipe_is_kept_changed_and_deleted_and_each_is_noted() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project, Role.curator)
    first = saved_recipes.save(actor, project.id, "My STaR", STAR)
    assert (first.name, first.title, first.created_by) == ("my-star", "My STaR", actor.name)
    assert first.recipe == parts.validate(STAR | {"name": "my-star", "title": "My STaR"})
    looser = recipes.get("star").with_changes({"unparsed_limit": 0.9}).model_dump(mode="json")
    again = saved_recipes.save(actor, project.id, " my star ", looser)
    assert (again.id, again.name, again.title) == (first.id, "my-star", "my star")
    assert again.recipe["unparsed_limit"] == 0.9
    renamed = saved_recipes.change(actor, first.id, title="Hints")
    assert (renamed.name, renamed.recipe["title"], renamed.recipe["unparsed_limit"]) == ("my-star", "Hints", 0.9)
    assert saved_recipes.change(actor, first.id, recipe=STAR).recipe["unparsed_limit"] == 0.5
    assert [saved_view.title for saved_view in saved_recipes.list_saved(actor, project.id)] == ["Hints"]
    saved_recipes.delete(actor, first.id)
    assert saved_recipes.list_saved(actor, project.id) == []
    with reading() as db:
        noted = [(event.verb, event.subject) for event in db.query(tables.Event).order_by(tables.Event.id)]
    assert noted == [
        ("save recipe", "My STaR"),
        ("change recipe", "my star"),
        ("change recipe", "Hints"),
        ("change recipe", "Hints"),
        ("delete recipe", "Hints"),
    ]


def test_a_name_is_that_of_no_other_recipe() -> None:
    project, other = rows.make_project(), rows.make_project()
    actor = rows.make_actor(project)
    assert saved_recipes.save(actor, project.id, "star", STAR).name == "star-2"
    first = saved_recipes.save(actor, project.id, "Hints", STAR)
    saved_recipes.change(actor, first.id, title="Better hints")
    assert saved_recipes.save(actor, project.id, "Hints", STAR).name == "hints-2"
    assert saved_recipes.save(rows.make_actor(other), other.id, "Hints", STAR).name == "hints"


def test_two_recipes_of_a_project_have_no_title_together() -> None:
    project, other = rows.make_project(), rows.make_project()
    actor = rows.make_actor(project)
    saved_recipes.save(actor, project.id, "Hints", STAR)
    second = saved_recipes.save(actor, project.id, "Other hints", STAR)
    saved_recipes.save(rows.make_actor(other), other.id, "Free", STAR)
    with pytest.raises(Conflict, match="keeps another recipe called 'hints'"):
        saved_recipes.change(actor, second.id, title="hints")
    assert saved_recipes.get(actor, second.id).title == "Other hints"
    assert saved_recipes.change(actor, second.id, title="OTHER hints").title == "OTHER hints"
    assert saved_recipes.change(actor, second.id, title="Free").title == "Free"


def test_what_cannot_work_is_refused_and_only_curators_keep_recipes() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    for title, recipe in (
        ("", STAR),
        ("x" * 121, STAR),
        ("a\nb", STAR),
        ("x", {}),
        ("x", STAR | {"steps": []}),
        ("x", []),
    ):
        with pytest.raises(InvalidInput):
            saved_recipes.save(actor, project.id, title, recipe)
    saved_view = saved_recipes.save(actor, project.id, "x", STAR)
    reviewer = rows.make_actor(project, Role.reviewer)
    assert saved_recipes.get(reviewer, saved_view.id) == saved_view
    stranger = rows.make_actor(rows.make_project())
    for who, error in ((reviewer, PermissionDenied), (stranger, NotFound)):
        with pytest.raises(error):
            saved_recipes.save(who, project.id, "y", STAR)
        with pytest.raises(error):
            saved_recipes.change(who, saved_view.id, title="y")
        with pytest.raises(error):
            saved_recipes.delete(who, saved_view.id)
    with pytest.raises(NotFound, match="no recipe 'star' of its own"):
        saved_recipes.delete_named(actor, project.id, "star")


def test_a_round_keeps_its_recipe_when_the_saved_one_is_changed_and_deleted() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    sets = rows.make_prompt_set(project, answers=["7"] * 3)
    base = rows.make_checkpoint(project, engine={"name": "transformers", "model": "models/base"})
    saved_view = saved_recipes.save(actor, project.id, "Hints", STAR)
    plan = plans.Plan(saved_view.recipe, base.id, base.id, sample_set_ids=(sets.id,), num_prompts=3)
    round_id = rounds.launch(actor, project.id, plan)
    saved_recipes.change(actor, saved_view.id, recipe=recipes.get("self_rewarding").model_dump(mode="json"))
    saved_recipes.delete(actor, saved_view.id)
    assert rounds.get(actor, round_id).recipe == saved_view.recipe
    with session() as db:
        db.get_one(tables.Job, db.query(tables.Job.id).filter_by(round_id=round_id).scalar()).active_key = None
    assert rounds.again(actor, project.id, round_id).recipe["name"] == "hints"


def test_a_program_keeps_lists_changes_and_deletes_recipes() -> None:
    project = rows.make_project()
    with site.with_token(rows.make_actor(project, Role.curator)) as client:
        path = f"/api/v1/projects/{project.id}/recipes"
        response = client.post(path, json={"title": "Hints", "recipe": STAR})
        assert response.status_code == 201, response.text
        text = f"/api/v1/recipes/{response.json()['id']}"
        assert client.patch(text, json={"title": "More hints"}).json()["title"] == "More hints"
        assert [row["name"] for row in client.get(path).json()["items"]] == ["hints"]
        assert client.get(text).json()["recipe"]["title"] == "More hints"
        wrong = client.post(path, json={"title": "x", "recipe": STAR | {"steps": STAR["steps"][1:]}})
        assert (wrong.status_code, wrong.json()["error"]["type"]) == (422, "InvalidInput")
        assert "prompt source" in wrong.json()["error"]["message"]
        assert client.delete(text).status_code == 204
        assert client.get(text).status_code == 404
