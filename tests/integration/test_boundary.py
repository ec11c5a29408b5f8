"""What no database can hold, handed to services, to REST and to the command line."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.cli import main
from backend.db import reading, tables
from backend.errors import InvalidInput
from backend.services import projects, rounds, samples
from backend.services.access import Actor
from backend.services.checkpoints import trials
from backend.services.people import accounts
from backend.services.plans import defaults
from backend.values import Role, Sampling
from tests.integration import site
from tests.integration.walking import World, changed, make_world, snapshot

HALF = "half \ud83d"
JSON = {"content-type": "application/json"}
FOUND = {"decisions": [{"client_id": "aaaaaaaa-1", "kind": "note", "sample_id": 1, "note": HALF}]}


@pytest.fixture
def world(database: str) -> World:
    return make_world()


@pytest.fixture
def owner(world: World) -> Actor:
    return accounts.local_owner()


CALLS: list[Callable[[Actor, World], Any]] = [
    lambda owner, _: projects.get(owner, 2**70),
    lambda owner, _: projects.get(owner, -(2**63) - 1),
    lambda owner, _: projects.create(owner, "x", description=HALF),
    lambda owner, _: projects.create(owner, "x", description="nul \x00"),
    lambda owner, _: projects.create(owner, "x", defaults={"recipe": {"name": HALF}}),
    lambda owner, _: projects.create(owner, "x", defaults={"recipe": {"name": "nul \x00"}}),
    lambda owner, _: projects.create(owner, "x", defaults={"seed": float("nan")}),
    lambda owner, _: projects.create(owner, "two\nlines"),
    lambda owner, _: accounts.create_user(owner, HALF),
    lambda owner, world: projects.edit(owner, world.ids["project_id"], guidelines=HALF),
    lambda owner, world: trials.try_prompt(owner, [world.ids["policy_id"]], HALF, Sampling()),
    lambda owner, world: trials.try_prompt(owner, [world.ids["policy_id"]], "x", Sampling(seed=2**64)),
    lambda owner, world: samples.page(owner, world.ids["round_id"], samples.Filters(max_tokens=2**70)),
    lambda owner, world: samples.page(owner, world.ids["round_id"], samples.Filters(text=HALF)),
    lambda owner, world: samples.page(owner, world.ids["round_id"], cursor=f"f+id:1.0:{2**70}"),
    lambda owner, world: rounds.estimate(owner, world.ids["project_id"], plan(owner, world, num_prompts=-1)),
    lambda owner, world: rounds.estimate(owner, world.ids["project_id"], plan(owner, world, num_prompts=2**70)),
    lambda owner, world: rounds.launch(owner, world.ids["project_id"], plan(owner, world, seed=2**64)),
    lambda owner, world: rounds.launch(owner, world.ids["project_id"], plan(owner, world, policy_id=2**70)),
]


def plan(owner: Actor, world: World, **changes: Any) -> rounds.Plan:
    return rounds.Plan(**(vars(defaults(owner, world.ids["project_id"])) | changes))


@pytest.mark.parametrize("call", CALLS, ids=range(len(CALLS)))
def test_a_service_refuses_it_with_a_sentence_and_writes_nothing(
    world: World, owner: Actor, call: Callable[[Actor, World], Any]
) -> None:
    before = snapshot()
    with pytest.raises(InvalidInput) as refused:
        call(owner, world)
    assert refused.value.message.endswith(".")
    assert changed(before) == set()


def test_half_an_emoji_in_a_decision_is_refused_with_a_sentence(world: World) -> None:
    with site.with_token(world.actor(Role.reviewer)) as client:
        answer = client.post(
            f"/api/v1/rounds/{world.ids['round_id']}/decisions", content=json.dumps(FOUND), headers=JSON
        )
    assert answer.status_code == 422
    assert "half of an emoji (U+D83D alone), which cannot be stored. Remove it" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "bad",
    [
        {"kind": "note", "note": HALF},
        {"kind": "note", "note": ""},
        {"kind": "no such"},
        {"kind": "score", "score": 1e300},
        {"kind": "accept", "sample_id": 2**70},
        {"kind": "accept", "sample_id": 10**9},
        {"kind": "accept", "value": 1},
        {"kind": "edit", "text": "nul \x00"},
    ],
)
def test_one_bad_act_holds_up_no_other(world: World, bad: dict[str, Any]) -> None:
    good = {"kind": "flag", "sample_id": world.ids["sample_id"]}
    acts = [good, {"sample_id": world.ids["sample_id"]} | bad, good]
    sent = {"decisions": [act | {"client_id": f"act-number-{place}"} for place, act in enumerate(acts)]}
    with site.with_token(world.actor(Role.reviewer)) as client:
        answer = client.post(
            f"/api/v1/rounds/{world.ids['round_id']}/decisions", content=json.dumps(sent), headers=JSON
        )
    assert answer.status_code == 201, answer.text
    first, refused, last = answer.json()
    assert first["decision"]["kind"] == last["decision"]["kind"] == "flag"
    assert refused.keys() == {"client_id", "status", "error"}
    assert (refused["client_id"], refused["status"]) == ("act-number-1", 404 if bad.get("sample_id") == 10**9 else 422)
    with reading() as db:
        written = db.scalars(select(tables.Decision.client_id).where(tables.Decision.client_id.like("act-%")))
        assert sorted(written) == ["act-number-0", "act-number-2"]


def test_an_undo_of_an_act_that_was_refused_takes_back_no_other(world: World) -> None:
    acts = [{"kind": "flag", "sample_id": world.ids["sample_id"]}, {"kind": "no such"}, {"kind": "retract"}]
    sent = {"decisions": [act | {"client_id": f"act-number-{place}"} for place, act in enumerate(acts)]}
    with site.with_token(world.actor(Role.reviewer)) as client:
        done = client.post(f"/api/v1/rounds/{world.ids['round_id']}/decisions", json=sent).json()
    assert done[2]["error"]["message"].startswith("The decision that this takes back was not written")


@pytest.mark.parametrize("path", ["/api/v1/projects", "/gradio_api/queue/join", "/gradio_api/component_server"])
def test_json_that_is_nested_too_deep_is_refused_unread(world: World, owner: Actor, path: str) -> None:
    deep = '{"name": ' + "[" * 600 + "]" * 600 + "}"
    with site.signed_in(owner) as client:
        answer = client.post(path, content=deep, headers=JSON)
    assert answer.status_code == 422
    assert "nested more than 64 deep" in answer.text


@pytest.mark.parametrize(
    "words",
    [
        ["export", str(2**70), "--out", "x.jsonl"],
        ["round", "launch", "--prompts", str(2**70)],
        ["round", "launch", "--seed", str(2**64)],
        ["round", "status", str(2**70)],
        ["user", "add", "two\nlines"],
        ["user", "add", "half \udcff", "--json"],
        ["user", "password", "half \udcff", "--stdin"],
        ["user", "add", "\u202ex"],
        ["round", "launch", "--review-set", "close_minutes=nan"],
        ["round", "launch", "--seed", "-1"],
    ],
)
def test_the_command_line_says_what_is_wrong(
    world: World, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["rondo", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code not in (0, None)
    text = f"{ended.value.code}{capsys.readouterr().err}"
    assert "Traceback" not in text
    text.encode()


@pytest.mark.parametrize("path", ["audit", "audit/export?format=csv", "audit/export"])
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_that_utc_has_not_is_refused_before_an_answer_begins(
    world: World, owner: Actor, path: str, moment: str
) -> None:
    with site.with_token(owner) as client:
        for name in ("since", "until"):
            answer = client.get(f"/api/v1/projects/{world.ids['project_id']}/{path}", params={name: moment})
            assert (answer.status_code, answer.json()["error"]["type"]) == (422, "InvalidInput")
            assert "outside the years 1 to 9999" in answer.json()["error"]["message"]
