"""What a page's address asks for: shown where it is there; where it is not, that is said and nothing else is shown."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.widgets import asked
from backend.db import session, tables
from backend.services import round_trash
from backend.services.people import accounts
from backend.values import Role
from tests.integration import site
from tests.integration.walking import Browser, World, make_world

pytestmark = pytest.mark.on_sqlite

Sign = Callable[[int], str]

# module, listener, parameter, what it is called, the world's id, what is shown where it is there
LINKS: list[tuple[str, str, str, str, str, Sign]] = [
    ("jobs", "draw", "job", "job", "job_id", lambda n: f"Job {n}:"),
    ("datasets", "draw", "dataset", "dataset", "dataset_id", lambda n: f"Dataset {n}"),
    ("checkpoints", "load", "checkpoint", "checkpoint", "checkpoint_id", lambda n: "served by"),
    ("chat", "load", "checkpoint", "checkpoint", "checkpoint_id", lambda n: f'"value": {n}'),
    ("prompts", "draw", "set", "prompt set", "set_id", lambda n: "3 prompts, from"),
    ("round", "draw", "round", "round", "round_id", lambda n: f'"id": {n}, "title": "Round'),
    ("samples", "draw", "sample", "sample", "sample_id", lambda n: "No judge has seen it."),
    ("samples", "draw", "round", "round", "round_id", lambda n: f'"round={n}"'),
    ("groups", "draw", "round", "round", "round_id", lambda n: f"samples?round={n}&"),
    ("team", "draw", "round", "reviewed round", "round_id", lambda n: "items decided"),
    ("jobs.failures", "load", "left_out", "round", "round_id", lambda n: ": 0 left out"),
    ("arena", "draw", "arena", "arena", "arena_id", lambda n: f'"id": {n}, "is_here": true'),
    ("previews", "draw", "preview", "preview", "preview_id", lambda n: f'"title": "Preview {n}: '),
    ("rewrites", "draw", "rewrite", "rewrite", "rewrite_id", lambda n: f'"title": "Rewrite {n}: '),
    ("judge_bench", "draw", "bench", "judge bench", "bench_id", lambda n: f'"id": {n}, "is_here": true'),
    ("pairs", "draw", "round", "round", "round_id", lambda n: "pairs of 4 prompts"),
    ("me", "draw", "round", "reviewed round", "round_id", lambda n: "Time an item"),
]


class Opened(Browser):
    """Opens a page with a query."""

    def ask(self, module: str, listener: str, **query: str) -> str:
        fns = [fn for fn in self.blocks.fns.values() if fn.fn is not None and fn.name == listener]
        fn = next(entry for entry in fns if entry.fn.__module__ == f"app.pages.{module}")
        self.query = query
        self.replies.clear()
        self.call(fn)
        return json.dumps(json.loads(self.replies[-1]), ensure_ascii=False)

    def desk(self, round_: str) -> dict[str, Any]:
        """What a desk is told that opens on this round."""
        slug = self.root.split("/")[2]
        body: dict[str, Any] = self.client.get(f"/api/v1/projects/named/{slug}/review", params={"round": round_}).json()
        return body


@pytest.fixture
def worlds(database: str) -> Iterator[tuple[World, World, Opened]]:
    """A project, another one, and a curator of both who looks at the first."""
    accounts.local_owner()
    here, elsewhere = make_world(), make_world("elsewhere")
    with session() as db:
        db.get_one(tables.Round, here.ids["round_id"]).checkpoint_id = here.ids["policy_id"]
    owner = accounts.local_owner()
    with site.signed_in(owner) as client:
        yield here, elsewhere, Opened(client, here.project.slug)


@pytest.mark.parametrize(
    ("module", "listener", "name", "what", "id_name", "sign"), LINKS, ids=[f"{entry[0]}-{entry[2]}" for entry in LINKS]
)
def test_what_an_address_asks_for_is_shown_or_said_not_to_be_there(
    worlds: tuple[World, World, Opened], module: str, listener: str, name: str, what: str, id_name: str, sign: Sign
) -> None:
    here, elsewhere, browser = worlds
    there = here.ids[id_name]
    reply = browser.ask(module, listener, **{name: str(there)})
    assert sign(there) in reply
    assert "in this project." not in reply
    for value in ("999", str(elsewhere.ids[id_name]), "9" * 30, "abc", "-1", "<b>x</b>", "1.0"):
        reply = browser.ask(module, listener, **{name: value})
        words = f"There is no {what} {value} in this project."
        assert (words if asked.NUMBER.fullmatch(value) else f"which is no number of a {what}.") in reply, reply
        assert sign(there) not in reply, reply


def test_a_sample_without_its_round_is_shown_in_its_round(worlds: tuple[World, World, Opened]) -> None:
    here, _, browser = worlds
    reply = browser.ask("samples", "draw", sample=str(here.ids["sample_id"]))
    assert f'"value": {here.ids["round_id"]}' in reply
    assert f"round={here.ids['round_id']}&sample={here.ids['sample_id']}" in reply


def test_pages_say_that_a_round_is_in_the_trash_and_since_when(worlds: tuple[World, World, Opened]) -> None:
    here, elsewhere, browser = worlds
    round_id, sample_id = str(here.ids["round_id"]), str(here.ids["sample_id"])
    for world in (here, elsewhere):
        round_trash.put(accounts.local_owner(), world.ids["round_id"])
    for module in ("round", "samples", "warnings", "groups", "pairs", "team", "me"):
        reply = browser.ask(module, "draw", round=round_id)
        assert "Round 1 is in the trash since" in reply, module
        assert "put there by" in reply
        assert module in ("groups", "pairs", "team", "me") or '"is_in_trash": true' in reply, module
        assert "in this project." in browser.ask(module, "draw", round=str(elsewhere.ids["round_id"])), module
    reply = browser.ask("samples", "draw", sample=sample_id)
    assert "Round 1 is in the trash since" in reply
    assert '"no_list": true' in reply
    assert browser.desk(round_id)["empty"].startswith("Round 1 is in the trash since")
    assert "Round 1 is in the trash since" in browser.ask("compare", "draw", new=f"r{round_id}")
    assert '"1 (in the trash)"' in browser.ask("datasets", "draw")


@pytest.mark.parametrize("round_", ["999", "abc", "-1", "9" * 30])
def test_the_desk_opens_no_other_round_than_the_asked_one(worlds: tuple[World, World, Opened], round_: str) -> None:
    here, elsewhere, browser = worlds
    for asked_round in (round_, str(elsewhere.ids["round_id"])):
        reply = browser.desk(asked_round)
        assert reply["desk"] is None
        assert "round" in reply["empty"]
    assert browser.desk(str(here.ids["round_id"]))["desk"]["round"]["id"] == here.ids["round_id"]


def test_a_desk_opens_in_no_project_that_one_is_not_in(worlds: tuple[World, World, Opened]) -> None:
    here, elsewhere, _ = worlds
    with site.signed_in(elsewhere.actor(Role.admin)) as client:
        for name in (here.project.slug, "nowhere", "%00", "9" * 300):
            answer = client.get(f"/api/v1/projects/named/{name}/review")
            assert answer.status_code in (404, 422), name
            assert "not in the project" in answer.text or answer.status_code == 422


def test_a_viewer_is_told_why_there_is_nothing_to_decide(worlds: tuple[World, World, Opened]) -> None:
    here, _, _ = worlds
    with site.signed_in(here.actor(Role.viewer)) as client:
        body = client.get(f"/api/v1/projects/named/{here.project.slug}/review").json()
    assert body["desk"] is None
    assert "Deciding needs the role reviewer" in body["empty"]


def test_what_names_no_project_is_refused(worlds: tuple[World, World, Opened]) -> None:
    _, elsewhere, browser = worlds
    browser.root = "/gradio_api"
    assert "does not say which project" in browser.ask("jobs", "draw")
    with site.signed_in(elsewhere.actor(Role.admin)) as client:
        browser.client, browser.root = client, f"/p/{worlds[0].project.slug}/gradio_api"
        assert "not in the project that this page shows" in browser.ask("jobs", "draw")
