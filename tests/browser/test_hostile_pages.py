"""Hostile text in every name and text there is: no page runs it, and nothing is asked of another host."""

import unicodedata
from collections.abc import Sequence
from typing import Any

import pytest
from playwright.sync_api import expect

from app.pages import PAGES
from backend.db import now, reading, session, tables
from backend.errors import InvalidInput
from backend.services import projects, reviews
from backend.services.access import Actor
from backend.services.people import accounts
from backend.values import DecisionKind, JobStatus, Role, RoundStatus, Split, Stage
from tests import hostile, rows
from tests.browser.desk import HOSTILE, SAVED, empty, sign_in
from tests.browser.filled import fill
from tests.browser.settled import settled
from tests.integration import site
from tests.integration.held_out import measure

__all__ = ["empty"]
pytestmark = pytest.mark.browser
BEACON = '<img src="http://203.0.113.9/x.png">'
NAME = f"{BEACON}<svg onload=window.hacked=1>`${{window.hacked=1}}`"
PATHS = tuple(page.PATH for page in PAGES)


TEXTS = [text.replace("\x00", "\ufffd") for text in hostile.STRINGS]
"""As they are stored: no database keeps a NUL character in JSON, and what models write is kept with replacements."""
NAMES = [text for text in TEXTS if text.isprintable() and text.strip() == text and len(text) <= 80]
BANNED = ("content security policy", "content-security-policy", hostile.HOST)


class Watched:
    """A browser of a person's in which anything that runs, asks or leaves is noticed."""

    def __init__(self, chromium: Any, actor: Actor, project_id: int | None = None) -> None:
        self.context = chromium.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
        sign_in(self.context, actor)
        if project_id is not None:
            with reading() as db:
                place = site.page(db.get_one(tables.Project, project_id))
            self.context.request.get(place, headers={"accept": "text/html"})
        self.noticed: list[str] = []
        self.context.on("request", self.at)
        self.page = self.context.new_page()
        self.page.on("dialog", lambda dialog: (self.noticed.append(f"dialog {dialog.message}"), dialog.dismiss()))
        self.page.on("popup", lambda popup: self.noticed.append(f"popup {popup.url}"))
        self.page.on("console", lambda reply: self.hear(reply.text))

    def at(self, request: Any) -> None:
        if not request.url.startswith((site.address(), "data:", "blob:")):
            self.noticed.append(f"request {request.url}")

    def hear(self, text: str) -> None:
        if any(word in text.lower() for word in BANNED):
            self.noticed.append(f"console {text[:200]}")

    def open(self, path: str, waits_for: str = ".gradio-container") -> None:
        self.page.goto(f"{site.address()}/{path}")
        self.page.wait_for_selector(waits_for, state="attached")

    def check(self, where: str) -> None:
        assert self.page.evaluate("window.__hit") is None, where
        assert self.page.evaluate("({}).__hit") is None, where
        assert self.page.url.startswith(site.address()), where
        assert self.noticed == [], where


def hostile_everywhere(mode: str = "sample", n: int = 1) -> tuple[tables.Round, Actor]:
    """All texts as prompt, sample, rationale, note, name of a person, a set and a file; the first as a project's."""
    project = rows.make_project(NAMES[0], guidelines="\n\n".join(TEXTS))
    texts = TEXTS[: len(TEXTS) // n * n]
    prompts = rows.make_prompt_set(project, prompts=[f"{i} {text}" for i, text in enumerate(texts[::n])])
    round_ = rows.make_round(
        project,
        status=RoundStatus.review,
        stage=Stage.review,
        is_reviewed=True,
        is_blind=False,
        review={"random_share": 0.0, "mode": mode},
    )
    samples = rows.make_samples(round_, prompts, n=n, texts=texts, scores=[1.0, 0.0])
    rows.make_judgments(samples)
    owner = accounts.local_owner(via="page")
    people = [rows.make_actor(project, Role.reviewer, name=name) for name in NAMES]
    with session() as db:
        for judgment, text in zip(db.query(tables.Judgment).order_by(tables.Judgment.id), texts, strict=True):
            judgment.rationale = judgment.raw = text
        for name in NAMES:
            db.add(tables.PromptSet(project_id=project.id, name=name, split=Split.train, origin=name, num_prompts=0))
            db.add(tables.Project(name=f"{name} "))
            db.flush()  # each gets an address that those before it do not have
    extra = rows.make_samples(round_, rows.make_prompt_set(project, prompts=["x"] * 1), n=1, scores=[1.0])
    with session() as db:
        db.add_all(
            tables.Decision(
                client_id=f"hostile-{n}",
                project_id=project.id,
                round_id=round_.id,
                group_id=extra[0].group_id,
                sample_id=extra[0].id,
                user_id=people[n % len(people)].user_id,
                kind=DecisionKind.flag,
                note=text,
            )
            for n, text in enumerate(TEXTS)
        )
    return round_, owner


def add_the_rest(round_: tables.Round) -> tuple[str, str]:
    """A failed job of the round and its held-out answers, hostile too. Return what addresses of two pages ask for."""
    text = HOSTILE + BEACON
    with session() as db:
        project = db.get_one(tables.Project, round_.project_id)
        project.description = text
        db.get_one(tables.Round, round_.id).error = text
        db.add(
            tables.Job(
                project_id=project.id,
                round_id=round_.id,
                workflow_id="w",
                stage=Stage.judge,
                queue="generate",
                status=JobStatus.failed,
                error=text,
                log_tail=text,
                traceback=text,
                finished_at=now(),
                started_at=now(),
            )
        )
    base = rows.make_checkpoint(project, NAME)
    held_out = rows.make_prompt_set(project, f"held {NAME}", prompts=[f"held {text}"], split=Split.held_out)
    measure(round_, base, [held_out], [0], texts=[text])
    with reading() as db:
        sample = db.query(tables.Sample).filter_by(checkpoint_id=base.id, split=Split.held_out).first()
    return f"held-out?prompt={sample.prompt_id}", f"compare?old=c{base.id}&new=r{round_.id}"


def test_there_are_at_least_two_hundred_texts_and_each_would_be_noticed() -> None:
    assert len(TEXTS) == len(set(TEXTS)) >= 200
    marked = ("__hit", hostile.HOST, "PHNjcmlwdD53aW5kb3cuX19oaXQ9MTwvc2NyaXB0Pg")
    assert [text for text in TEXTS if not any(mark in text for mark in marked)] == []


def test_the_texts_do_run_where_a_page_interprets_them(chromium: Any) -> None:
    """Else the tests below would show nothing."""
    page = chromium.new_page()
    page.set_content("<p id=here></p>")
    value = page.evaluate(
        """async (texts) => {
          let hits = 0;
          for (const text of texts) {
            window.__hit = undefined;
            document.getElementById("here").innerHTML = text;
            await new Promise((done) => setTimeout(done, 5));
            hits += window.__hit ? 1 : 0;
          }
          return hits;
        }""",
        [text for text in hostile.EVENTS[:12]],
    )
    assert value >= 8
    page.close()


def test_names_that_are_no_names_are_refused(empty: None) -> None:
    owner = accounts.local_owner(via="page")
    for text in hostile.STRINGS:
        is_odd = any(unicodedata.category(character) in ("Cc", "Cs") for character in text.strip())
        if is_odd or len(unicodedata.normalize("NFC", text.strip())) > 120:
            with pytest.raises(InvalidInput):
                projects.create(owner, text)
        if is_odd or len(unicodedata.normalize("NFC", text.strip())) > 80:
            with pytest.raises(InvalidInput):
                accounts.create_user(owner, text)


def test_two_hundred_ways_to_run_a_script_run_none_on_any_page(empty: None, chromium: Any) -> None:
    round_, owner = hostile_everywhere()
    opened = add_the_rest(round_)
    tried = fill(round_, [HOSTILE + BEACON, *TEXTS])
    browser = Watched(chromium, owner, round_.project_id)
    browser.page.add_init_script("window.alert = () => { window.hacked = 1 }")
    for path in (*PATHS, *opened, *(f"{path}{asked}" for path, asked in tried.items())):
        browser.open(path)
        settled(browser.page)
        browser.check(path)
        assert browser.page.evaluate("window.hacked") is None, path
        assert browser.page.locator("img[src='x'], img[src*='203.0.113.9'], svg[onload]").count() == 0, path
        if path.split("?")[0] in tried:
            shows_a_text(browser)
    through(browser, "samples", "#samples-next", "#samples-table [role=gridcell]")
    through(browser, "audit", "#audit-older", "#audit-table td")
    browser.context.close()


def shows_a_text(browser: Watched) -> None:
    expect(browser.page.locator("body")).to_contain_text("__hit", use_inner_text=True)


def through(browser: Watched, path: str, button: str, cells: str, *, pages: int = 8) -> None:
    """Turn the pages of a table until there is none."""
    browser.open(path, cells)
    table = browser.page.locator(cells.split()[0])
    for _ in range(pages):
        settled(browser.page)
        browser.check(path)
        shows_a_text(browser)
        if not browser.page.locator(button).is_enabled():
            return
        before = table.inner_text()
        browser.page.locator(button).click()
        expect(table).not_to_have_text(before, use_inner_text=True)


def test_the_review_desk_runs_none_of_them_either(empty: None, chromium: Any) -> None:
    round_, owner = hostile_everywhere()
    browser = Watched(chromium, owner, round_.project_id)
    browser.open(f"review?round={round_.id}", "#review-desk .answer")
    for n in range(len(TEXTS)):
        browser.page.wait_for_selector("#review-desk .desk:not(.is-empty)")
        browser.page.keyboard.press("ax"[n % 2])
        if n % 40 == 0:
            browser.check(f"item {n}")
    browser.page.wait_for_function(SAVED)
    browser.check("the end")
    with reading() as db:
        assert db.query(tables.Decision).filter(tables.Decision.kind != DecisionKind.flag).count() == len(TEXTS)
    browser.context.close()


@pytest.mark.parametrize(("mode", "key"), [("group", "2"), ("pair", "=")])
def test_groups_and_pairs_with_their_history_run_none_of_them(empty: None, chromium: Any, mode: str, key: str) -> None:
    round_, owner = hostile_everywhere(mode, n=4 if mode == "group" else 2)
    browser = Watched(chromium, owner, round_.project_id)
    browser.open(f"review?round={round_.id}", "#review-desk .column")
    browser.page.keyboard.press("h")
    for n in range(60):
        browser.page.wait_for_selector("#review-desk .desk:not(.is-empty)")
        browser.page.keyboard.press(key)
        if mode == "group":
            browser.page.keyboard.press("Enter")
        if n % 20 == 0:
            browser.check(f"item {n}")
    browser.page.wait_for_function(SAVED)
    browser.check("the end")
    with reading() as db:
        assert db.query(tables.Decision).filter_by(kind=DecisionKind.prefer).count() == 60
    browser.context.close()


def test_no_tab_of_the_team_page_runs_any(empty: None, chromium: Any) -> None:
    round_, owner = hostile_everywhere()
    with reading() as db:
        sample_id = db.query(tables.Sample.id).filter_by(round_id=round_.id).first()[0]
        people = [Actor(row.id, row.name) for row in db.query(tables.User).filter(tables.User.id != owner.user_id)]
    for person, kind in zip(people, (DecisionKind.accept, DecisionKind.reject), strict=False):
        reviews.decide(person, f"client-{person.user_id}", sample_id, kind, round_id=round_.id, note=TEXTS[0])
    browser = Watched(chromium, owner, round_.project_id)
    browser.open(f"team?round={round_.id}", "#team-people td")
    settled(browser.page)
    tabs = browser.page.get_by_role("tab")
    assert tabs.count() >= 8
    for n in range(tabs.count()):
        tabs.nth(n).click()
        settled(browser.page)
        browser.check(f"tab {n}")
    browser.context.close()


@pytest.mark.parametrize("names", [TEXTS[:6], NAMES[-6:]], ids=["any", "printable"])
def test_the_name_of_an_uploaded_file_is_only_a_name(empty: None, chromium: Any, names: Sequence[str]) -> None:
    rows.make_project("Uploads")
    browser = Watched(chromium, accounts.local_owner(via="page"))
    for name in names:
        browser.open("prompts")
        browser.page.get_by_role("tab", name="Import").click()
        browser.page.wait_for_selector("input[type=file]", state="attached")
        content = {"name": f"{name}.jsonl", "mimeType": "application/json", "buffer": b'{"prompt": "hello"}\n'}
        browser.page.locator("input[type=file]").last.set_input_files([content])
        settled(browser.page)
        browser.check(name)
    browser.context.close()
