"""A round in the trash is asked for in every way that there is: it is as one that is not there, and nobody reads of it."""

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from app.agents import calls
from backend.db import reading, session, tables
from backend.services import round_trash
from backend.services.people import accounts
from backend.values import Role
from tests import rows
from tests.integration import site
from tests.integration import test_web_walk as walk
from tests.integration.walking import MARK, OWN, Browser, World, changed, snapshot
from tests.integration.walking import world as world  # a fixture

WORD = "plover"
"""Stands in texts of the round that nothing else holds."""
NOWHERE = 999_999
OF_ROUND = ("round_id", "sample_id", "job_id", "comment_id", "rewrite_id")
"""What an address names of the round."""
OTHERS = {
    "/rounds/{round_id}/trash",
    "/trash/rounds/{round_id}",
    "/trash/rounds/{round_id}/restore",
    "/trials/{job_id}",
}
"""The way there, back, or out for good; and a job of the project's own."""
AUDIT = {"/projects/{project_id}/audit", "/projects/{project_id}/audit/export"}

pytestmark = pytest.mark.on_sqlite


@pytest.fixture
def hidden(world: World) -> World:
    """The world whose round in review is in the trash; two of its samples are in no dataset, arena or bench."""
    sample, of_round = tables.Sample, world.ids["round_id"]
    with session() as db:
        ids = db.scalars(select(sample.id).where(sample.round_id == of_round).order_by(sample.id)).all()[2:]
        for table in (tables.BenchSample, tables.BenchJudgment):
            db.execute(delete(table).where(table.sample_id.in_(ids)))
        db.execute(update(sample).where(sample.id.in_(ids)).values(text=f"{WORD} {MARK}"))
        for table, column in (
            (tables.Judgment, "rationale"),
            (tables.Comment, "text"),
            (tables.Job, "log_tail"),
            (tables.RoundWarning, "reason"),
        ):
            db.execute(update(table).where(table.round_id == of_round).values({column: WORD}))
        notice = tables.Notice.path.endswith(f"round={of_round}")
        db.execute(update(tables.Notice).where(notice).values(text=WORD))
    round_trash.put(world.actor(Role.curator), of_round)
    return world


def nowhere(world: World) -> World:
    """The same world, with numbers of rows that are not there."""
    return replace(world, ids=world.ids | dict.fromkeys(OF_ROUND, NOWHERE))


def test_every_route_answers_as_if_the_round_was_not_there_and_no_list_tells_of_it(hidden: World) -> None:
    routes: list[tuple[str, str, Any]] = [(method, path, body) for method, path, _, body in walk.WRITES]
    routes += [("GET", path, None) for path in walk.READS]
    owner, before = rows.make_actor(None, name="Olga", is_owner=True, via="api"), snapshot()
    numbers = nowhere(hidden)
    with site.with_token(owner) as client:
        for method, path, body in routes:
            if path in OTHERS or body == "push" or not any(f"{{{name}}}" in path for name in OF_ROUND):
                continue
            answer, of_none = (walk.send(client, method, path, body, at) for at in (hidden, numbers))
            assert answer.status_code in (404, of_none.status_code), (method, path, answer.status_code, answer.text)
            assert answer.status_code >= 400, (method, path, answer.text)
            assert WORD not in answer.text, (method, path)
        changes = changed(before)
        # Its lists and numbers tell nothing of it, but of what it made and of what people did.
        of_round = f'"round_id":{hidden.ids["round_id"]}'
        stays = {
            "/projects/{project_id}/checkpoints",
            "/projects/{project_id}/datasets",
            "/projects/{project_id}/trash",
        }
        stays |= {path for path in walk.READS if path.startswith(("/checkpoints/", "/datasets/", "/judge-benches/"))}
        stays |= {"/projects/{project_id}/judge-benches"}
        for path in walk.READS:
            if any(f"{{{name}}}" in path for name in OF_ROUND):
                continue
            answer = walk.send(client, "GET", path, None, hidden)
            assert WORD not in answer.text, path
            if path not in stays | AUDIT:
                assert of_round not in answer.text.replace(" ", ""), (path, answer.text)
        gone = client.get(f"/api/v1/rounds/{hidden.ids['round_id']}").json()["error"]["message"]
        sample = client.get(f"/api/v1/samples/{hidden.ids['sample_id']}/chain").json()["error"]["message"]
        job = client.get(f"/api/v1/jobs/{hidden.ids['job_id']}").json()["error"]["message"]
    assert changes <= {"tokens", "events"}
    assert gone == sample == job
    assert gone.startswith("Round 1 is in the trash since ")
    assert "`rondo round restore 1`" in gone


def test_who_decides_or_only_reads_is_told_where_the_round_is_and_nothing_of_it(hidden: World) -> None:
    odd = []
    for role in (Role.reviewer, Role.viewer):
        with site.with_token(replace(hidden.actor(role), via="api")) as client:
            for path in walk.READS:
                answer = walk.send(client, "GET", path, None, hidden)
                assert WORD not in answer.text, (role, path)
                if path in OTHERS or not any(f"{{{name}}}" in path for name in ("round_id", "sample_id", "job_id")):
                    continue
                # Of a job of another kind, and of a sample beside others, it is said that there is none.
                tells = "{round_id}" in path or (path.startswith(("/jobs/", "/samples/")) and "similar" not in path)
                if answer.status_code != 404 or (tells and "is in the trash" not in answer.text):
                    odd.append((role, path, answer.status_code, answer.text[:200]))
    assert odd == []


def test_no_page_shows_it(hidden: World) -> None:
    with site.signed_in(hidden.actor(Role.admin)) as client:
        browser = Browser(client, hidden.project.slug)
        browser.query = {"round": str(hidden.ids["round_id"]), "sample": str(hidden.ids["sample_id"])}
        browser.walk()
        opened = client.get(f"/p/{hidden.project.slug}/round", params=browser.query)
    assert not [reply for reply in browser.replies if WORD in reply]
    assert WORD not in opened.text
    with reading() as db:
        kept = select(tables.Sample.text).where(tables.Sample.round_id == hidden.ids["round_id"])
        assert any(WORD in text for text in db.scalars(kept))


def test_no_tool_of_an_agent_reaches_it(hidden: World) -> None:
    owner = accounts.local_owner(via="mcp")
    before = snapshot()
    for name, tool in calls.TOOLS.items():
        named = {field: hidden.ids[field] for field in tool.model_fields if field in ("round_id", "sample_id")}
        more: dict[str, Any] = {"kind": "reject", "reason": "no", "client_id": "agents-1"} if name == "decide" else {}
        more = {field: value for field, value in more.items() if field in tool.model_fields}
        if named:
            result = calls.run(owner, name, named | more)
            assert result.is_error, (name, result.text)
            assert WORD not in result.text
            assert name != "decide" or "is in the trash" in result.text
    asked = {"project_id": hidden.ids["project_id"], "round_ids": [hidden.ids["round_id"]]}
    exported = calls.run(owner, "export_samples", asked)
    assert exported.is_error, exported.text
    listed = json.loads(calls.run(owner, "list_rounds", {"project_id": hidden.ids["project_id"]}).text)
    assert [row["number"] for row in listed["rounds"]] == [2]
    assert changed(before) <= OWN
