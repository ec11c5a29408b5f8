"""Everything that answers, asked without login and as every role. What is not in these tables fails the test."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.routing import Mount, Route

from app.guard import HIDDEN
from backend.services.people import accounts
from backend.values import Role
from tests import rows
from tests.integration import site
from tests.integration.walking import MARK, OWN, Browser, World, changed, snapshot
from tests.integration.walking import world as world  # a fixture

ANYONE = "anyone who is signed in"
OWNER = "owners"
OPEN = {"/login", "/login/link/{token}", "/login/oidc", "/login/oidc/callback", "/healthz", "/favicon.ico"} | {
    "/readyz",
    "/metrics",
}

# method, path, who, body
WRITES: list[tuple[str, str, Role | str, Any]] = [
    ("POST", "/projects", OWNER, {"name": "New"}),
    ("PATCH", "/projects/{project_id}", Role.admin, {"description": "new"}),
    ("POST", "/projects/{project_id}/trash", Role.admin, None),
    ("POST", "/trash/{entry_id}/restore", Role.admin, None),
    ("DELETE", "/trash/{entry_id}", OWNER, "since"),
    ("POST", "/rounds/{round_id}/trash", Role.curator, None),
    ("POST", "/trash/rounds/{round_id}/restore", Role.curator, None),
    ("DELETE", "/trash/rounds/{round_id}", OWNER, "since"),
    ("DELETE", "/leftovers", OWNER, None),
    ("POST", "/projects/{project_id}/people", Role.admin, {"name": "newcomer", "role": "viewer"}),
    ("PUT", "/projects/{project_id}/people/{user_id}", Role.admin, {"role": "admin"}),
    ("DELETE", "/projects/{project_id}/people/{user_id}", Role.admin, None),
    ("POST", "/projects/{project_id}/prompt-sets/import", Role.curator, "upload"),
    ("POST", "/projects/{project_id}/prompt-sets/preview", Role.curator, "upload"),
    ("POST", "/projects/{project_id}/samples/import", Role.curator, "upload"),
    ("DELETE", "/prompt-sets/{set_id}", Role.admin, None),
    ("POST", "/prompt-sets/{set_id}/trash", Role.curator, None),
    ("POST", "/trash/prompt-sets/{trashed_set_id}/restore", Role.curator, None),
    ("DELETE", "/trash/prompt-sets/{trashed_set_id}", Role.admin, "since"),
    (
        "POST",
        "/projects/{project_id}/prompts",
        Role.curator,
        {"set_name": "Kept", "messages": [{"role": "user", "content": "Why?"}]},
    ),
    ("POST", "/projects/{project_id}/templates", Role.curator, {"name": "t", "text": "new {prompt} {response}"}),
    ("POST", "/projects/{project_id}/recipes", Role.curator, {"title": "t", "recipe": rows.RECIPE}),
    ("PATCH", "/recipes/{recipe_id}", Role.curator, {"title": "renamed"}),
    ("DELETE", "/recipes/{recipe_id}", Role.curator, None),
    ("POST", "/projects/{project_id}/sample-views", Role.viewer, {"name": "mine"}),
    ("PATCH", "/sample-views/{view_id}", Role.curator, {"name": "renamed"}),  # the world's is shared
    ("DELETE", "/sample-views/{view_id}", Role.curator, None),
    ("POST", "/projects/{project_id}/questions", Role.curator, {"title": "Tone", "kind": "text"}),
    ("POST", "/projects/{project_id}/questions/presets", Role.curator, {"name": "ratings"}),
    ("PUT", "/projects/{project_id}/questions/order", Role.curator, {"ids": []}),
    ("PATCH", "/questions/{question_id}", Role.curator, {"help": "new"}),
    ("DELETE", "/questions/{question_id}", Role.curator, None),
    ("POST", "/rounds/{round_id}/answers", Role.reviewer, "answer"),
    ("POST", "/projects/{project_id}/plan/estimate", Role.viewer, {}),
    ("POST", "/projects/{project_id}/rounds", Role.curator, {}),
    ("POST", "/projects/{project_id}/previews", Role.curator, {}),
    ("DELETE", "/previews/{preview_id}", Role.curator, None),
    ("POST", "/rounds/{round_id}/template-rewrites", Role.curator, {"reflector_id": 1}),
    ("POST", "/rounds/{round_id}/decisions", Role.reviewer, "decision"),
    ("POST", "/rounds/{round_id}/decisions/undo", Role.reviewer, {}),
    ("POST", "/rounds/{round_id}/review/here", Role.reviewer, {}),
    ("POST", "/rounds/{round_id}/review/leave", Role.viewer, {}),
    ("POST", "/rounds/{round_id}/review/claims", Role.reviewer, {}),
    ("POST", "/rounds/{round_id}/review/earlier", Role.reviewer, {}),
    ("POST", "/rounds/{round_id}/review/rows", Role.reviewer, {"sample_ids": [1]}),
    ("POST", "/projects/{project_id}/samples/exports", Role.viewer, None),
    ("POST", "/sample-exports/{job_id}/cancel", ANYONE, None),
    ("POST", "/datasets/{dataset_id}/exports", Role.viewer, None),
    ("POST", "/dataset-exports/{job_id}/cancel", ANYONE, None),
    ("POST", "/samples/{sample_id}/repairs", Role.reviewer, {"instruction": "shorter"}),
    ("POST", "/samples/{sample_id}/comments", Role.viewer, {"text": "why?"}),
    ("PATCH", "/comments/{comment_id}", ANYONE, {"text": "because"}),
    ("DELETE", "/comments/{comment_id}", ANYONE, None),
    ("PUT", "/me/review/keys", ANYONE, {"keys": {}}),
    ("PATCH", "/me/review/shows", ANYONE, {"text": "raw"}),
    ("PATCH", "/rounds/{round_id}/review/settings", Role.curator, {"reservation_minutes": 5}),
    (
        "POST",
        "/rounds/{round_id}/review/adjudication",
        Role.curator,
        {"client_id": "adjudication-1", "sample_id": 1, "kind": "accept"},
    ),
    ("POST", "/rounds/{round_id}/review/gold", Role.curator, {"sample_ids": [1], "verdict": "accept"}),
    ("POST", "/rounds/{round_id}/review/gold/unmark", Role.curator, {"sample_ids": [1]}),
    ("POST", "/rounds/{round_id}/review/assignments", Role.curator, {"user_id": 1, "sample_ids": [1]}),
    ("DELETE", "/rounds/{round_id}/review/assignments/{user_id}", Role.curator, None),
    ("PUT", "/rounds/{round_id}/review/shares", Role.curator, {"people": [{"user_id": 1, "quota": 3}]}),
    ("POST", "/rounds/{round_id}/reviewers/{user_id}/pause", Role.curator, {"reason": "because"}),
    ("POST", "/rounds/{round_id}/reviewers/{user_id}/resume", Role.curator, {"reason": "because"}),
    ("POST", "/rounds/{round_id}/review/close", Role.curator, None),
    ("POST", "/rounds/{round_id}/review/reopen", Role.curator, {"reason": "because"}),
    ("POST", "/rounds/{round_id}/failures/retry", Role.curator, {"ids": None}),
    ("POST", "/rounds/{round_id}/cancel", Role.curator, None),
    ("POST", "/rounds/{round_id}/archive", Role.admin, None),
    ("POST", "/rounds/{round_id}/restore", Role.admin, None),
    ("POST", "/rounds/{round_id}/select", Role.curator, {"selector": {}}),
    ("POST", "/rounds/{round_id}/stop-after", Role.curator, None),
    ("POST", "/rounds/{round_id}/release", Role.curator, {"reason": "because"}),
    ("POST", "/rounds/{round_id}/branch", Role.curator, {"at": "judge"}),
    ("PATCH", "/projects/{project_id}/judge-limits", Role.curator, {"fewest": 30}),
    ("PATCH", "/projects/{project_id}/warning-rules/{name}", Role.curator, {"knobs": {"limit": 0.5}}),
    ("POST", "/jobs/{job_id}/resume", Role.curator, None),
    ("POST", "/jobs/{job_id}/retry", Role.curator, None),
    ("POST", "/jobs/{job_id}/cancel", Role.curator, None),
    ("POST", "/workers/{act}", OWNER, None),
    ("POST", "/workers/{worker_id}/{act}", OWNER, None),
    ("POST", "/jobs/{job_id}/resume", OWNER, "push"),
    ("POST", "/jobs/{job_id}/retry", OWNER, "push"),
    ("POST", "/projects/{project_id}/checkpoints", Role.curator, {"name": "c", "location": "models/none"}),
    ("PATCH", "/checkpoints/{checkpoint_id}", Role.curator, {"name": "renamed"}),
    ("POST", "/checkpoints/{checkpoint_id}/check", Role.curator, None),
    ("PATCH", "/checkpoints/{checkpoint_id}/endpoint", OWNER, {"concurrency": 4}),
    ("POST", "/checkpoints/{checkpoint_id}/merge", Role.curator, {}),
    ("POST", "/projects/{project_id}/hub-datasets", Role.curator, {"name": "team/sums"}),
    ("POST", "/hub-datasets/{job_id}/preview", Role.curator, {}),
    ("POST", "/hub-datasets/{job_id}/import", Role.curator, {"name": "Sums"}),
    ("POST", "/checkpoints/{checkpoint_id}/gguf", Role.curator, {}),
    ("POST", "/checkpoints/{checkpoint_id}/push", OWNER, {"repo": "team/model"}),
    ("POST", "/datasets/{dataset_id}/push", OWNER, {"repo": "team/rows"}),
    ("DELETE", "/checkpoints/{checkpoint_id}", Role.curator, None),
    ("POST", "/trials", Role.curator, "trial"),
    ("POST", "/projects/{project_id}/arenas", Role.curator, {"first_id": 1, "second_id": 2}),
    ("POST", "/arenas/{arena_id}/decisions", Role.reviewer, {"token": "x", "choice": "left"}),
    ("POST", "/arenas/{arena_id}/decisions/undo", Role.reviewer, None),
    ("POST", "/projects/{project_id}/judge-benches", Role.curator, {"judges": [{"judge": {"name": "exact_match"}}]}),
    ("POST", "/judge-benches/{bench_id}/retry", Role.curator, None),
    ("POST", "/datasets/{dataset_id}/preflights", Role.curator, {}),
    ("POST", "/rounds/{round_id}/pairs/preview", Role.curator, {}),
    ("POST", "/rounds/{round_id}/pairs", Role.curator, {}),
    ("POST", "/rounds/{round_id}/reviewers/{user_id}/removal", Role.admin, {"reason": "because"}),
    ("POST", "/rounds/{round_id}/removals/{removal_id}/undo", Role.curator, None),
    ("POST", "/notices/read", ANYONE, None),
    ("POST", "/notices/{notice_id}/read", ANYONE, None),
    ("PATCH", "/me/notices", ANYONE, {"channels": {"mention": ["page"]}}),
    ("POST", "/projects/{project_id}/webhooks", OWNER, {"url": "https://example.org", "kinds": ["mention"]}),
    ("PATCH", "/webhooks/{webhook_id}", OWNER, {"kinds": ["mention"]}),
    ("POST", "/webhooks/{webhook_id}/test", OWNER, None),
    ("POST", "/webhooks/{webhook_id}/pause", OWNER, None),
    ("POST", "/webhooks/{webhook_id}/resume", OWNER, None),
    ("DELETE", "/webhooks/{webhook_id}", OWNER, None),
    ("POST", "/users", OWNER, {"name": "someone"}),
    ("POST", "/users/{user_id}/link", OWNER, None),
    ("POST", "/users/{user_id}/deactivate", OWNER, None),
    ("POST", "/users/{user_id}/reactivate", OWNER, None),
    ("POST", "/users/{user_id}/end-sessions", OWNER, None),
    ("POST", "/datasets/{dataset_id}/scans", Role.curator, None),
    ("POST", "/datasets/{dataset_id}/scans/compared", Role.curator, "upload"),
    ("POST", "/scan-findings/{hit_id}/fine", Role.curator, {"reason": "made up"}),
    ("PATCH", "/projects/{project_id}/content-checks", Role.admin, {"mode": "hold"}),
    ("POST", "/rounds/{round_id}/near-duplicates", Role.curator, None),
    ("POST", "/samples/{sample_id}/tags", Role.reviewer, {"add": ["odd"]}),
    ("POST", "/rounds/{round_id}/tags", Role.curator, {"add": ["odd"], "filters": {}}),
    ("POST", "/rounds/{round_id}/vectors", Role.curator, None),
    ("POST", "/tokens", ANYONE, {"name": "t"}),
    ("DELETE", "/tokens/{token_id}", ANYONE, None),
]
READS: dict[str, Role | str] = {
    "/me": ANYONE,
    "/me/notices": ANYONE,
    "/projects/{project_id}/webhooks": OWNER,
    "/webhooks/{webhook_id}/deliveries": OWNER,
    "/notices": ANYONE,
    "/notices/unread": ANYONE,
    "/projects": ANYONE,
    "/tokens": ANYONE,
    "/parts": ANYONE,
    "/openapi.json": ANYONE,
    "/users": OWNER,
    "/trash": ANYONE,
    "/leftovers": OWNER,
    "/trash/{entry_id}": Role.viewer,
    "/projects/{project_id}": Role.viewer,
    "/projects/{project_id}/people": Role.viewer,
    "/projects/{project_id}/prompt-sets": Role.viewer,
    "/prompt-sets/{set_id}": Role.viewer,
    "/prompt-sets/{set_id}/report": Role.viewer,
    "/projects/{project_id}/trash/prompt-sets": Role.viewer,
    "/trash/prompt-sets/{trashed_set_id}": Role.viewer,
    "/prompt-sets/{set_id}/problems": Role.viewer,
    "/prompt-sets/{set_id}/prompts": Role.viewer,
    "/projects/{project_id}/templates": Role.viewer,
    "/templates/{template_id}": Role.viewer,
    "/projects/{project_id}/recipes": Role.viewer,
    "/recipes/{recipe_id}": Role.viewer,
    "/projects/{project_id}/plan": Role.viewer,
    "/recipes": ANYONE,
    "/recipes/named/{name}": ANYONE,
    "/projects/{project_id}/rounds": Role.viewer,
    "/projects/{project_id}/trash": Role.viewer,
    "/trash/rounds/{round_id}": Role.viewer,
    "/projects/{project_id}/trends": Role.viewer,
    "/projects/{project_id}/trend": Role.viewer,
    "/rounds/{round_id}": Role.viewer,
    "/rounds/{round_id}/failures": Role.viewer,
    "/rounds/{round_id}/report": Role.viewer,
    "/rounds/{round_id}/report.html": Role.viewer,
    "/rounds/{round_id}/judge": Role.viewer,
    "/projects/{project_id}/judge-limits": Role.viewer,
    "/samples/{sample_id}/decisions": Role.reviewer,
    "/samples/{sample_id}/chain": Role.viewer,
    "/samples/{sample_id}/tags": Role.viewer,
    "/samples/{sample_id}/answers": Role.viewer,
    "/rounds/{round_id}/answers": Role.viewer,
    "/rounds/{round_id}/judge-answers": Role.viewer,
    "/projects/{project_id}/questions": Role.viewer,
    "/samples/{sample_id}/comments": Role.viewer,
    "/repairs/{job_id}": ANYONE,
    "/projects/named/{name}/review": ANYONE,
    "/rounds/{round_id}/warnings": Role.viewer,
    "/rounds/{round_id}/warnings/{name}": Role.viewer,
    "/projects/{project_id}/warning-rules": Role.viewer,
    "/rounds/{round_id}/samples": Role.viewer,
    "/rounds/{round_id}/groups": Role.viewer,
    "/rounds/{round_id}/vectors": Role.viewer,
    "/rounds/{round_id}/clusters": Role.viewer,
    "/samples/{sample_id}/similar": Role.viewer,
    "/rounds/{round_id}/histogram": Role.viewer,
    "/rounds/{round_id}/facets": Role.viewer,
    "/rounds/{round_id}/filter-choices": Role.viewer,
    "/projects/{project_id}/sample-views": Role.viewer,
    "/sample-views/{view_id}": Role.viewer,
    "/projects/{project_id}/samples/export": Role.viewer,
    "/sample-imports/{job_id}": ANYONE,
    "/sample-exports/{job_id}": ANYONE,
    "/dataset-exports/{job_id}": ANYONE,
    "/dataset-exports/{job_id}/file": ANYONE,
    "/sample-exports/{job_id}/file": ANYONE,
    "/rounds/{round_id}/review": Role.viewer,
    "/rounds/{round_id}/review/queue": Role.reviewer,
    "/rounds/{round_id}/review/holders": Role.viewer,
    "/rounds/{round_id}/review/settings": Role.viewer,
    "/rounds/{round_id}/review/adjudication": Role.curator,
    "/rounds/{round_id}/review/gold": Role.curator,
    "/rounds/{round_id}/review/gold/accuracy": Role.curator,
    "/rounds/{round_id}/review/assignments": Role.viewer,
    "/rounds/{round_id}/review/closing": Role.curator,
    "/rounds/{round_id}/review/shares": Role.curator,
    "/dashboard": ANYONE,
    "/projects/{project_id}/performance": Role.curator,
    "/projects/{project_id}/performance/csv": Role.curator,
    "/projects/{project_id}/performance/me": Role.reviewer,
    "/rounds/{round_id}/review/shares/me": Role.reviewer,
    "/workers": OWNER,
    "/projects/{project_id}/workers": Role.viewer,
    "/projects/{project_id}/jobs": Role.viewer,
    "/jobs/{job_id}": Role.viewer,
    "/jobs/{job_id}/curves": Role.viewer,
    "/projects/{project_id}/checkpoints": Role.viewer,
    "/checkpoints/{checkpoint_id}": Role.viewer,
    "/checkpoints/{checkpoint_id}/card": Role.viewer,
    "/trials/{job_id}": Role.viewer,
    "/merges/{job_id}": Role.viewer,
    "/hub-datasets/{job_id}": Role.curator,
    "/gguf-files/{job_id}": Role.viewer,
    "/gguf-files/{job_id}/file": Role.curator,
    "/pushes/{job_id}": Role.viewer,
    "/projects/{project_id}/datasets": Role.viewer,
    "/datasets/{dataset_id}": Role.viewer,
    "/datasets/{dataset_id}/rows": Role.viewer,
    "/datasets/{dataset_id}/verification": Role.viewer,
    "/datasets/{dataset_id}/card": Role.viewer,
    "/datasets/{dataset_id}/export": Role.viewer,
    "/datasets/{dataset_id}/export/beside": Role.viewer,
    "/datasets/{dataset_id}/export/report": Role.viewer,
    "/rounds/{round_id}/near-duplicates": Role.viewer,
    "/datasets/{dataset_id}/scan": Role.viewer,
    "/scans/{scan_id}": Role.viewer,
    "/scans/{scan_id}/findings": Role.viewer,
    "/projects/{project_id}/content-checks": Role.curator,
    "/projects/{project_id}/audit": Role.curator,
    "/projects/{project_id}/audit/export": Role.admin,
    "/rounds/{round_id}/agreement": Role.curator,
    "/rounds/{round_id}/questions/agreement": Role.curator,
    "/rounds/{round_id}/questions/agreement/judges": Role.curator,
    "/rounds/{round_id}/reviewers": Role.curator,
    "/rounds/{round_id}/reviewers/me": Role.reviewer,
    "/rounds/{round_id}/removals": Role.curator,
    "/rounds/{round_id}/reviewers/{user_id}/removal": Role.curator,
    "/projects/{project_id}/arenas": Role.viewer,
    "/arenas/{arena_id}": Role.viewer,
    "/arenas/{arena_id}/match": Role.reviewer,
    "/projects/{project_id}/training-curves": Role.viewer,
    "/preflights/{job_id}": Role.viewer,
    "/projects/{project_id}/previews": Role.viewer,
    "/previews/{preview_id}": Role.viewer,
    "/projects/{project_id}/template-rewrites": Role.curator,
    "/template-rewrites/{rewrite_id}": Role.curator,
    "/template-rewrites/{rewrite_id}/plan": Role.curator,
    "/rounds/{round_id}/template-rewrite-offer": Role.curator,
    # People decide on its round: until then its judges' words are for curators.
    "/projects/{project_id}/judge-benches": Role.viewer,
    "/judge-benches/{bench_id}": Role.curator,
    "/judge-benches/{bench_id}/judges/{bench_judge_id}/disagreements": Role.curator,
}
LAUNCHING = {"start", "preview", "read", "switch_recipe", "put_part", "save_version", "save_recipe", "select_again"}
"""Listeners of forms that are drawn anew, for each recipe or stopped round; they are in no list of the application's."""
REVIEWERS = {"decisions", "labels", "samples", "leases", "presences", "informativeness", "arena_votes", "answers"}
CURATORS = {
    "rounds",
    "round_prompt_sets",
    "jobs",
    "checkpoints",
    "templates",
    "prompt_sets",
    "prompts",
    "gold_items",
    "assignments",
    "imported_completions",
    "failures",
    "saved_recipes",
    "projects",  # their baseline, the limits of the judge and of warnings
    "arenas",
    "arena_matches",
    "previews",
    "template_rewrites",
    "judge_benches",
    "bench_samples",
    "bench_judges",
    "bench_judgments",
    "questions",
    "scans",
    "scan_findings",
    "fine_findings",
    "round_reviewers",
    "datasets",
}
NOT_THERE_IN_THIS_WORLD = {
    "/samples/{sample_id}/similar",
    "/trash/rounds/{round_id}",
    "/prompt-sets/{set_id}/problems",
    "/recipes/named/{name}",
    "/repairs/{job_id}",
    "/sample-imports/{job_id}",
    "/sample-exports/{job_id}",
    "/sample-exports/{job_id}/file",
    "/sample-exports/{job_id}/cancel",
    "/dataset-exports/{job_id}",
    "/dataset-exports/{job_id}/file",
    "/dataset-exports/{job_id}/cancel",
    "/projects/named/{name}/review",
    "/preflights/{job_id}",
    "/merges/{job_id}",
    "/hub-datasets/{job_id}",
    "/hub-datasets/{job_id}/preview",
    "/hub-datasets/{job_id}/import",
    "/gguf-files/{job_id}",
    "/gguf-files/{job_id}/file",
    "/pushes/{job_id}",
}


def all_routes() -> Iterator[tuple[str, str]]:
    """Method and path of every route, Gradio's own ones included."""
    for route in site.application().app.routes:
        inside = route.app.routes if isinstance(route, Mount) and route.path == "" else [route]
        for entry in inside:
            if isinstance(entry, Route):
                yield from ((method, entry.path) for method in entry.methods or ())


def api_routes() -> set[tuple[str, str]]:
    records = {
        (method, path) for method, path in all_routes() if path.startswith("/api/") and "{rest:path}" not in path
    }
    return {(method, path.removeprefix("/api/v1")) for method, path in records if method != "HEAD"}


def filled(path: str, ids: dict[str, Any]) -> str:
    ids = ids | ({"job_id": ids["trial_id"]} if path.startswith("/trials") and "trial_id" in ids else {})
    return re.sub(r"\{(\w+)(:path)?\}", lambda result: str(ids.get(result[1], 1)), path)


def send(client: httpx.Client, method: str, path: str, body: Any, world: World) -> httpx.Response:
    ids = world.ids | ({"job_id": world.ids["push_id"]} if body == "push" else {})
    path = f"/api/v1{filled(path, ids)}"
    if body == "upload":
        return client.post(path, data={"name": "new"}, files={"file": ("x.jsonl", b'{"prompt": "hello"}\n')})
    if body == "decision":
        body = {
            "decisions": [{"client_id": f"walk-{id(client)}", "sample_id": world.ids["sample_id"], "kind": "reject"}]
        }
    if body == "answer":
        place = {"sample_id": world.ids["sample_id"], "question_id": world.ids["question_id"]}
        body = {"answers": [{"client_id": f"walk-{id(client)}", "value": {"text": "fine"}} | place]}
    if body == "push":
        body = None
    if body == "since":
        return client.request(method, path, params={"since": world.ids["since"]})
    if body == "trial":
        body = {"checkpoint_ids": [world.ids["policy_id"]], "text": "hello"}
    return client.request(method, path, json=body)


def refusals(needed: Role | str) -> dict[Role | None, set[int]]:
    """Who is refused, and how: a stranger must not learn that there is something."""
    if needed == ANYONE:
        return {}
    if needed == OWNER:
        return {None: {403, 404}} | {role: {403} for role in Role}
    assert isinstance(needed, Role)
    return {None: {404}} | {role: {403} for role in Role if role.rank < needed.rank}


BY_BROWSER = {
    ("POST", path) for path in ("/projects/{project_id}/people", "/users", "/users/{user_id}/link", "/tokens")
}
"""A token may not: what these make would outlive it."""


@pytest.mark.on_sqlite
def test_without_login_every_route_sends_to_the_door(world: World) -> None:
    number = 0
    with site.visitor() as client:
        for method, path in all_routes():
            if path in OPEN:
                continue
            number += 1
            for accept in ("text/html", "application/json"):
                answer = client.request(method, filled(path, world.ids), headers={"accept": accept})
                if filled(path, world.ids).startswith(HIDDEN):
                    assert answer.status_code == 404, (method, path)
                elif path in ("/static/{path:path}", "/assets/{path:path}"):
                    assert answer.status_code == 404  # fonts, styles and scripts, ours and Gradio's
                elif answer.status_code == 303:
                    assert answer.headers["location"].startswith("/login?next="), (method, path)
                else:
                    assert answer.status_code == 401, (method, path, answer.text)
                assert MARK not in answer.text
                assert "content-security-policy" in answer.headers, (method, path)
    assert number > 100


@pytest.mark.on_sqlite
def test_without_login_no_listener_can_be_called(world: World) -> None:
    before = snapshot()
    with site.visitor() as client:
        for number in site.blocks().fns:
            body = {"data": [], "fn_index": number, "session_hash": "x"}
            assert client.post("/gradio_api/queue/join", json=body).status_code == 401
    assert changed(before) == set()


def test_every_listener_is_kept_out_of_the_public_list() -> None:
    visible = [fn.name for fn in site.blocks().fns.values() if fn.api_visibility == "public"]
    assert visible == []


def test_the_tables_of_this_test_name_every_route() -> None:
    written = {(method, path) for method, path, _, _ in WRITES} | {("GET", path) for path in READS}
    assert api_routes() == written


@pytest.mark.on_sqlite
@pytest.mark.parametrize(("method", "path", "needed", "body"), WRITES, ids=lambda value: str(value)[:40])
def test_a_write_needs_its_role(world: World, method: str, path: str, needed: Role | str, body: Any) -> None:
    by = site.signed_in if (method, path) in BY_BROWSER else site.with_token
    for role, refused in refusals(needed).items():
        with by(world.actor(role)) as client:
            before = snapshot()
            answer = send(client, method, path, body, world)
            assert answer.status_code in refused, (role, answer.text)
            assert answer.json()["error"]["message"]
            assert MARK not in answer.text or "{project_id}" in path
            assert changed(before) <= {"tokens"}, role
    allowed = accounts.local_owner(via="api") if needed == OWNER else world.actor(needed if needed in [*Role] else None)
    with by(allowed) as client:
        assert send(client, method, path, body, world).status_code not in (401, 403, 500)


def test_a_read_needs_its_role_and_changes_nothing(world: World) -> None:
    people = {role: world.actor(role) for role in (None, *Role)} | {OWNER: accounts.local_owner(via="api")}
    before = snapshot()
    for path, needed in READS.items():
        for role, refused in refusals(needed).items():
            with site.with_token(people[role]) as client:
                answer = send(client, "GET", path, None, world)
                assert answer.status_code in refused, (path, role, answer.text)
                assert MARK not in answer.text
        with site.with_token(people[None if needed == ANYONE else needed]) as client:
            answer = send(client, "GET", path, None, world)
            assert answer.status_code == (404 if path in NOT_THERE_IN_THIS_WORLD else 200), (path, answer.text)
            assert answer.headers["cache-control"] == "no-store"
    assert changed(before) <= {"tokens", "events", "leases", "presences"}  # asking the queue reserves what it gives


@pytest.mark.on_sqlite
@pytest.mark.parametrize(
    ("role", "may_change"),
    [
        (None, set()),
        (Role.viewer, set()),
        (Role.reviewer, REVIEWERS),
        (Role.curator, REVIEWERS | CURATORS),
    ],
    ids=["stranger", "viewer", "reviewer", "curator"],
)
def test_no_listener_lets_a_person_change_more_than_their_role(
    world: World, role: Role | None, may_change: set[str]
) -> None:
    if role is None:
        rows.make_project("another")
    with site.signed_in(world.actor(role)) as client:
        before = snapshot()
        browser = Browser(client, world.project.slug)
        browser.walk()
    assert changed(before) <= OWN | may_change
    assert browser.called >= (LAUNCHING if role else set()), browser.called
    if role is None:
        assert not any(MARK in text for text in browser.replies)


def test_the_same_walk_as_an_admin_does_change_things(world: World) -> None:
    with site.signed_in(world.actor(Role.admin)) as client:
        before = snapshot()
        browser = Browser(client, world.project.slug)
        browser.walk()
    assert {"tokens", "users", "checkpoints"} <= changed(before)
    assert any(MARK in text for text in browser.replies)
    assert browser.done >= LAUNCHING - {"start"}
    assert "start" in browser.done, browser.replies
    assert len(browser.succeeded) > len(site.blocks().fns) / 2
