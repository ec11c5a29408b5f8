"""Pages in the language of whoever reads them: two people at once, before signing in, and what stays English."""

import json
import re
from typing import Any

import pytest

from app import page_texts
from app.form_values import help_text
from app.pages import PAGES
from app.pages.round import judge
from app.widgets import template_texts
from backend import recipes, translations
from backend.db import session, tables
from backend.errors import InvalidInput
from backend.services import checkpoints
from backend.services.arena import opening
from backend.services.people import languages
from backend.services.prompts import mapping
from backend.services.recipes import parts
from backend.values import JobStatus, Role, Stage
from tests import rows
from tests.integration import site

pytestmark = pytest.mark.on_sqlite

NAMES = {
    *translations.LANGUAGES.values(),
    *("transformers", "vLLM", "OpenAI", "LLaMA-Factory", "TRL", "axolotl", "README.md", "jsonl", "parquet", "#"),
    *("temperature", "top_p", "max_tokens", "seed", "base_url", "model", "api_key_env", "concurrency", "timeout"),
    *("owner/name", "https://example.org/rondo", "2026-02-01"),
}
"""Names of tools and of parameters, and examples of what is typed."""
KNOBS = {
    text for knob in (*judge.knobs(), *parts.review_knobs()) for text in (knob.label, help_text(knob), *knob.choices)
}
"""What parts call their knobs is English everywhere."""
PAGE = {"accept": "text/html"}


def test_two_people_read_the_same_page_each_in_their_language(database: str) -> None:
    project = rows.make_project("Sums")
    ada, ben = rows.make_actor(project, Role.admin, name="Ada"), rows.make_actor(project, Role.admin, name="Ben")
    languages.choose(ada, "de")
    with site.signed_in(ada) as german, site.signed_in(ben) as english:
        for _ in range(2):
            asked = [client.get("/p/sums/", headers=PAGE).text for client in (german, english)]
            assert ['<html\n\tlang="de"' in page for page in asked] == [True, False]
            assert [">Übersicht</a>" in page for page in asked] == [True, False]
            assert ["Runde abbrechen …" in page for page in asked] == [True, False]
            assert ["Noch keine Runde." in page for page in asked] == [True, False]
            assert ["Cancel round…" in page for page in asked] == [False, True]
        brought = [re.search(r'id="messages">(.*?)</script>', page) for page in asked]
        words = [json.loads(match[1]) for match in brought if match]
        assert [each.get("label\x04accept") for each in words] == ["angenommen", None]
        # A script looks its words up as it starts, and asks for what reads them at once.
        assert all(page.index('id="messages"') < page.index('<script src="/static/') for page in asked)
        assert all(re.search(r'<link rel="modulepreload" href="/static/\w+/gettext.js">', page) for page in asked)
        assert "Der Papierkorb ist leer." in german.get("/projects").text
        german.headers["accept-language"] = "en"
        assert "Der Papierkorb ist leer." in german.get("/projects").text
        languages.choose(ada, None)
        assert "Nothing is in the trash." in german.get("/projects").text


def test_the_desk_speaks_the_reader_s_language_and_a_program_is_answered_in_english(database: str) -> None:
    project = rows.make_project("Sums")
    actor = rows.make_actor(project, Role.reviewer)
    languages.choose(actor, "de")
    empty = []
    for way_in in (site.signed_in, site.with_token):
        with way_in(actor) as client:
            client.headers["accept-language"] = "de"
            empty.append(client.get("/api/v1/projects/named/sums/review").json()["empty"].partition(".")[0])
    assert empty == ["Noch keine Runde", "No round yet"]


def test_before_signing_in_a_browser_reads_what_it_asks_for_or_what_was_chosen(database: str) -> None:
    with site.visitor() as browser:
        assert ">Password\n" in browser.get("/login").text
        browser.headers["accept-language"] = "de-CH,en;q=0.5"
        assert ">Passwort\n" in browser.get("/login").text
        chosen = browser.get("/login", params={"language": "en", "next": "/p/sums/"})
        assert chosen.headers["location"] == "/login?next=/p/sums/"
        page = browser.get(chosen.headers["location"]).text
        assert ">Password\n" in page
        assert 'value="/p/sums/"' in page
        assert browser.get("/login?language=xx").status_code == 200
        assert browser.get("/login?language=browser").headers["location"] == "/login?next=/"
        assert ">Passwort\n" in browser.get("/login").text
        link = "/login/link/made-up"
        assert f'href="{link}?language=en"' in browser.get(link).text
        assert browser.get(f"{link}?language=en").headers["location"] == link
        assert "This link was used" in browser.get(link).text


def test_a_page_says_which_language_it_is_in(database: str) -> None:
    project = rows.make_project("Sums")
    ada = rows.make_actor(project, Role.admin)
    languages.choose(ada, "de")
    with site.signed_in(ada) as client:
        page = client.get("/p/sums/jobs", headers=PAGE).text
        assert '<html\n\tlang="de"' in page
        assert not re.search(r"<(body|header)[^>]*lang=", page)


def test_a_file_that_people_keep_of_a_round_is_in_english_for_all(database: str) -> None:
    project = rows.make_project("Sums")
    ada = rows.make_actor(project, Role.admin)
    round_ = rows.make_round(project, recipe=recipes.get("star").model_dump(mode="json"))
    with session() as db:
        job = {"project_id": project.id, "round_id": round_.id, "queue": "generate"}
        db.add(tables.Job(workflow_id="a", stage=Stage.generate, step=0, status=JobStatus.queued, spec={}, **job))
    languages.choose(ada, "de")
    with site.signed_in(ada) as client:
        report = client.get(f"/api/v1/rounds/{round_.id}/report").json()
        shown = client.get(f"/api/v1/rounds/{round_.id}/report.html").text
    assert report["opening"]["asked"]["stages"][0]["what"] == "step 2 of 9: generator sample (first)"
    assert "step 2 of 9: generator" in shown


def test_there_is_no_such_language(database: str) -> None:
    actor = rows.make_actor(rows.make_project(), Role.viewer)
    with pytest.raises(InvalidInput, match="Choose one of en"):
        languages.choose(actor, "xx")
    assert languages.chosen(actor) is None


@pytest.mark.parametrize("path", [page.PATH for page in PAGES])
def test_every_word_of_a_page_is_translated_where_it_is_sent(path: str) -> None:
    config = site.blocks().config
    here = [entry for entry in config["components"] if entry["id"] in config["page"][path]["components"]]
    known = translations.read("de", translations.PAGES).forms
    words = {word for entry in here for word in page_texts.words_of(entry)}
    for entry in here:
        words |= set(template_texts.texts(entry["props"].get(page_texts.TEMPLATE) or ""))
    assert sorted(words - known.keys() - NAMES - KNOBS) == []
    with translations.using("de"):
        sent = page_texts.translated({"components": here})["components"]
    of = {entry["id"]: page_texts.words_of(entry) for entry in sent}
    for entry in here:
        before = page_texts.words_of(entry)
        assert of[entry["id"]] == [known[word][0] if word in known else word for word in before]


def test_the_values_of_a_knob_are_called_as_everywhere() -> None:
    """`judge` is also a stage, which has a German word."""
    config = site.blocks().config
    with translations.using("de"):
        sent = page_texts.translated({"components": config["components"]})["components"]
    knobs = [entry["props"] for entry in sent if page_texts.AS_NAMED in (entry["props"].get("elem_classes") or ())]
    assert ["judge", "judge"] in [list(choice) for knob in knobs for choice in knob["choices"]]
    assert all(name == value for knob in knobs for name, value in knob["choices"])


def test_a_role_of_a_checkpoint_is_called_as_on_a_round() -> None:
    """`judge` is also a stage, which has a German word."""
    with translations.using("de"):
        sent = page_texts.translated({"components": _called("register-role")})["components"]
    choices = [tuple(choice) for entry in sent for choice in entry["props"]["choices"]]
    assert choices == [("Policy", "policy"), ("Judge", "judge"), ("Reward", "reward")]
    assert tuple(role for _, role in choices) == checkpoints.ROLES


def test_the_columns_of_a_file_are_called_as_in_errors() -> None:
    with translations.using("de"):
        sent = page_texts.translated({"components": site.blocks().config["components"]})["components"]
    of = page_texts.LABEL_AS_NAMED
    labels = [entry["props"]["label"] for entry in sent if of in (entry["props"].get("elem_classes") or ())]
    assert sorted(labels) == sorted(mapping.ROLES)


def test_the_text_of_an_arena_names_its_bounds() -> None:
    (number,) = _called("arena-number")
    assert f" {opening.FEWEST} to {opening.MOST}." in number["props"]["info"]


def _called(elem_id: str) -> list[dict[str, Any]]:
    return [entry for entry in site.blocks().config["components"] if entry["props"].get("elem_id") == elem_id]
