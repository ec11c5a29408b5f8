"""The plain pages of projects and the trash: who sees what, and the way there and back by forms."""

import pytest
from sqlalchemy import select

from backend.db import reading, tables
from backend.services.people import accounts
from backend.services.projects import trash
from backend.values import Role, RoundStatus
from tests import rows
from tests.integration import site

pytestmark = pytest.mark.on_sqlite
PAGE = {"accept": "text/html"}


def test_a_project_is_renamed_goes_to_the_trash_and_comes_back(database: str) -> None:
    project = rows.make_project("Sums <b>")
    admin, viewer = rows.make_actor(project, Role.admin, name="Ada"), rows.make_actor(project, Role.viewer)
    with site.signed_in(admin) as client:
        assert (
            client.post(f"/projects/{project.id}/rename", data={"name": "Sums <i>"}).headers["location"] == "/projects"
        )
        listed = client.get("/projects").text
        assert "Sums &lt;i&gt;" in listed
        assert "<i>" not in listed
        assert client.post(f"/projects/{project.id}/trash").status_code == 303
        assert client.get("/", headers=PAGE).headers["location"] == "/welcome"
        assert 'href="/projects"' in client.get("/welcome").text
        for slug in ("sums-i", "sums-b"):
            lost = client.get(f"/p/{slug}/samples?sample=1", headers=PAGE)
            assert lost.status_code == 404
            assert f'action="/projects/trash/{project.id}/restore"' in lost.text
            assert "put there by\nAda" in lost.text
    with site.signed_in(viewer) as client:
        lost = client.get("/p/sums-i/", headers=PAGE)
        assert "A project admin or an owner" in lost.text
        assert "<form" not in lost.text
        refused = client.post(f"/projects/trash/{project.id}/restore")
        assert (refused.status_code, "needs the role admin" in refused.text) == (403, True)
        assert client.post(f"/projects/trash/{project.id}/delete").status_code == 403
    with site.signed_in(rows.make_actor(None)) as client:
        assert "There is no project" in client.get("/p/sums-i/", headers=PAGE).text
        assert client.post(f"/projects/trash/{project.id}/restore").status_code == 404
        assert "You are in no project" in client.get("/projects").text
    with site.signed_in(admin) as client:
        assert client.post(f"/projects/trash/{project.id}/restore").headers["location"] == "/p/sums-i/"
        assert client.get("/p/sums-i/", headers=PAGE).status_code == 200


def test_a_round_goes_from_its_page_to_the_trash_and_an_admin_deletes_it(database: str) -> None:
    project = rows.make_project("Sums")
    prompts = rows.make_prompt_set(project)
    round_ = rows.make_round(project, sets=[prompts], status=RoundStatus.failed)
    rows.make_samples(round_, prompts)
    ask = f"/projects/rounds/{round_.id}/trash"
    with site.signed_in(rows.make_actor(project, Role.reviewer)) as client:
        assert (client.get(ask).status_code, client.post(ask).status_code) == (403, 403)
    with site.signed_in(rows.make_actor(project, Role.curator)) as client:
        asked = client.get(ask).text
        assert "<dt>Samples</dt><dd>6</dd>" in asked
        assert client.post(ask).headers["location"] == "/projects"
        (entry,) = trash.list_mine(accounts.local_owner())
        listed = client.get("/projects").text
        assert "round 1 of Sums" in listed
        assert f"/projects/trash/{entry.id}/delete" not in listed
        assert "needs the role admin" in client.get(f"/projects/trash/{entry.id}/delete").text
        assert client.post(ask).status_code == 404
    with site.signed_in(rows.make_actor(project, Role.admin)) as client:
        assert "<dt>Samples</dt><dd>6</dd>" in client.get(f"/projects/trash/{entry.id}/delete").text
        assert client.post(f"/projects/trash/{entry.id}/delete").headers["location"] == "/projects"
        assert "Nothing is in the trash" in client.get("/projects").text
    with reading() as db:
        assert db.scalars(select(tables.Round)).all() == []
