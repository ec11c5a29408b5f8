"""The plain pages of projects and the trash: who sees what, and the way there and back by forms."""

import os
import re

import pytest
from sqlalchemy import select

from backend.config import settings
from backend.db import reading, tables
from backend.services.people import accounts
from backend.services.projects import trash
from backend.values import Role, RoundStatus
from tests import rows
from tests.integration import site

pytestmark = pytest.mark.on_sqlite
PAGE = {"accept": "text/html"}
SINCE = "2026-01-01T00:00:00+00:00"


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
            assert "put there by Ada" in lost.text
    with site.signed_in(viewer) as client:
        lost = client.get("/p/sums-i/", headers=PAGE)
        assert "A project admin or an owner" in lost.text
        assert "<form" not in lost.text
        refused = client.post(f"/projects/trash/{project.id}/restore")
        assert (refused.status_code, "needs the role admin" in refused.text) == (403, True)
        assert client.post(f"/projects/trash/{project.id}/delete", data={"since": SINCE}).status_code == 403
    with site.signed_in(rows.make_actor(None)) as client:
        assert "There is no project" in client.get("/p/sums-i/", headers=PAGE).text
        assert client.post(f"/projects/trash/{project.id}/restore").status_code == 404
        assert "You are in no project" in client.get("/projects").text
    with site.signed_in(admin) as client:
        assert client.post(f"/projects/trash/{project.id}/restore").headers["location"] == "/p/sums-i/"
        assert client.get("/p/sums-i/", headers=PAGE).status_code == 200


def test_an_owner_deletes_what_the_page_showed_and_nothing_else(database: str) -> None:
    project, owner = rows.make_project("Sums"), accounts.local_owner()
    prompts = rows.make_prompt_set(project)
    rows.make_samples(rows.make_round(project, sets=[prompts], status=RoundStatus.failed), prompts)
    trash.put_project(owner, project.id)
    ask = f"/projects/trash/{project.id}/delete"
    with site.signed_in(rows.make_actor(project, Role.admin)) as client:
        assert ask not in client.get("/projects").text
        assert "Only an owner" in client.get(ask).text
    with site.signed_in(owner) as client:
        asked = client.get(ask).text
        assert "<dt>Samples</dt><dd>6</dd>" in asked
        since = re.search(r'name="since" value="([^"]+)"', asked)
        assert since is not None
        trash.restore(owner, project.id)
        trash.put_project(owner, project.id)
        refused = client.post(ask, data={"since": since[1]})
        assert (refused.status_code, "after you looked" in refused.text) == (409, True)
        again = re.search(r'name="since" value="([^"]+)"', client.get(ask).text)
        assert again is not None
        assert client.post(ask, data={"since": again[1]}).headers["location"] == "/projects"
        assert "Nothing is in the trash" in client.get("/projects").text
        left = settings().folder / "tmp" / "half"
        left.mkdir(parents=True)
        os.utime(left, (0, 0))
        assert "tmp/half" not in client.get("/projects").text
        assert "tmp/half" in client.get("/projects?leftovers=1").text
        assert client.post("/projects/clean-up").status_code == 303
        assert "belong to something" in client.get("/projects?leftovers=1").text
    with reading() as db:
        assert db.scalars(select(tables.Round)).all() == []
