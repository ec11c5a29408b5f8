"""Agents: each tool over HTTP as every role, what a blind review hides, and the audit trail of all of it."""

import os
import shutil
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from mcp import Client, StdioServerParameters
from sqlalchemy import select

from app.agents.calls import INSTRUCTIONS, TOOLS
from app.agents.passing import serve_elsewhere
from backend.db import reading, session, tables
from backend.errors import RondoError
from backend.services import audit
from backend.services.audit import AuditQuery
from backend.services.people import accounts, sessions
from backend.values import Role
from tests.event_loops import run_alone
from tests.integration import site
from tests.integration.agents import Call, answer, ask, with_client
from tests.integration.walking import MARK, World, make_world

pytestmark = pytest.mark.on_sqlite

REFUSED = {None: "NotFound"} | dict.fromkeys(Role, "PermissionDenied")


@pytest.fixture
def world(database: str) -> World:
    return make_world()


def table(world: World) -> list[tuple[str, dict[str, Any], Role | None]]:
    """A call of every tool, and the least role that may make it; None: anyone."""
    ids = world.ids
    project, round_, sample = ({name: ids[name]} for name in ("project_id", "round_id", "sample_id"))
    decision = {**round_, **sample, "kind": "reject", "reason": "It is wrong.", "client_id": str(uuid4())}
    return [
        ("list_projects", {}, None),
        ("list_recipes", {"name": "star"}, None),
        ("list_rounds", project, Role.viewer),
        ("get_round", round_, Role.viewer),
        ("list_warnings", round_, Role.viewer),
        ("list_samples", {**round_, "text": MARK}, Role.viewer),
        ("read_sample", sample, Role.viewer),
        ("export_samples", project, Role.viewer),
        ("next_item", round_, Role.reviewer),
        ("decide", decision, Role.reviewer),
        ("launch_round", {**project, "num_prompts": 2, "after_number": 2}, Role.curator),
        ("close_review", {**round_, "dry_run": True}, Role.curator),
    ]


@pytest.mark.parametrize("role", [None, *Role], ids=str)
def test_an_agent_can_do_what_its_persons_role_can_and_nothing_else(world: World, role: Role | None) -> None:
    calls = table(world)
    assert {name for name, _, _ in calls} == TOOLS.keys() - {"get_export"}
    may = role.rank if role else -1
    person = world.actor(role)
    answers = ask(person, *[(name, arguments) for name, arguments, _ in calls])
    for (name, _, needed), reply in zip(calls, answers, strict=True):
        if needed is None or may >= needed.rank:
            assert isinstance(reply, dict), (name, reply)
        else:
            assert reply == REFUSED[role], name
    if role is None:
        assert answers[0] == {"projects": [], "next": None}
        assert MARK not in str(answers)
    trail = [(audit_entry.verb, audit_entry.subject, audit_entry.via) for audit_entry in audited(world, person.name)]
    refused = [name for (name, *_), message in zip(calls, answers, strict=True) if isinstance(message, str)]
    assert sorted(subject for verb, subject, _ in trail if verb == "call tool") == sorted(name for name, *_ in calls)
    assert sorted(subject for verb, subject, _ in trail if verb == "refuse tool call") == sorted(refused)
    assert {via for verb, _, via in trail if verb != "make token"} == {"mcp"}
    decided = [row for row in trail if row[0] == "reject"]
    assert len(decided) == (role is not None and role.rank >= Role.reviewer.rank)


def audited(world: World, person: str) -> tuple[audit.AuditEntry, ...]:
    """All that a person did, as an owner of the installation reads it: of no project, too."""
    return audit.listing(accounts.local_owner(), world.project.id, AuditQuery(person=person), limit=200).entries


def test_a_call_stands_at_its_project_and_a_strangers_at_none(world: World) -> None:
    sample = world.ids["sample_id"]
    reviewer, stranger = world.actor(Role.reviewer), world.actor(None)
    call: Call = ("read_sample", {"sample_id": sample})
    ask(reviewer, call)
    ask(stranger, call)
    with reading() as db:
        rows = db.scalars(select(tables.Event).where(tables.Event.subject == "read_sample").order_by(tables.Event.id))
        places = [(row.user_id, row.verb, row.project_id, row.round_id) for row in rows]
    ids = world.ids
    assert places == [
        (reviewer.user_id, "call tool", ids["project_id"], ids["round_id"]),
        (stranger.user_id, "call tool", None, None),
        (stranger.user_id, "refuse tool call", None, None),
    ]
    [entry] = audit.listing(world.actor(Role.curator), ids["project_id"], AuditQuery(sample_id=sample)).entries
    assert entry.details["arguments"] == {"sample_id": sample}


def test_a_blind_review_hides_the_judge_until_the_decision_and_texts_are_marked_as_data(world: World) -> None:
    round_id, sample_id = world.ids["round_id"], world.ids["sample_id"]
    with session() as db:
        round_ = db.get_one(tables.Round, round_id)
        round_.is_blind = True
    read: Call = ("read_sample", {"sample_id": sample_id})
    decision = {"round_id": round_id, "sample_id": sample_id, "kind": "accept", "reason": "It is right."}
    item, before, refused, done, after = ask(
        world.actor(Role.reviewer),
        ("next_item", {"round_id": round_id}),
        read,
        ("list_samples", {"round_id": round_id, "min_score": 0.5}),
        ("decide", decision | {"client_id": "of-the-agent-1"}),
        read,
    )
    assert (item["mode"], item["item"]["judge"]) == ("sample", None)
    assert item["item"]["text"]["untrusted_text"].startswith(MARK)
    assert before["sample"]["is_hidden"]
    assert before["judgments"] == []
    assert "score" not in before["sample"]
    assert refused == "PermissionDenied"
    assert done["decision"]["client_id"] == "of-the-agent-1"
    assert done["judge"]["score"] == 1.0
    assert after["judgments"][0]["rationale"].keys() >= {"untrusted_text"}
    [own] = after["decisions"]
    assert own["note"] == {"untrusted_text": "It is right."}


def test_what_cannot_be_used_is_an_answer_with_the_reason(world: World) -> None:
    round_id = world.ids["round_id"]
    wrong: list[Call] = [
        ("no_such_tool", {}),
        ("get_round", {}),
        ("get_round", {"round_id": str(round_id)}),
        ("get_round", {"round_id": float(round_id)}),
        ("export_samples", {"project_id": world.ids["project_id"], "round_ids": [True]}),
        ("get_round", {"round_id": round_id, "more": True}),
        ("get_round", {"round_id": 2**80, "a\x00": ["b\x00", {"c": [1e400]}]}),
        ("list_samples", {"round_id": round_id, "limit": 1000}),
        ("list_samples", {"round_id": round_id, "text": "/[/"}),
        ("decide", {"round_id": round_id, "sample_id": 1, "kind": "accept", "reason": ""}),
        ("decide", {"round_id": round_id, "sample_id": 1, "kind": "accept", "reason": "Without a client_id."}),
        ("launch_round", {"project_id": world.ids["project_id"]}),
        ("launch_round", {"project_id": world.ids["project_id"], "recipe": "no such recipe"}),
    ]
    curator = world.actor(Role.curator)
    answers = ask(curator, *wrong)
    assert answers == ["NotFound", *["InvalidInput"] * (len(wrong) - 1)]
    verbs = [audit_entry.verb for audit_entry in audited(world, curator.name)]
    assert [verbs.count(verb) for verb in ("call tool", "refuse tool call")] == [len(wrong)] * 2


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_clients_of_today_and_of_last_year_are_told_what_each_tool_does(database: str, mode: str) -> None:
    async def asking(client: Client) -> tuple[str | None, Any, Any]:
        return client.instructions, (await client.list_tools()).tools, await answer(client, "list_projects", {})

    instructions, tools, projects = with_client(accounts.local_owner(), asking, mode=mode)
    assert instructions == INSTRUCTIONS
    assert [tool.name for tool in tools] == list(TOOLS)
    assert [tool.name for tool in tools if len(tool.description) < 60 or not tool.title] == []
    writes = {tool.name for tool in tools if not tool.annotations.read_only_hint}
    assert writes == {"launch_round", "next_item", "decide", "close_review", "export_samples"}
    assert {tool.name: tool for tool in tools}["get_round"].input_schema["required"] == ["round_id"]
    assert projects == {"projects": [], "next": None}
    assert {tool.name for tool in tools if tool.annotations.destructive_hint} == {"close_review"}
    assert {tool.name for tool in tools if tool.annotations.idempotent_hint} == {"launch_round", "decide"}


def test_only_a_token_lets_an_agent_in(world: World) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    with site.visitor() as client:
        assert client.post("/mcp", json=body).status_code == 401
        assert client.post("/mcp", json=body, headers={"authorization": "Bearer rondo_x"}).status_code == 401
    with site.with_token(world.actor(Role.admin)) as client:
        assert (client.get("/mcp").status_code, client.delete("/mcp").status_code) == (405, 405)
    with site.signed_in(world.actor(Role.admin)) as client:
        assert client.post("/mcp", json=body).status_code == 401
        assert client.get("/mcp", headers={"accept": "text/html"}).status_code == 401


def test_an_agent_that_starts_rondo_mcp_asks_this_machine_or_another(
    world: World, tmp_path: Path, migrated_sqlite: Path
) -> None:
    reviewer = world.actor(Role.reviewer)
    _, secret = sessions.create_token(reviewer, name="agent")
    elsewhere = {"RONDO_URL": site.address(), "RONDO_TOKEN": secret, "RONDO_DATA_DIR": str(tmp_path / "none")}
    here = {"RONDO_DATA_DIR": str(tmp_path / "here"), "RONDO_DATABASE_URL": ""}
    (tmp_path / "here").mkdir()
    shutil.copy(migrated_sqlite, tmp_path / "here/rondo.db")
    launch: Call = ("launch_round", {"project_id": world.ids["project_id"], "after_number": 2})
    listed, refused = run_alone(started(elsewhere, ("list_projects", {}), launch))
    assert [(project["id"], project["role"]) for project in listed["projects"]] == [
        (world.ids["project_id"], "reviewer")
    ]
    assert refused == "PermissionDenied"
    assert not (tmp_path / "none").exists()
    assert run_alone(started(here, ("list_projects", {}))) == [{"projects": [], "next": None}]


@pytest.mark.parametrize(("url", "reason"), [("", "does not work at"), ("http://127.0.0.1:1", "No Rondo answers at")])
def test_rondo_mcp_says_in_a_line_why_it_does_not_start(database: str, url: str, reason: str) -> None:
    with pytest.raises(RondoError, match=reason):
        run_alone(serve_elsewhere(url or site.address(), "rondo_wrong"))


async def started(environment: dict[str, str], *calls: Call) -> list[Any]:
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "app.cli", "mcp"], env=dict(os.environ) | environment, cwd=Path.cwd()
    )
    async with Client(command) as client:
        return [await answer(client, *call) for call in calls]
