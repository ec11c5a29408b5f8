"""An upload, and what a page is told, are for the login they belong to."""

import contextlib
import json
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from backend.config import settings
from backend.db import reading, tables
from backend.values import Role
from tests.integration import canaries, site
from tests.integration.calls import join, listeners
from tests.integration.walking import World
from tests.integration.walking import world as world  # a fixture

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def upload(client: httpx.Client, content: bytes) -> str:
    answer = client.post("/gradio_api/upload?upload_id=u", files={"files": ("mine.jsonl", content)})
    assert answer.status_code == 200, answer.text
    return str(answer.json()[0])


def look(client: httpx.Client, path: str) -> httpx.Response:
    """What the page does with an upload: the value as the browser sends it."""
    fn = next(fn for fn in listeners() if fn.name == "look")
    file = {
        "path": path,
        "url": f"{site.address()}/gradio_api/file={path}",
        "size": 9,
        "orig_name": "mine.jsonl",
        "mime_type": "",
        "is_stream": False,
        "meta": canaries.META,
    }
    _, address, how = join(fn._id, [file, "(none)"], "mine", [file])
    with reading() as db:
        slug = db.scalars(select(tables.Project.slug)).first()
    return client.post(f"/p/{slug}{address}", **how)


def stream_of(client: httpx.Client) -> str:
    """What this login hears on its page `mine`; where there is no such page, Gradio breaks off."""
    heard = b""
    with (
        contextlib.suppress(httpx.RemoteProtocolError),
        client.stream("GET", "/gradio_api/queue/data", params={"session_hash": "mine"}) as stream,
    ):
        for chunk in stream.iter_bytes():
            heard += chunk
    return heard.decode()


def test_an_upload_is_its_logins_own(world: World) -> None:
    with site.signed_in(world.actor(Role.curator)) as mine, site.signed_in(world.actor(Role.curator)) as theirs:
        path = upload(mine, b'{"prompt": "a question of mine"}\n')
        folder = Path(path).parent.parent
        assert folder.stat().st_mode & 0o777 == 0o700
        assert look(mine, path).status_code == 200
        assert "a question of mine" in stream_of(mine)
        assert mine.get(f"/gradio_api/file={path}").content.startswith(b'{"prompt"')
        assert look(theirs, path).status_code == 400
        assert theirs.get(f"/gradio_api/file={path}").status_code == 404
        for name in (f"{path}/../x", path.upper(), f"{path}\0", f" {path}"):
            assert look(mine, name).status_code == 400
        (Path(path).parent / "linked.jsonl").symlink_to(settings().folder / "secret.key")
        assert look(mine, f"{Path(path).parent}/linked.jsonl").status_code == 400


@pytest.mark.filterwarnings("ignore")  # Gradio raises where a page is unknown
def test_nobody_hears_what_is_said_to_anothers_page(world: World) -> None:
    with site.signed_in(world.actor(Role.curator)) as mine, site.signed_in(world.actor(Role.curator)) as theirs:
        path = upload(mine, b'{"prompt": "a question of mine"}\n')
        assert look(mine, path).status_code == 200
        assert "a question of mine" not in stream_of(theirs)
        assert "a question of mine" in stream_of(mine)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"x", "application/json"),
        (b"[" * 5000, "application/json"),
        (b'{"data": []}', "text/plain"),
        (b'{"a":' * 200 + b"1" + b"}" * 200, "application/json"),
        (b"9" * 5000, "application/json"),
        (json.dumps({"path": "/x"}).encode("utf-16"), "application/json"),
    ],
    ids=["no JSON", "brackets", "another type", "deep", "a long number", "UTF-16"],
)
def test_what_cannot_be_read_is_not_handed_on(world: World, content: bytes, kind: str) -> None:
    with site.signed_in(world.actor(Role.viewer)) as client:
        for address in ("/gradio_api/queue/join", "/gradio_api/component_server"):
            answer = client.post(address, content=content, headers={"content-type": kind})
            assert answer.status_code in (400, 422)
            assert answer.json()["error"]["message"]
