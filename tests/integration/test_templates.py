"""Judge templates: versions that never change."""

import pytest

from backend.errors import InvalidInput, NotFound, PermissionDenied
from backend.services.recipes import templates
from backend.values import Role
from tests import rows

pytestmark = pytest.mark.usefixtures("database")


def test_saving_makes_a_version_and_the_same_text_again_makes_none() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    first = templates.save(actor, project.id, "rubric", "Rate {prompt}.")
    again = templates.save(actor, project.id, " rubric ", "Rate {prompt}.")
    second = templates.save(actor, project.id, "rubric", "Rate {prompt} well.")
    assert (first.id, first.version, first.created_by) == (again.id, 1, actor.name)
    assert (second.version, templates.get(actor, first.id).text) == (2, "Rate {prompt}.")


def test_going_back_to_an_old_text_is_a_new_version() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    versions = [templates.save(actor, project.id, "rubric", text).version for text in ("a", "b", "a")]
    assert versions == [1, 2, 3]


def test_the_list_has_the_newest_version_of_each_name_first() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    for name, text in (("b", "1"), ("a", "1"), ("b", "2")):
        templates.save(actor, project.id, name, text)
    templates.save(rows.make_actor(other := rows.make_project()), other.id, "a", "elsewhere")
    records = [(row.name, row.version) for row in templates.list_templates(actor, project.id)]
    assert records == [("a", 1), ("b", 2), ("b", 1)]


def test_the_difference_shows_changed_lines_between_versions_and_to_a_draft() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    old = templates.save(actor, project.id, "rubric", "one\ntwo")
    new = templates.save(actor, project.id, "rubric", "one\nthree")
    assert templates.diff(actor, old.id, new.id).splitlines()[3:] == [" one", "-two", "+three"]
    assert templates.diff(actor, old.id, "one\nfour").splitlines()[3:] == [" one", "-two", "+four"]
    assert templates.diff(actor, old.id, "one\ntwo") == ""


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("", "x", "name"),
        ("n" * 81, "x", "name"),
        ("n", " \n", "empty"),
        ("n", "x" * 100_001, "100,001"),
        ("n", "\x00", "NUL"),
    ],
)
def test_unusable_templates_are_refused(name: str, text: str, message: str) -> None:
    project = rows.make_project()
    with pytest.raises(InvalidInput, match=message):
        templates.save(rows.make_actor(project), project.id, name, text)


def test_only_curators_save_and_strangers_find_nothing() -> None:
    project = rows.make_project()
    row = templates.save(rows.make_actor(project), project.id, "rubric", "text")
    with pytest.raises(PermissionDenied):
        templates.save(rows.make_actor(project, Role.reviewer), project.id, "rubric", "other")
    with pytest.raises(NotFound, match=f"There is no template {row.id}"):
        templates.get(rows.make_actor(), row.id)
