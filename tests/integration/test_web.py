"""The doors and the frame: signing in and out through the browser's eyes."""

import hashlib
from pathlib import Path

import gradio
import pytest

from app import cookies
from backend.config import reread, settings
from backend.services import projects
from backend.services.access import Actor
from backend.services.people import accounts, sessions
from backend.values import Role
from tests import rows
from tests.integration import site

pytestmark = pytest.mark.on_sqlite

PASSWORD = "correct horse battery"
PAGE = {"accept": "text/html"}


@pytest.fixture
def owner(database: str) -> Actor:
    actor = accounts.local_owner()
    accounts.set_password(actor, actor.user_id, PASSWORD)
    return actor


def post_login(client, **form: str):
    return client.post("/login", data={"name": "owner", "password": PASSWORD, **form})


def test_a_password_opens_the_door_and_the_way_asked_for(owner: Actor) -> None:
    with site.visitor() as client:
        asked = client.get("/people?x=1", headers=PAGE)
        assert asked.status_code == 303
        form = client.get(asked.headers["location"])
        assert 'value="/people?x=1"' in form.text
        answer = post_login(client, next="/people?x=1")
        assert (answer.status_code, answer.headers["location"]) == (303, "/people?x=1")
        assert client.get("/api/v1/me").json()["name"] == "owner"


@pytest.mark.parametrize(
    "next",
    ["//evil.test", "https://evil.test", "/\\evil.test", "javascript:alert(1)", "/login", "/x\r\nSet-Cookie: a=b"],
)
def test_the_way_after_the_door_stays_on_this_site(owner: Actor, next: str) -> None:
    with site.visitor() as client:
        assert post_login(client, next=next).headers["location"] == "/"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(owner: Actor) -> None:
    with site.visitor() as client:
        flags = post_login(client).headers["set-cookie"].lower()
    assert "httponly" in flags
    assert "samesite=lax" in flags
    assert "path=/" in flags
    assert f"max-age={14 * 24 * 3600}" in flags
    assert "secure" not in flags


def test_the_cookie_is_for_https_only_when_told(owner: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RONDO_SECURE_COOKIES", "true")
    reread()
    with site.visitor() as client:
        answer = post_login(client)
    assert "secure" in answer.headers["set-cookie"].lower()
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_a_wrong_password_says_so_and_keeps_the_name_as_text(owner: Actor) -> None:
    with site.visitor() as client:
        answer = post_login(client, name='"><script>alert(1)</script>', password="wrong")
        assert answer.status_code == 401
        assert "The name or the password is wrong" in answer.text
        assert "<script>alert" not in answer.text
        assert "set-cookie" not in answer.headers


def test_guessing_is_slowed_down(owner: Actor) -> None:
    with site.visitor() as client:
        answers = [post_login(client, password="wrong").status_code for _ in range(6)]
        assert answers == [401, 401, 401, 401, 401, 429]
        assert post_login(client).status_code == 429


def test_looking_at_a_link_does_not_use_it(owner: Actor) -> None:
    link = f"/login/link/{accounts.one_time_link(owner, owner.user_id)}"
    with site.visitor() as scanner:
        for _ in range(3):
            assert scanner.get(link).status_code == 200
            scanner.head(link)
    with site.visitor() as client:
        assert client.post(link).status_code == 303
        assert client.get("/api/v1/me").status_code == 200
    with site.visitor() as late:
        assert late.get(link).status_code == 410
        assert late.post(link).status_code == 410
        assert late.get("/api/v1/me").status_code == 401


def test_signing_out_ends_the_session_for_a_copied_cookie_too(owner: Actor) -> None:
    with site.signed_in(owner) as client, site.visitor() as thief:
        thief.cookies.update(client.cookies)
        assert thief.get("/api/v1/me").status_code == 200
        answer = client.post("/logout")
        assert answer.status_code == 303
        assert client.cookies.get(cookies.COOKIE) is None
        assert thief.get("/api/v1/me").status_code == 401


@pytest.mark.parametrize("value", ["", "x", "x.y.z", "rondo_session"])
def test_a_forged_cookie_opens_nothing(owner: Actor, value: str) -> None:
    with site.visitor() as client:
        assert client.get("/api/v1/me", headers={"cookie": f"{cookies.COOKIE}={value}"}).status_code == 401


def test_an_unsigned_secret_opens_nothing(owner: Actor) -> None:
    secret = sessions.sign_in("owner", PASSWORD, address="x")
    with site.visitor() as client:
        assert client.get("/api/v1/me", headers={"cookie": f"{cookies.COOKIE}={secret}"}).status_code == 401


def test_signing_in_again_ends_the_session_before(owner: Actor) -> None:
    with site.signed_in(owner) as client, site.visitor() as thief:
        thief.cookies.update(client.cookies)
        assert post_login(client).status_code == 303
        assert thief.get("/api/v1/me").status_code == 401
        assert client.get("/api/v1/me").status_code == 200


@pytest.mark.parametrize("path", ["/logout", "/welcome", "/api/v1/tokens", "/gradio_api/queue/join"])
def test_another_site_cannot_act_in_ones_name(owner: Actor, path: str) -> None:
    with site.signed_in(owner) as client:
        for headers in ({"origin": "https://evil.test"}, {"sec-fetch-site": "cross-site"}):
            assert client.post(path, headers=headers).status_code == 403
        assert client.get("/api/v1/me").status_code == 200
        assert client.get("/api/v1/tokens").json()["items"] == []


def test_a_new_installation_asks_the_owner_for_a_project(owner: Actor) -> None:
    with site.signed_in(owner) as client:
        assert client.get("/", headers=PAGE).headers["location"] == "/welcome"
        assert "New project" in client.get("/welcome").text
        assert "Back to" not in client.get("/welcome").text
        assert client.post("/welcome", data={"name": "  "}).status_code == 422
        assert client.post("/welcome", data={"name": "Loop <b>"}).headers["location"] == "/p/loop-b/"
        assert '<a href="/">Back to your projects</a>' in client.get("/welcome").text
        assert client.get("/", headers=PAGE).headers["location"] == "/p/loop-b/"
        page = client.get("/p/loop-b/", headers=PAGE)
        assert page.status_code == 200
        assert "Loop &lt;b&gt;" in page.text
        assert "Loop <b>" not in page.text


def test_someone_without_a_project_is_told_whom_to_ask(owner: Actor) -> None:
    with site.signed_in(rows.make_actor(name="Stranger")) as client:
        assert client.get("/", headers=PAGE).headers["location"] == "/welcome"
        assert "Ask a project admin to add <strong>Stranger</strong>" in client.get("/welcome").text
        assert client.post("/welcome", data={"name": "Mine"}).status_code == 403


def test_the_header_shows_my_projects_and_my_role(owner: Actor) -> None:
    mine, other = rows.make_project("Mine"), rows.make_project("Not mine")
    with site.signed_in(rows.make_actor(mine, Role.reviewer, name="Ada")) as client:
        page = client.get("/p/mine/people", headers=PAGE).text
        assert '<a href="/p/mine/people" aria-current="true">Mine</a>' in page
        assert "Not mine" not in page
        assert "New project" not in page
        assert "reviewer in this project" in page
        assert '<a href="/p/mine/people" aria-current="page">' in page
        assert client.get(f"/p/{other.slug}/people", headers=PAGE).status_code == 404


def test_the_chosen_project_stays_with_the_browser(owner: Actor) -> None:
    number, two = projects.create(owner, "One"), projects.create(owner, "Two")
    with site.signed_in(owner) as client, site.signed_in(owner) as elsewhere:
        assert client.get("/api/v1/me").json()["project_id"] == number
        assert client.get("/p/two/people", headers=PAGE).status_code == 200
        assert client.get("/api/v1/me").json()["project_id"] == two
        assert client.get("/jobs?job=1", headers=PAGE).headers["location"] == "/p/two/jobs?job=1"
        assert elsewhere.get("/api/v1/me").json()["project_id"] == number


def test_a_token_is_for_the_api_only(owner: Actor) -> None:
    with site.with_token(owner) as program:
        assert program.get("/api/v1/me").json()["name"] == "owner"
        assert program.get("/config").status_code == 401
        assert program.get("/", headers=PAGE).status_code == 303
        assert program.post("/welcome", data={"name": "x"}).status_code == 401


def test_gradio_says_nothing_of_its_listeners_and_files_without_a_session(owner: Actor) -> None:
    with site.visitor() as client:
        for path in ("/config", "/gradio_api/info", "/gradio_api/file=/etc/passwd", "/theme.css", "/assets/index.js"):
            assert client.get(path).status_code in (401, 404)
        assert "gradio_config" not in client.get("/login").text


def test_the_theme_is_kept_by_browsers_under_its_own_hash_alone(owner: Actor) -> None:
    with site.visitor() as client:
        post_login(client)
        named = client.get("/config").json()["theme_hash"]
        answer = client.get(f"/theme.css?v={named}")
        assert hashlib.sha256(answer.content).hexdigest() == named
        assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
        assert "immutable" not in client.get("/theme.css?v=anything").headers["cache-control"]


def test_gradios_scripts_are_kept_by_browsers_and_nothing_else_stands_beside_them(owner: Actor) -> None:
    script = next((Path(gradio.__file__).parent / "templates/frontend/assets").glob("*.js")).name
    with site.visitor() as client:
        answer = client.get(f"/assets/{script}")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        for path in ("/assets/none.js", "/assets/..%2f..%2f..%2froutes.py", "/assets/%2fetc%2fpasswd"):
            answer = client.get(path)
            assert answer.status_code in (403, 404), path
            assert "immutable" not in answer.headers.get("cache-control", ""), path


def test_files_outside_gradios_own_folder_are_not_served(owner: Actor) -> None:
    projects.create(owner, "One")
    secret_key = settings().folder / "secret.key"
    with site.signed_in(owner) as client:
        for path in (secret_key, settings().folder / "rondo.db", "/etc/passwd", "pyproject.toml"):
            answer = client.get(f"/gradio_api/file={path}")
            assert answer.status_code in (403, 404), path
        assert client.get("/static/../pyproject.toml").status_code in (303, 401, 404)
        assert client.get("/static/%2e%2e/pyproject.toml").status_code in (303, 401, 404)


def test_an_upload_over_the_limit_is_refused(owner: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RONDO_MAX_UPLOAD_MB", "1")
    reread()
    with site.signed_in(owner) as client:
        answer = client.post("/gradio_api/upload", files={"files": ("x.jsonl", b"x" * 3_000_000)})
        assert answer.status_code == 413


def test_who_goes_where_nothing_is_gets_a_page_with_a_way_back(owner: Actor) -> None:
    projects.create(owner, "One")
    with site.signed_in(owner) as client:
        answer = client.get("/nowhere/<b>x</b>", headers=PAGE)
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
        assert '<a href="/">To the overview</a>' in answer.text
        assert "<b>x</b>" not in answer.text
        assert "content-security-policy" in answer.headers
        assert client.get("/nowhere").json() == {"detail": "Not Found"}, "a program is told in JSON"
        for path in ("/p/one/nowhere", "/p/one/login", "/p/one/api/v1/me", "/p/one/p/one/jobs"):
            assert client.get(path, headers=PAGE).status_code == 404
        assert client.get("/p/one/jobs", headers=PAGE).status_code == 200
