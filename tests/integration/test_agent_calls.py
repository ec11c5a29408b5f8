"""Calls of agents: sent again, of several pages, failing, too large, and what the audit trail keeps of them."""

from dataclasses import replace
from typing import Any

import pytest

from app.agents import calls
from backend.db import reading, tables
from backend.jobs import transitions
from backend.pipeline.run import run_job
from backend.services import audit, projects, samples
from backend.services.audit import AuditQuery
from backend.services.people import accounts
from backend.services.samples import export_jobs
from backend.values import Role
from tests import rows
from tests.integration import site
from tests.integration.agents import Call, ask
from tests.integration.reviewing import REJECT, Team
from tests.integration.walking import World, make_world

pytestmark = pytest.mark.on_sqlite


@pytest.fixture
def world(database: str) -> World:
    return make_world()


def test_the_same_call_again_does_nothing_more(world: World) -> None:
    place = {"round_id": world.ids["round_id"], "sample_id": world.ids["sample_id"], "client_id": "decision-1"}
    accept: Call = ("decide", place | {"kind": "accept", "reason": "It is right."})
    reject: Call = ("decide", place | {"kind": "reject", "reason": "It is wrong."})
    project = {"project_id": world.ids["project_id"]}
    launch: Call = ("launch_round", project | {"num_prompts": 2, "after_number": 2})
    curator = world.actor(Role.curator)
    dry: Call = ("launch_round", project | {"dry_run": True})
    first, again, other, estimate, launched, refused, listed = ask(
        curator, accept, accept, reject, dry, launch, launch, ("list_rounds", project | {"limit": 2})
    )
    assert first["decision"] == again["decision"]
    assert (other, refused) == ("Conflict", "Conflict")
    assert estimate["after_number"] == 2
    assert [round_["number"] for round_ in listed["rounds"]] == [launched["round"]["number"], 2]
    assert listed["has_more"]


def test_groups_are_preferred_ranked_and_taken_back(database: str) -> None:
    team = Team(prompts=2, n=3, scores=(5.0, 2.0, 4.0), mode="group")
    round_: dict[str, Any] = {"round_id": team.round.id, "reason": "By the agent."}
    first, second = ({**round_, "sample_id": team.ids[n], "client_id": f"of-group-{n}"} for n in (0, 3))
    prefer: Call = ("decide", first | {"kind": "prefer", "value": {"best": team.ids[1], "worst": None}})
    item, preferred, again, ranked, back = ask(
        team.who("ann"),
        ("next_item", {"round_id": team.round.id, "order": "sequential"}),
        prefer,
        prefer,
        ("decide", second | {"kind": "rank", "value": {"order": [team.ids[n] for n in (5, 3, 4)]}}),
        ("decide", second | {"kind": "retract", "client_id": "taken-back", "retracts": "of-group-3"}),
    )
    assert (item["mode"], item["scale"], len(item["item"]["members"])) == ("group", [0, 5], 3)
    assert preferred["decision"] == again["decision"]
    assert [entry["decision"]["kind"] for entry in (preferred, ranked, back)] == ["prefer", "rank", "retract"]
    assert [decision.kind for decision in team.decisions()] == ["prefer", "rank", "retract"]
    unread: Call = ("decide", first | {"kind": "prefer", "value": {"best": "the second"}})
    assert ask(team.who("ann"), unread) == ["InvalidInput"]
    stranger = rows.make_actor(rows.make_project("another"), Role.reviewer)
    viewer = rows.make_actor(team.project, Role.viewer)
    assert [*ask(stranger, unread), *ask(viewer, unread)] == ["NotFound", "PermissionDenied"], "asked first"


def test_a_colleagues_decision_is_hidden_until_ones_own(database: str) -> None:
    team = Team(prompts=1, num_reviewers_per_item=2)
    sample = {"sample_id": team.ids[0]}
    team.act("ann", team.ids[0], REJECT, note="Her reason.")
    read: Call = ("read_sample", sample)
    listed: Call = ("list_samples", {"round_id": team.round.id, "decided": "others"})
    own = sample | {"round_id": team.round.id, "kind": "accept", "reason": "His own.", "client_id": "of-bob-1"}
    before, by_filter, done, after = ask(team.who("bob"), read, listed, ("decide", own), read)
    assert "Her reason." not in str((before, by_filter))
    assert before["decisions"] == before["judgments"] == []
    assert before["numbers"] == {"judgments": 0, "decisions": 0, "others_of_group": 1}
    assert [entry["note"]["untrusted_text"] for entry in done["others"]] == ["Her reason."]
    assert len(after["decisions"]) == 2


def test_a_project_has_its_guidelines_and_pages(world: World) -> None:
    owner = accounts.local_owner()
    ids = sorted(project.id for project in (rows.make_project("a"), rows.make_project("b")))
    projects.edit(owner, ids[0], guidelines="Look twice.")
    pages = ask(owner, ("list_projects", {"limit": 1}), ("list_projects", {"project_id": ids[0]}))
    assert (len(pages[0]["projects"]), pages[0]["next"]) == (1, str(ids[0]))
    assert pages[1]["project"]["guidelines"] == {"untrusted_text": "Look twice."}


def test_the_trail_keeps_no_texts_and_tells_of_a_failure(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("a secret of the server's")

    viewer = world.actor(Role.viewer)
    assert ask(viewer, ("list_samples", {"round_id": world.ids["round_id"], "text": "/[private/"})) == ["InvalidInput"]
    monkeypatch.setattr(samples, "page", fail)
    asked = {"round_id": world.ids["round_id"], "text": "private words", "verdict": ["accept"], "step": [0]}
    answered = calls.run(replace(viewer, via="mcp"), "list_samples", asked)
    assert answered.is_error
    assert "secret" not in answered.text
    query = AuditQuery(person=viewer.name)
    failed, called, refused, *_ = audit.listing(accounts.local_owner(), world.project.id, query).entries
    assert refused.details["reason"].startswith("/.../ is no regular expression")
    assert (called.verb, failed.verb) == ("call tool", "refuse tool call")
    kept = {"round_id": asked["round_id"], "text": "(13 characters)", "verdict": "['accept']", "step": "[0]"}
    assert called.details["arguments"] == kept


def test_a_file_of_samples_is_downloaded_with_the_same_token(world: World) -> None:
    viewer, other = world.actor(Role.viewer), world.actor(Role.viewer)
    round_id = world.ids["round_id"]
    call: Call = ("export_samples", {"project_id": world.ids["project_id"], "round_ids": [round_id]})
    [started_] = ask(viewer, call)
    job_id = started_["job_id"]
    with reading() as db:
        workflow_id = db.get_one(tables.Job, job_id).workflow_id
    attempt = transitions.start(job_id, workflow_id, "here")
    assert attempt is not None
    run_job(job_id, attempt, others={export_jobs.SAMPLES.kind: export_jobs.run})
    [done] = ask(viewer, ("get_export", {"job_id": job_id}))
    assert ask(other, ("get_export", {"job_id": job_id})) == ["NotFound"]
    with site.with_token(viewer) as client:
        assert len(client.get(done["download"]).text.splitlines()) == done["num_rows"] == 8


def test_a_body_that_is_too_deep_or_too_large_is_refused_in_the_one_shape(world: World) -> None:
    call = '{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": %s}'
    with site.with_token(world.actor(Role.viewer)) as client:
        client.headers["content-type"] = "application/json"
        deep = client.post("/mcp", content=call % ('{"a":' * 65 + "1" + "}" * 65))
        large = client.post("/mcp", content=call % f'"{"x" * 5_000_000}"')
    assert (deep.status_code, large.status_code) == (422, 413)
    assert [response.json()["error"]["type"] for response in (deep, large)] == ["InvalidInput"] * 2
