"""The first content of a page is in its document: for whoever may see it, escaped, and never in the way of the page."""

import logging
import re
import threading

import httpx
import pytest

from app import first_content
from app.pages import overview
from app.pages import round as round_page
from app.pages.pairs import first_pairs
from app.widgets import times
from backend.db import session, tables
from backend.errors import InvalidInput
from backend.services.pairs import openings
from backend.services.people import browsers
from backend.services.projects import trash
from backend.values import Role
from tests import rows
from tests.integration import site
from tests.integration.reviewing import Team
from tests.integration.test_pair_builder import judged
from tests.integration.test_round_report import Done
from tests.integration.test_ways_out import stopped_round
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.on_sqlite]

HTML = {"accept": "text/html"}
OPENS = '<div id="rondo-first"'
STYLE = re.compile(r"<style data-first>[^{]*(\{.*?)</style>", re.DOTALL)
TIME = re.compile(r"(?<=<dt>time</dt><dd>)[^<]*|(?<=so far )[^.]*")
HOSTILE = "<img src=x onerror=alert(1)>{{value}}"


@pytest.fixture(autouse=True)
def zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Browsers here have told their zone."""
    visitor = site.visitor

    def told() -> httpx.Client:
        client = visitor()
        client.cookies.set(times.COOKIE, "UTC")
        return client

    monkeypatch.setattr(site, "visitor", told)


def document(client: httpx.Client, done: Done, path: str) -> str:
    """The document at a page of the project, or at the whole address."""
    return client.get(path if path.startswith("/") else site.page(done.project, path), headers=HTML).text


def first(text: str) -> str:
    """The first content in a document; empty where it has none."""
    return text.partition(OPENS)[2].partition("<gradio-app")[0]


@pytest.mark.parametrize("role", [*Role])
def test_each_role_is_given_the_round_that_it_may_see(role: Role) -> None:
    done = Done()
    done.measure(done.checkpoint, "held_out_accuracy", 0.5)
    path = f"round?round={done.round.id}"
    with site.signed_in(rows.make_actor(done.project, role)) as client:
        answer = client.get(site.page(done.project, path), headers=HTML)
        shown = first(answer.text)
        assert answer.headers["cache-control"] == "no-store"
        assert "<h2>Round 1</h2>" in shown
        assert "Step 4: 8 rows of the type preference" in shown
        assert f'href="samples?round={done.round.id}"' in shown
        assert shown.count("<script") == 1
        assert '<script src="/static/' in shown, "no script stands in the document itself"
        assert "onclick" not in shown
        assert "aria-live" not in shown
        assert 'role="status"' not in shown
        text = document(client, done, path)
        assert text.count("<style data-first>") == len(set(STYLE.findall(text))), "no css twice"
        for other in (
            *("compare", "held-out", "warnings", "workers", "checkpoints", ""),
            *("samples", "datasets", "prompts"),
        ):
            shown = first(document(client, done, other))
            assert shown, other
            assert 'aria-label=""' not in shown, f"{other}: what can be scrolled has a name"


def test_pairs_hold_the_knobs_and_what_they_come_to(monkeypatch: pytest.MonkeyPatch) -> None:
    project, round_, _ = judged()
    done, kept = Done(), list(openings._kept)

    def shown(path: str, project: tables.Project = project, role: Role = Role.curator) -> str:
        with site.signed_in(rows.make_actor(project, role)) as client:
            return first(client.get(site.page(project, path), headers=HTML).text)

    text = shown("pairs")
    assert f"Round {round_.number}, {round_.status}" in text
    assert "<b>3</b> pairs of 3 prompts with 12 samples" in text
    assert 'href="samples?sample=' in text
    text = shown(f"pairs?round={round_.id}&min_margin=4.5&ties=shorter&category=level")
    assert "<b>0</b> pairs of 3 prompts" in text
    assert re.findall(r'<span class="held">(.*?)</span>', text.partition("first-form")[2]) == [
        *("4.5", "Choose the shorter text", "0", "0", "1", "level", "0")
    ]
    unscored, without = stopped_round()
    rows.make_samples(without, rows.make_prompt_set(unscored, prompts=2), n=2)
    assert f"No sample of round {without.number} has a score yet." in shown("pairs", unscored), "why there are none"
    for odd in ("pairs?min_margin=x", "pairs?pairs_per_prompt=0", "pairs?round=0", f"pairs?round={done.round.id}"):
        assert not shown(odd), f"{odd}: the page itself says what is wrong"
    assert not shown("pairs", role=Role.reviewer)
    assert list(openings._kept) == kept, "what a page works with is what it read itself"
    monkeypatch.setattr(first_pairs, "MOST_SAMPLES", 11)
    with session() as db:
        db.get_one(tables.Round, round_.id).counts = {"samples": 12}
    assert not shown("pairs"), "too many to be read while a document waits"


def test_nobody_else_is_given_anything() -> None:
    done, other = Done(), rows.make_project()
    path = site.page(done.project, f"round?round={done.round.id}")
    with site.visitor() as client:
        assert client.get(path, headers=HTML).status_code == 303
    with site.signed_in(rows.make_actor(other, Role.admin)) as client:
        answer = client.get(path, headers=HTML)
        assert "Round 1" not in answer.text
        assert OPENS not in answer.text
        mine = client.get(site.page(other, f"round?round={done.round.id}"), headers=HTML)
        assert mine.status_code == 200
        assert OPENS not in mine.text, "a round of another project is no round of this one"
    with site.signed_in(done.actor) as client:
        assert OPENS in client.get(path, headers=HTML).text
        browsers.end_others(done.actor)
        assert client.get(path, headers=HTML).status_code == 303, "the session has ended"
    with site.signed_in(done.actor) as client:
        trash.put_project(rows.make_actor(done.project, Role.admin), done.project.id)
        answer = client.get(path, headers=HTML)
        assert OPENS not in answer.text
        assert "Round 1" not in answer.text


def test_who_decides_blind_is_not_told_what_the_judge_said() -> None:
    team = Team()
    with session() as db:
        db.get_one(tables.Round, team.round.id).counts = {"prompts": 3, "samples": 6, "unparsed": 2}
    path = site.page(team.project, f"round?round={team.round.id}")
    texts = {}
    for name, actor in (("curator", team.curator), ("reviewer", team.who("ann"))):
        with site.signed_in(actor) as client:
            texts[name] = first(client.get(path, headers=HTML).text)
    assert "reviewed blind" in texts["reviewer"]
    flows = {name: text.partition('data-part="round-flow-table"')[2] for name, text in texts.items()}
    assert "judged" in flows["curator"]
    assert "judged" not in flows["reviewer"]
    assert "What the judge said is hidden from you" in flows["reviewer"]


def test_two_people_in_a_row_are_each_given_their_own() -> None:
    """Nothing of a page that was drawn for one role is kept for another: not in the server, and not on the way."""
    team = Team()
    with session() as db:
        db.get_one(tables.Round, team.round.id).counts = {"prompts": 3, "samples": 6, "unparsed": 2}
    people = {"curator": team.curator, "reviewer": team.who("ann")}
    with site.signed_in(people["curator"]) as curator, site.signed_in(people["reviewer"]) as reviewer:
        for path in ("", f"round?round={team.round.id}", f"warnings?round={team.round.id}", "compare"):
            turns = [
                client.get(site.page(team.project, path), headers=HTML)
                for client in (reviewer, curator, reviewer, curator)
            ]
            assert {answer.headers["cache-control"] for answer in turns} == {"no-store"}, path
            shown = [TIME.sub("", first(answer.text)) for answer in turns]
            assert shown[:2] == shown[2:], path
            names = [[actor.name in answer.text for actor in people.values()] for answer in turns[:2]]
            assert names == [[False, True], [True, False]], path
            assert (shown[0] == shown[1]) is not path.startswith("round"), path


def test_times_wait_until_the_browser_has_told_its_zone() -> None:
    done = Done()
    with site.signed_in(done.actor) as client:
        assert OPENS in document(client, done, "round")
        del client.cookies[times.COOKIE]
        assert OPENS not in document(client, done, "round")
        assert OPENS in document(client, done, "compare"), "no time stands there"


def test_a_document_waits_for_it_no_longer_than_its_budget(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done, goes_on = Done(), threading.Event()
    monkeypatch.setattr(overview, "tree_value", lambda _: goes_on.wait(PATIENCE))
    monkeypatch.setattr(first_content, "BUDGET_SECONDS", 0.05)
    try:
        with site.signed_in(done.actor) as client, caplog.at_level(logging.INFO, "rondo.app"):
            answer = client.get(site.page(done.project), headers=HTML)
            assert answer.status_code == 200
            assert OPENS not in answer.text
            assert f"/p/{done.project.slug}/ was sent without its first content, which takes too long" in caplog.text
    finally:
        goes_on.set()


def test_what_a_model_or_a_person_wrote_is_text() -> None:
    done = Done()
    with session() as db:
        db.get_one(tables.Checkpoint, done.checkpoint.id).name = HOSTILE
        db.get_one(tables.Checkpoint, done.base.id).name = f"{HOSTILE} 2"
        db.get_one(tables.Round, done.round.id).error = HOSTILE
    with site.signed_in(done.actor) as client:
        for path in (f"round?round={done.round.id}", "checkpoints", ""):
            shown = first(document(client, done, path))
            assert "&lt;img src=x onerror=alert(1)&gt;{{value}}" in shown, path
            assert "<img" not in shown, path
        shown = first(document(client, done, f"compare?old=c{done.base.id}&new=r{done.round.id}"))
        assert "&lt;img src=x onerror=alert(1)&gt;" in shown
        assert "<img" not in shown


def test_a_failure_leaves_the_page_as_it_is_without(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done = Done()

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    def refused(*_: object) -> None:
        raise InvalidInput("Not so.")

    monkeypatch.setattr(overview, "tree_value", broken)
    monkeypatch.setattr(round_page, "opened", refused)
    with site.signed_in(done.actor) as client, caplog.at_level(logging.INFO, "rondo.app"):
        for path in ("", "round"):
            answer = client.get(site.page(done.project, path), headers=HTML)
            assert answer.status_code == 200
            assert OPENS not in answer.text
            assert "<gradio-app" in answer.text
    assert "ZeroDivisionError" in caplog.text, "what nobody expected is in the log with its traceback"
    assert f"The first content of /p/{done.project.slug}/ failed" in caplog.text
    assert f"/p/{done.project.slug}/round was sent without its first content: Not so." in caplog.text
