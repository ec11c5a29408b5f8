"""The first content of a page is in its document: for whoever may see it, escaped, and never in the way of the page."""

import logging

import httpx
import pytest

from app.pages import overview
from app.pages import round as round_page
from backend.db import session, tables
from backend.errors import InvalidInput
from backend.values import Role
from tests import rows
from tests.integration import site
from tests.integration.test_round_report import Done

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.on_sqlite]

HTML = {"accept": "text/html"}
OPENS = '<div id="rondo-first"'
HOSTILE = "<img src=x onerror=alert(1)>{{value}}"


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
        for other in ("compare", "held-out", "warnings", "workers", "checkpoints", ""):
            assert OPENS in document(client, done, other) or other == "held-out", other


def test_nobody_else_is_given_anything() -> None:
    done, other = Done(), rows.make_project()
    path = site.page(done.project, f"round?round={done.round.id}")
    with site.visitor() as client:
        assert client.get(path, headers=HTML).status_code == 303
    with site.signed_in(rows.make_actor(other, Role.admin)) as client:
        assert "Round 1" not in client.get(path, headers=HTML).text
        mine = client.get(site.page(other, f"round?round={done.round.id}"), headers=HTML)
        assert mine.status_code == 200
        assert OPENS not in mine.text, "a round of another project is no round of this one"


def test_what_a_model_or_a_person_wrote_is_text() -> None:
    done = Done()
    with session() as db:
        db.get_one(tables.Checkpoint, done.checkpoint.id).name = HOSTILE
        db.get_one(tables.Round, done.round.id).error = HOSTILE
    with site.signed_in(done.actor) as client:
        for path in (f"round?round={done.round.id}", "checkpoints", ""):
            shown = first(document(client, done, path))
            assert "&lt;img src=x onerror=alert(1)&gt;{{value}}" in shown, path
            assert "<img" not in shown, path
        assert "<img" not in first(document(client, done, f"compare?old=c{done.base.id}&new=c{done.checkpoint.id}"))


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
    assert "Not so." in caplog.text
