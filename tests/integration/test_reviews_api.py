"""A review over REST: claiming, deciding, settling, gold, assignments, settings; and the queue on the command line."""

import json
import uuid

import pytest
from typer.testing import CliRunner

from app.api.reviews import ITEMS, RESULTS
from backend.services.people import accounts
from tests.integration import site
from tests.integration.reviewing import Team


def test_a_program_claims_decides_and_is_told_when_it_is_late(database: str) -> None:
    team = Team(prompts=2, num_reviewers_per_item=1)
    base = f"/api/v1/rounds/{team.round.id}"
    with site.with_token(team.who("ann")) as ann, site.with_token(team.who("bob")) as bob:
        looked = ann.get(f"{base}/review/queue").json()
        assert team.slots(team.ids[0]) == [], "looking takes nothing"
        claimed = ann.post(f"{base}/review/claims", json={"order": "sequential", "limit": 3}).json()
        assert [one["sample_id"] for one in looked][:3] == [one["sample_id"] for one in claimed] == team.ids[:3]
        assert claimed[0]["lease_until"]
        assert [one["sample_id"] for one in bob.post(f"{base}/review/claims", json={}).json()] == team.ids[3:]
        held = bob.get(f"{base}/review/holders", params={"sample_id": team.ids[0]}).json()
        assert [(one["who"], one["is_decided"]) for one in held] == [(team.who("ann").name, False)]
        act = {"client_id": uuid.uuid4().hex, "kind": "reject", "sample_id": team.ids[0]}
        assert ann.post(f"{base}/decisions", json={"decisions": [act]}).status_code == 201
        again = ann.post(f"{base}/decisions", json={"decisions": [act]}).json()
        assert again[0]["decision"]["late_because"] is None
        late = bob.post(f"{base}/decisions", json={"decisions": [act | {"client_id": uuid.uuid4().hex}]}).json()
        assert "1 other has decided this meanwhile" in late[0]["decision"]["late_because"]
        seen = ann.get(f"{base}/review").json()
        assert (seen["decided"], seen["remaining"], seen["people"][0]["decided"]) == (1, 3, 1)


def test_a_curator_sets_up_and_settles_a_review(database: str) -> None:
    team = Team(prompts=2, num_reviewers_per_item=2)
    base = f"/api/v1/rounds/{team.round.id}/review"
    for name, kind in (("ann", "accept"), ("bob", "reject")):
        with site.with_token(team.who(name)) as client:
            act = {"client_id": uuid.uuid4().hex, "kind": kind, "sample_id": team.ids[0]}
            client.post(f"/api/v1/rounds/{team.round.id}/decisions", json={"decisions": [act]})
    with site.with_token(team.curator) as client:
        changed = client.patch(f"{base}/settings", json={"reservation_minutes": 2}).json()
        assert changed == client.get(f"{base}/settings").json()
        assert (changed["reservation_minutes"], changed["num_reviewers_per_item"]) == (2, 2)
        assert client.patch(f"{base}/settings", json={"mode": "x"}).status_code == 422
        disputed = client.get(f"{base}/adjudication").json()
        assert [(one["item"]["sample_id"], len(one["votes"])) for one in disputed] == [(team.ids[0], 2)]
        settled = {"client_id": uuid.uuid4().hex, "sample_id": team.ids[0], "kind": "reject"}
        assert client.post(f"{base}/adjudication", json=settled).status_code == 201
        assert client.get(f"{base}/adjudication").json() == []
        marked = {"sample_ids": team.ids[2:3], "verdict": "accept", "reason": "known"}
        assert client.post(f"{base}/gold", json=marked).json() == {"number": 1}
        assert [one["sample_id"] for one in client.get(f"{base}/gold").json()] == team.ids[2:3]
        assert client.get(f"{base}/gold/accuracy").json() == []
        ann = team.who("ann").user_id
        given = {"user_id": ann, "filters": {"max_score": 3.0}, "only_count": True}
        assert client.post(f"{base}/assignments", json=given).json() == {"number": 2}
        assert client.get(f"{base}/assignments").json() == []
        assert client.post(f"{base}/assignments", json=given | {"only_count": False}).json() == {"number": 2}
        assert client.get(f"{base}/assignments").json()[0]["number"] == 2
        assert client.delete(f"{base}/assignments/{ann}").json() == {"number": 2}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_command_line_shows_the_same_queue_and_takes_nothing(database: str) -> None:
    from app.cli.commands import app

    team = Team(prompts=2, is_blind=False)
    accounts.local_owner()
    run = CliRunner().invoke
    shown = run(app, ["round", "queue", "--order", "sequential", "--limit", "2", "--json"])
    assert shown.exit_code == 0, shown.output
    assert [item["sample_id"] for item in json.loads(shown.stdout)["items"]] == team.ids[:2]
    assert team.slots(team.ids[0]) == []
    text = run(app, ["round", "queue", "--order", "sequential"]).stdout
    assert "Scored 5, against the cut at 4." in text
    assert run(app, ["round", "queue", "--order", "best"]).exit_code != 0
    assert text.split()[:4] == ["sample", "prompt", "text", "why"]
    question = json.loads(shown.stdout)["items"][0]["messages"][-1]["content"]
    assert question[:40] in text, "a text cannot be decided on without what was asked"
    changed = run(app, ["round", "review", "--set", "num_reviewers_per_item=3", "--json"])
    assert json.loads(changed.stdout)["num_reviewers_per_item"] == 3
    assert run(app, ["round", "review", "--set", "num_reviewers_per_item"]).exit_code != 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_command_line_says_that_a_queue_is_of_groups_and_how_large_they_are(database: str) -> None:
    from app.cli.commands import app

    team = Team(prompts=2, n=3, mode="group")
    accounts.local_owner()
    lines = CliRunner().invoke(app, ["round", "queue", "--order", "sequential"]).stdout.splitlines()
    assert lines[0].split() == ["group", "samples", "prompt", "why"]
    shown = [line.split()[:2] for line in lines[1:] if line.strip() and line.split()[0].isdigit()]
    assert shown == [[str(team.ids[0]), "3"], [str(team.ids[3]), "3"]]


def test_who_decides_blind_learns_afterwards_what_was_drawn_at_random(database: str) -> None:
    team = Team(prompts=10, random_share=0.5)
    base = f"/api/v1/rounds/{team.round.id}"
    with site.with_token(team.who("ann")) as ann:
        items = ann.post(f"{base}/review/claims", json={"order": "informativeness", "limit": 20}).json()
        former = ann.post(f"{base}/review/claims", json={"order": "worth", "limit": 20}).json()
        assert [one["sample_id"] for one in former] == [one["sample_id"] for one in items], "as a desk of before asks"
        refused = ann.post(f"{base}/review/claims", json={"order": "best"})
        assert refused.status_code == 422
        assert "'informativeness'" in refused.text
        assert "worth" not in refused.text
        assert {(one["is_random"], one["reason"]) for one in items} == {(False, None)}
        acts = [{"client_id": uuid.uuid4().hex, "kind": "accept", "sample_id": one["sample_id"]} for one in items]
        told = ann.post(f"{base}/decisions", json={"decisions": acts}).json()
        drawn = {one["decision"]["sample_id"] for one in told if one["decision"]["is_random"]}
        assert 0 < len(drawn) < 20
        said = {one["decision"]["sample_id"] for one in told if "at random" in one["reason"]}
        assert said == drawn == {row.sample_id for row in team.decisions(is_random=True)}


@pytest.mark.on_sqlite
def test_what_is_no_decision_is_refused_alone(database: str) -> None:
    team = Team(prompts=2)
    good = {"client_id": uuid.uuid4().hex, "kind": "accept", "sample_id": team.ids[0]}
    with site.with_token(team.who("ann")) as ann:
        bare = {"client_id": "without-a-number", "kind": "score", "sample_id": team.ids[0]}
        twice = {"client_id": "a-group-twice", "kind": "rank", "sample_id": team.ids[2]}
        twice |= {"value": {"order": [team.ids[2], team.ids[2]]}}
        sent = [{"client_id": "bad", "kind": "nod", "sample_id": team.ids[0]}, 7, bare, twice, good]
        found = ann.post(f"/api/v1/rounds/{team.round.id}/decisions", json={"decisions": sent}).json()
    refused = [(one.get("client_id"), one.get("status")) for one in found[:4]]
    assert refused == [("bad", 422), ("", 422), ("without-a-number", 422), ("a-group-twice", 422)]
    assert found[0]["error"]["message"].startswith("This decision cannot be used: kind: ")
    assert found[2]["error"]["message"] == "A score decision needs a number. Give one."
    assert found[3]["error"]["message"] == "A sample is named twice. Name each at most once."
    assert found[4].get("decision", found[4])["client_id"] == good["client_id"], found[4]


def test_what_is_written_unchecked_for_each_key_fits_the_published_models(database: str) -> None:
    team = Team(prompts=2, num_reviewers_per_item=2)
    base = f"/api/v1/rounds/{team.round.id}"
    with site.with_token(team.who("ann")) as ann:
        claimed = ann.post(f"{base}/review/claims", json={"order": "informativeness", "limit": 3})
        sent = [
            {"client_id": uuid.uuid4().hex, "kind": kind, "sample_id": n} | more
            for kind, n, more in (
                ("accept", team.ids[0], {}),
                ("score", team.ids[1], {"score": 3}),
                ("edit", team.ids[2], {"text": "better"}),
                ("skip", team.ids[3], {}),
                ("accept", 10**9, {}),
            )
        ]
        decided = ann.post(f"{base}/decisions", json={"decisions": sent})
    for model, answer, number in ((ITEMS, claimed, 3), (RESULTS, decided, 5)):
        read = model.validate_json(answer.content, strict=True)
        assert len(read) == number
        assert json.loads(model.dump_json(read)) == answer.json()
