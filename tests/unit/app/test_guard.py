"""What passes the guard around everything, tried on a tiny application."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from app import addresses, api, request_bodies
from app.guard import Guard
from backend.config import reread

BASE = "http://rondo.test"


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setenv("RONDO_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("RONDO_MAX_UPLOAD_MB", "1")
    reread()
    app = FastAPI()
    api.errors.add_to(app)

    @app.post("/login")
    async def login(request: Request) -> int:
        return len(await request.body())

    @app.get("/healthz")
    def health() -> str:
        return "ok"

    @app.get("/gradio_api/vibe-code")
    def vibe() -> str:
        return "the source"

    yield TestClient(Guard(app), base_url=BASE, follow_redirects=False)
    reread()


@pytest.mark.parametrize(
    "headers",
    [
        {},  # no browser
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"origin": BASE},
        {"origin": "http://RONDO.test"},
    ],
)
def test_our_own_pages_and_programs_may_change_things(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post("/login", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": BASE},
        {"origin": "https://evil.test"},
        {"origin": "http://rondo.test.evil.test"},
        {"origin": "http://rondo.test:8080"},
        {"origin": "null"},
    ],
)
def test_other_sites_may_not(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post("/login", headers=headers)
    assert answer.status_code == 403
    assert answer.json()["error"]["type"] == "PermissionDenied"


def test_reading_from_elsewhere_is_a_link(client: TestClient) -> None:
    assert client.get("/healthz", headers={"sec-fetch-site": "cross-site"}).status_code == 200


def test_a_body_that_says_it_is_too_long_is_refused_unread(client: TestClient) -> None:
    answer = client.post("/login", content=b"x" * 70_000)
    assert answer.status_code == 413
    assert "RONDO_MAX_UPLOAD_MB" in answer.json()["error"]["message"]


def test_a_body_that_hides_its_length_is_cut_off(client: TestClient) -> None:
    answer = client.post("/login", content=(b"x" * 1000 for _ in range(70)))
    assert answer.status_code == 413


def test_a_length_that_is_no_number_is_refused(client: TestClient) -> None:
    assert client.post("/login", headers={"content-length": "-5"}).status_code == 413


def test_the_limit_is_inclusive(client: TestClient) -> None:
    assert client.post("/login", content=b"x" * 65_536).json() == 65_536
    assert client.post("/login", content=b"x" * 65_537).status_code == 413


def test_unused_parts_of_gradio_are_not_there(client: TestClient) -> None:
    assert client.get("/gradio_api/vibe-code").status_code == 404


@pytest.mark.parametrize("path", ["/healthz", "/login", "/nothing", "/gradio_api/vibe-code", "/api/v1/me"])
def test_every_answer_has_the_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src" in policy
    assert "http" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


def test_only_gradio_pages_may_evaluate_scripts(client: TestClient) -> None:
    assert "unsafe" not in client.get("/login").headers["content-security-policy"]
    assert "'unsafe-eval'" in client.get("/samples").headers["content-security-policy"]
    assert "sandbox" in client.get("/gradio_api/file=/x.svg").headers["content-security-policy"]


def test_the_secret_key_is_for_its_owner_only(tmp_path: Path, client: TestClient) -> None:
    client.get("/login", headers={"cookie": "rondo_session=forged.abc.def"})
    key = tmp_path / "secret.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert len(key.read_text()) >= 43


def test_a_person_is_sent_to_the_door_and_a_program_is_told(client: TestClient) -> None:
    person = client.get("/samples?round=3", headers={"accept": "text/html"})
    assert (person.status_code, person.headers["location"]) == (303, "/login?next=/samples%3Fround%3D3")
    program = client.get("/samples")
    assert (program.status_code, program.json()["error"]["type"]) == (401, "NotSignedIn")
    assert client.get("/api/v1/me", headers={"accept": "text/html"}).status_code == 401


def test_limits_of_uploads_follow_the_setting(client: TestClient) -> None:
    assert request_bodies.most_bytes("/gradio_api/upload") == 2 * request_bodies.MEGABYTE
    assert request_bodies.most_bytes("/gradio_api/queue/join") == request_bodies.MEGABYTE


def test_a_rest_address_tells_the_log_what_it_is_about() -> None:
    assert addresses.ids("/api/v1/projects/3/samples") == {"project": 3}
    assert addresses.ids("/api/v1/rounds/12") == {"round": 12}
    assert addresses.ids("/api/v1/rounds/12x") == addresses.ids("/rounds/3") == {}
