"""What an open review desk says over REST: I am here, I hold these, I am leaving."""

from backend.services import queue, reviews
from backend.services.access import Actor
from backend.services.decisions import leases
from backend.values import Role, RoundStatus, Stage
from tests import rows
from tests.integration import site


def test_a_desk_keeps_what_it_holds_and_gives_it_back(database: str) -> None:
    project = rows.make_project()
    round_ = rows.make_round(project, status=RoundStatus.review, stage=Stage.review, is_reviewed=True)
    samples = rows.make_samples(round_, rows.make_prompt_set(project), scores=[1.0, 0.0])
    actor, other = (rows.make_actor(project, Role.reviewer) for _ in range(2))
    held = [item.sample_id for item in queue.queue(actor, round_.id, limit=2)]
    theirs = queue.queue(other, round_.id, limit=1)[0].sample_id
    address = f"/api/v1/rounds/{round_.id}/review"
    with site.signed_in(actor) as client:
        heard = client.post(f"{address}/here", json={"held": [*held, theirs], "wants_progress": True}).json()
        assert sorted(heard["kept"]) == sorted(held)
        assert [(lost["sample_id"], lost["who"]) for lost in heard["lost"]] == [(theirs, other.name)]
        here = {person["name"] for person in heard["progress"]["people"] if person["is_here"]}
        assert here == {actor.name, other.name}
        assert client.post(f"{address}/here", json={}).json()["progress"] is None
        assert client.post(f"{address}/leave", json={"held": held}).status_code == 204
        assert client.post(f"{address}/here", json={"held": [0] * 1001}).status_code == 422
        for what in ("here", "leave"):
            refused = client.post(f"{address}/{what}", json={"held": [], "me": other.user_id})
            assert (refused.status_code, "me" in refused.json()["error"]["message"]) == (422, True)
    assert leases.holders(actor, round_.id, [s.id for s in samples])[0].who == other.name


def test_another_site_a_viewer_and_a_stranger_hold_nothing(database: str) -> None:
    project = rows.make_project()
    round_ = rows.make_round(project, status=RoundStatus.review, stage=Stage.review, is_reviewed=True)
    address = f"/api/v1/rounds/{round_.id}/review/here"
    people: list[tuple[Actor, int]] = [(rows.make_actor(project, Role.viewer), 403), (rows.make_actor(), 404)]
    for actor, status in people:
        with site.signed_in(actor) as client:
            assert client.post(address, json={}).status_code == status
    with site.signed_in(rows.make_actor(project, Role.reviewer)) as client:
        assert client.post(address, json={}, headers={"sec-fetch-site": "cross-site"}).status_code == 403
        assert client.post(address, json={}).status_code == 200
    with site.visitor() as client:
        assert client.post(address, json={}).status_code == 401


def test_a_page_with_nothing_in_hand_gives_nothing_back_and_one_without_a_list_everything(database: str) -> None:
    project = rows.make_project()
    round_ = rows.make_round(project, status=RoundStatus.review, stage=Stage.review, is_reviewed=True)
    rows.make_samples(round_, rows.make_prompt_set(project), scores=[1.0, 0.0])
    actor, other = (rows.make_actor(project, Role.reviewer) for _ in range(2))
    held = queue.queue(actor, round_.id, limit=2)
    address = f"/api/v1/rounds/{round_.id}/review/leave"
    with site.signed_in(actor) as client:
        assert client.post(address, json={"held": []}).status_code == 204
        assert len(leases.holders(other, round_.id, [item.sample_id for item in held])) == len(held) == 2
        assert client.post(address, json={}).status_code == 204
        assert leases.holders(other, round_.id, [item.sample_id for item in held]) == []


def test_a_page_of_somebody_else_holds_nothing_in_the_name_of_who_signed_in_since(database: str) -> None:
    project = rows.make_project()
    round_ = rows.make_round(project, status=RoundStatus.review, stage=Stage.review, is_reviewed=True)
    samples = rows.make_samples(round_, rows.make_prompt_set(project), scores=[1.0, 0.0])
    actor, other = (rows.make_actor(project, Role.reviewer) for _ in range(2))
    address = f"/api/v1/rounds/{round_.id}/review"
    with site.signed_in(other) as client:
        for what in ("/here", "/leave"):
            refused = client.post(
                f"{address}{what}", json={"held": [samples[0].id]}, headers={"Rondo-User": str(actor.user_id)}
            )
            assert refused.status_code == 401
            assert f"{other.name} is signed in in this browser now" in refused.text
        act = {"client_id": "not-in-their-name", "kind": "accept", "sample_id": samples[0].id}
        sent = client.post(
            f"/api/v1/rounds/{round_.id}/decisions",
            json={"decisions": [act]},
            headers={"Rondo-User": str(actor.user_id)},
        )
        assert (sent.status_code, sent.json()["error"]["type"]) == (401, "NotSignedIn")
        assert reviews.progress(other, round_.id).decided == 0
        for name in ("", "x", "-1", "9" * 30, "\N{SUPERSCRIPT TWO}".encode()):
            assert client.post(f"{address}/here", json={}, headers={"Rondo-User": name}).status_code == 422
        assert client.post(f"{address}/here", json={}, headers={"Rondo-User": str(other.user_id)}).status_code == 200
    assert leases.holders(actor, round_.id, [s.id for s in samples]) == []


def test_who_closed_the_page_is_not_here_and_who_only_gave_items_back_is(database: str) -> None:
    project = rows.make_project()
    round_ = rows.make_round(project, status=RoundStatus.review, stage=Stage.review, is_reviewed=True)
    actor = rows.make_actor(project, Role.reviewer)
    address = f"/api/v1/rounds/{round_.id}/review"

    def is_here() -> bool:
        return any(person.is_here for person in reviews.progress(actor, round_.id).people)

    with site.signed_in(actor) as client:
        client.post(f"{address}/here", json={})
        assert client.post(f"{address}/leave", json={"held": []}).status_code == 204
        assert is_here()
        assert client.post(f"{address}/leave", json={"held": [], "is_gone": True}).status_code == 204
        assert not is_here()


def test_decisions_that_all_fail_are_each_answered(database: str) -> None:
    """An undo must not take back another decision because the one before it was refused in another call."""
    project = rows.make_project()
    round_ = rows.make_round(project, status=RoundStatus.review, stage=Stage.review, is_reviewed=True)
    samples = rows.make_samples(round_, rows.make_prompt_set(project), scores=[1.0, 0.0])
    actor = rows.make_actor(project, Role.reviewer)
    address = f"/api/v1/rounds/{round_.id}/decisions"
    bad = {"client_id": "bad-decision", "kind": "accept", "sample_id": 10**9}
    with site.signed_in(actor) as client:
        kept = {"client_id": "good-decision", "kind": "accept", "sample_id": samples[0].id}
        assert client.post(address, json={"decisions": [kept]}).status_code == 201
        undo = {"client_id": "undo-the-last", "kind": "retract"}
        answer = client.post(address, json={"decisions": [bad, undo]})
        assert answer.status_code == 201
        assert [(reply["status"], reply["error"]["type"]) for reply in answer.json()] == [
            (404, "NotFound"),
            (409, "Conflict"),
        ]
        assert client.post(address, json={"decisions": [bad]}).status_code == 404
    assert reviews.progress(actor, round_.id).decided == 1


def test_what_was_decided_before_comes_back_and_a_closed_review_says_that_it_is(database: str) -> None:
    project = rows.make_project()
    round_ = rows.make_round(project, status=RoundStatus.review, stage=Stage.review, is_reviewed=True)
    samples = rows.make_samples(round_, rows.make_prompt_set(project), scores=[1.0, 0.0])
    curator = rows.make_actor(project, Role.curator)
    address = f"/api/v1/rounds/{round_.id}"
    act = {"client_id": "decided-before", "kind": "accept", "sample_id": samples[0].id}
    with site.signed_in(curator) as client:
        assert client.post(f"{address}/review/earlier", json={}).json() is None
        client.post(f"{address}/decisions", json={"decisions": [act]})
        item = client.post(f"{address}/review/earlier", json={}).json()
        assert (item["sample_id"], item["mine"]["client_id"]) == (samples[0].id, "decided-before")
        assert client.post(f"{address}/review/earlier", json={"held": [samples[0].id]}).json() is None
        body = client.get(f"/api/v1/samples/{samples[0].id}/decisions").json()
        assert [(entry["kind"], entry["who"]) for entry in body["entries"]] == [("accept", curator.name)]
        assert "1 of 6 samples is decided" in client.get(f"{address}/review/closing").json()["lines"][0]
        assert client.post(f"{address}/review/close").status_code == 200
        again = client.post(f"{address}/decisions", json={"decisions": [act | {"client_id": "comes-too-late"}]})
        assert (again.status_code, again.json()["error"]["type"]) == (409, "LabelsFrozen")


def test_keys_and_how_texts_are_shown_are_kept_with_the_account(database: str) -> None:
    actor = rows.make_actor(rows.make_project(), Role.reviewer)
    with site.signed_in(actor) as client:
        bound = client.put("/api/v1/me/review/keys", json={"keys": {"accept": ["y"]}}).json()
        assert [(each["keys"], each["is_changed"]) for each in bound if each["name"] == "accept"] == [(["y"], True)]
        assert client.put("/api/v1/me/review/keys", json={"keys": {"no such action": ["y"]}}).status_code == 422
        assert client.patch("/api/v1/me/review/shows", json={"text": "raw"}).json()["text"] == "raw"
        assert client.patch("/api/v1/me/review/shows", json={"grey_common": False}).json()["text"] == "raw"
        for wrong in ({"text": "x"}, {"keys": {}}, {"grey_common": None}):
            assert client.patch("/api/v1/me/review/shows", json=wrong).status_code == 422
