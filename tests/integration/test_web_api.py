"""REST: pages of lists, one shape of errors, and the loop's way through it."""

import json
import re
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest

from app.api.prompts import suffix_of
from backend.services.access import Actor
from backend.values import Role
from tests import rows
from tests.integration import site
from tests.integration.walking import World, make_world

pytestmark = pytest.mark.on_sqlite


@pytest.fixture
def world(database: str) -> World:
    return make_world()


@pytest.fixture
def curator(world: World) -> Actor:
    return world.actor(Role.curator)


def shape(answer: httpx.Response) -> tuple[int, str]:
    """Status and type of an error in the one shape."""
    error = answer.json()
    assert error.keys() == {"error"}
    assert error["error"].keys() == {"type", "message"}
    assert error["error"]["message"]
    return answer.status_code, error["error"]["type"]


def everything(client: httpx.Client, path: str, limit: int) -> list[int]:
    """All ids of a list, page by page."""
    numbers: list[int] = []
    after: str | None = None
    while True:
        page = client.get(path, params={"limit": limit} | ({"after": after} if after else {})).json()
        assert len(page["items"]) <= limit
        numbers += [item["id"] for item in page["items"]]
        after = page["next"]
        if after is None:
            return numbers


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_of_every_kind_of_list_join_up(world: World, curator: Actor, limit: int) -> None:
    ids = world.ids
    with site.with_token(curator) as client:
        for path in (
            f"/api/v1/projects/{ids['project_id']}/prompt-sets",
            f"/api/v1/projects/{ids['project_id']}/jobs",
            f"/api/v1/projects/{ids['project_id']}/checkpoints",
            f"/api/v1/rounds/{ids['round_id']}/samples",
        ):
            numbers = everything(client, path, limit)
            assert numbers == everything(client, path, 200)
            assert len(numbers) == len(set(numbers)) >= 2


def test_every_error_has_one_shape(world: World, curator: Actor) -> None:
    project = f"/api/v1/projects/{world.ids['project_id']}"
    with site.visitor() as client:
        assert shape(client.get("/api/v1/me")) == (401, "NotSignedIn")
        bad_token = {"authorization": "Bearer rondo_wrong"}
        assert shape(client.get("/api/v1/me", headers=bad_token)) == (401, "NotSignedIn")
    with site.with_token(curator) as client:
        assert shape(client.get("/api/v1/rounds/999")) == (404, "NotFound")
        assert shape(client.get("/api/v1/nothing")) == (404, "NotFound")
        assert shape(client.put("/api/v1/projects", json={})) == (404, "NotFound")
        assert shape(client.patch(project, json={"name": "x"})) == (403, "PermissionDenied")
        assert shape(client.get("/api/v1/rounds/abc")) == (422, "InvalidInput")
        assert shape(client.get(f"{project}/rounds?after=77")) == (422, "InvalidInput")
        assert shape(client.post(f"{project}/rounds", content=b"{half")) == (422, "InvalidInput")
        assert shape(client.post("/api/v1/tokens", json={"name": "x", "days": 0})) == (403, "PermissionDenied")
        assert shape(client.get(f"{project}/jobs?limit=1000")) == (422, "InvalidInput")
        url = f"/api/v1/rounds/{world.ids['round_id']}"
        assert client.post(f"{url}/cancel").status_code == 200
        assert shape(client.post(f"{url}/review/close")) == (409, "Conflict")


def test_a_file_is_imported_with_its_bad_rows_reported(world: World, curator: Actor) -> None:
    path = f"/api/v1/projects/{world.ids['project_id']}/prompt-sets/import"
    content = '{"prompt": "eins ä"}\n{"prompt": 7}\n{"prompt": "two"}\n'.encode()
    with site.with_token(curator) as client:
        answer = client.post(path, data={"name": "new"}, files={"file": ("../../x.jsonl", content)})
        assert answer.status_code == 201, answer.text
        report = answer.json()
        assert (report["num_rows"], report["num_bad"]) == (3, 1)
        key = report["sets"][0]["id"]
        prompts = client.get(f"/api/v1/prompt-sets/{key}/prompts").json()["items"]
        assert [prompt["text"] for prompt in prompts] == ["eins ä", "two"]
        assert shape(client.post(path, data={"name": "new"}, files={"file": ("x.jsonl", content)}))[0] in (409, 422)
        assert shape(client.post(path, data={"name": "n"}, files={"file": ("x.exe", b"MZ")})) == (422, "InvalidInput")


def test_a_file_is_previewed_and_imported_under_one_mapping(world: World, curator: Actor) -> None:
    base = f"/api/v1/projects/{world.ids['project_id']}/prompt-sets"
    content = b"question,note,good,bad\nName a river,be brief,Elbe,Alps\n"
    mapping = json.dumps({"prompt": "question", "context": ["note"], "chosen": "good", "rejected": "bad"})
    with site.with_token(curator) as client:
        sent = {"data": {"mapping": mapping}, "files": {"file": ("x.csv", content)}}
        shown = client.post(f"{base}/preview", **sent)
        assert shown.status_code == 200, shown.text
        body = shown.json()
        assert [fate["role"] for fate in body["becomes"]] == ["prompt", "context", "chosen", "rejected"]
        assert body["prompts"][0]["messages"] == [{"role": "user", "content": "Name a river\n\nbe brief"}]
        guessed = client.post(f"{base}/preview", files={"file": ("x.csv", content)}).json()
        assert [fate["role"] for fate in guessed["becomes"]] == ["prompt", "metadata", "metadata", "metadata"]
        document = client.post(f"{base}/import", data={"name": "new", "mapping": mapping}, files=sent["files"]).json()
        assert (document["num_completions"], document["sets"][0]["num_prompts"]) == (2, 1)
        (prompt,) = client.get(f"/api/v1/prompt-sets/{document['sets'][0]['id']}/prompts").json()["items"]
        assert [completion["text"] for completion in prompt["completions"]] == ["Elbe", "Alps"]
        for wrong in ('{"promt": "a"}', "[", '{"prompt": "nowhere"}', '{"chosen": "good"}'):
            answer = client.post(f"{base}/preview", data={"mapping": wrong}, files=sent["files"])
            assert shape(answer) == (422, "InvalidInput"), wrong
        import gzip

        packed = {"file": ("x.jsonl.gz", gzip.compress(b'{"prompt": "p"}\n'))}
        assert client.post(f"{base}/preview", files=packed).json()["kind"] == "JSON lines, packed"


def nested(depth: int) -> str:
    return "[" * depth + "1" + "]" * depth


ODD_ROWS = (
    f'{{"prompt": "p", "m": {nested(300)}}}',
    f'{{"prompt": "p", "m": {{"k": {nested(64)}}}}}',
    f'{{"prompt": "p", "completions": [{{"text": "c", "m": {nested(100)}}}]}}',
    '{"prompt": "p", "completions": [{"text": "c", "m": "\\u0000"}]}',
    '{"prompt": "p", "m": "\\ud800"}',
    '{"prompt": "p", "\\ud800": 1}',
    '{"prompt": "p", "completions": [{"text": "c", "m": ["\\ud800"]}]}',
    f'{{"prompt": "p", "completions": [{{"text": "c", "score": {"9" * 400}}}]}}',
)


def test_odd_rows_are_left_out_and_the_others_are_previewed_imported_and_listed(world: World, curator: Actor) -> None:
    base = f"/api/v1/projects/{world.ids['project_id']}/prompt-sets"
    good = '{"prompt": "good", "completions": [{"text": "c", "m": [1]}]}'
    files = {"file": ("x.jsonl", "\n".join([good, *ODD_ROWS]).encode())}
    with site.with_token(curator) as client:
        shown = client.post(f"{base}/preview", files=files)
        assert shown.status_code == 200, shown.text
        assert [bool(row["reason"]) for row in shown.json()["prompts"]] == [False] + [True] * len(ODD_ROWS)
        response = client.post(f"{base}/import", data={"name": "odd"}, files=files)
        assert response.status_code == 201, response.text
        listed = client.get(f"/api/v1/prompt-sets/{response.json()['sets'][0]['id']}/prompts")
        assert listed.json()["items"][0]["completions"][0]["extra"]["m"] == [1]


NAMES = ("a.js\0onl", "\0", "a.\0", "..", "a.jsonl\0.gz", "a.js/../../x.csv", "é.ü", "a." + "x" * 500)


def test_an_upload_may_have_any_name(world: World, curator: Actor) -> None:
    path = f"/api/v1/projects/{world.ids['project_id']}/prompt-sets/preview"
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    with site.with_token(curator) as client:
        for name in NAMES:
            head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
            answer = client.post(path, content=f'{head}{{"prompt": "p"}}\r\n--b--\r\n'.encode(), headers=kind)
            assert answer.status_code in (200, 422), (name, answer.text)
            assert re.fullmatch("[A-Za-z0-9.]*", suffix_of(name))


def test_decisions_sent_twice_count_once_and_can_be_taken_back(world: World) -> None:
    url = f"/api/v1/rounds/{world.ids['round_id']}"
    act = {"client_id": "decision-1", "sample_id": world.ids["sample_id"], "kind": "reject"}
    with site.with_token(world.actor(Role.reviewer)) as client:
        first = client.post(f"{url}/decisions", json={"decisions": [act]})
        assert first.status_code == 201, first.text
        again = client.post(f"{url}/decisions", json={"decisions": [act]})
        assert first.json()[0]["decision"]["id"] == again.json()[0]["decision"]["id"]
        assert client.get(f"{url}/review").json()["decided"] == 1
        with site.with_token(world.actor(Role.curator)) as curating:
            rejected = curating.get(f"{url}/samples", params={"verdict": "reject", "source": "person"}).json()
        assert [row["id"] for row in rejected["items"]] == [world.ids["sample_id"]]
        assert rejected["count"] == {"number": 1, "is_exact": True}
        assert client.post(f"{url}/decisions/undo", json={}).status_code == 200
        assert client.get(f"{url}/review").json()["decided"] == 0


def test_closing_the_review_enqueues_the_selection(world: World, curator: Actor) -> None:
    url = f"/api/v1/rounds/{world.ids['round_id']}"
    with site.with_token(curator) as client:
        job_id = client.post(f"{url}/review/close").json()["job_id"]
        assert client.get(f"/api/v1/jobs/{job_id}").json()["job"]["stage"] == "select"
        assert client.get(url).json()["status"] == "running"
        assert shape(client.post(f"{url}/review/close")) == (409, "Conflict")


def test_a_dataset_is_downloaded_in_both_formats(world: World, tmp_path: Path) -> None:
    url = f"/api/v1/datasets/{world.ids['dataset_id']}/export"
    with site.with_token(world.actor(Role.viewer)) as client:
        lines = client.get(url)
        assert lines.headers["content-type"] == "application/x-ndjson"
        assert lines.headers["x-rows"] == "1"
        assert "attachment" in lines.headers["content-disposition"]
        table = tmp_path / "x.parquet"
        table.write_bytes(client.get(url, params={"format": "parquet", "is_strict": True}).content)
        assert pq.read_table(table).num_rows == 1


def test_a_round_is_launched_with_what_differs_from_its_plan(database: str) -> None:
    project = rows.make_project()
    policy = rows.make_checkpoint(project, engine={"name": "transformers", "model": "models/tiny"})
    prompts = rows.make_prompt_set(project, prompts=3, answers=["4"] * 3)
    held_out = rows.make_prompt_set(project, split="held_out")
    with site.with_token(rows.make_actor(project, Role.curator)) as client:
        url = f"/api/v1/projects/{project.id}"
        recipe = next(r for r in client.get("/api/v1/parts").json()["recipes"] if r["name"] == "rejection_sampling")
        wish = {
            "recipe": recipe,
            "policy_id": policy.id,
            "reference_id": policy.id,
            "sample_set_ids": [prompts.id],
            "held_out_set_ids": [held_out.id],
            "num_prompts": 2,
            "seed": 5,
            "is_reviewed": False,
        }
        estimated = client.post(f"{url}/plan/estimate", json=wish)
        assert estimated.status_code == 200, estimated.text
        # Of 2 prompts with 32 samples the selector keeps 10 each; 30 steps of 32 read 48 times as many rows.
        many = {"max_steps": 30, "per_device_train_batch_size": 32}
        assert recipe["generator"]["n"] == 32
        long = wish | {"recipe": recipe | {"trainer": recipe["trainer"] | many}}
        warned = client.post(f"{url}/plan/estimate", json=long).json()["warnings"]
        assert [warning for warning in warned if "960 rows, 48 times the 20 that" in warning], warned
        assert not [warning for warning in estimated.json()["warnings"] if "have room for" in warning]
        served = rows.make_checkpoint(project)
        assert (
            "training needs weights" in client.post(f"{url}/plan/estimate", json=wish | {"policy_id": served.id}).text
        )
        nothing = dict.fromkeys(("num_prompts", "seed", "mix_set_ids", "review", "judge_id", "is_blind"))
        assert client.post(f"{url}/plan/estimate", json=wish | nothing).status_code == 200
        assert client.get(f"{url}/rounds").json()["items"] == []
        response = client.post(f"{url}/rounds", json=wish)
        assert response.status_code == 201, response.text
        assert (response.json()["number"], response.json()["seed"], response.json()["num_prompts"]) == (1, 5, 2)
        assert [job["stage"] for job in client.get(f"{url}/jobs").json()["items"]] == ["generate"]


def test_a_token_makes_nothing_that_outlives_it(world: World) -> None:
    owner = rows.make_actor(is_owner=True)
    people = f"/api/v1/projects/{world.ids['project_id']}/people"
    asked = [
        (f"/api/v1/users/{owner.user_id}/link", {}),
        ("/api/v1/tokens", {"name": "next", "days": 365}),
        ("/api/v1/users", {"name": "other", "is_owner": True}),
        (people, {"name": "guest", "role": "admin"}),
    ]
    with site.with_token(owner) as client:
        for path, body in asked:
            answer = client.post(path, json=body)
            assert shape(answer) == (403, "PermissionDenied")
            assert "Sign in with a browser" in answer.json()["error"]["message"]
        assert client.get("/api/v1/users").status_code == 200
    with site.signed_in(owner) as client:
        assert [client.post(path, json=body).status_code for path, body in asked] == [201] * 4


def test_an_act_says_from_which_page_it_came(world: World) -> None:
    owner = rows.make_actor(is_owner=True)
    with site.signed_in(owner) as client:
        for page in (f"{site.address()}/people", ""):
            client.post("/api/v1/tokens", json={"name": "t"}, headers={"referer": page})
    with site.with_token(owner) as client:
        url = f"/api/v1/projects/{world.ids['project_id']}/audit"
        items = client.get(url, params={"verb": "make token", "via": "page"}).json()["items"]
        assert [item["via"] for item in items][:3] == ["page", "page", "page people"], "the first is the program's own"
