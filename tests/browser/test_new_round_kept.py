"""What is typed into the form of a new round outlives a reload, in Chromium: until it is launched, for who typed it."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import select

from backend.db import reading, session, tables
from backend.recipes import get
from backend.values import Role, Split
from tests import rows
from tests.browser.desk import empty, sign_in
from tests.browser.form import estimated, opened
from tests.browser.settled import settled
from tests.browser.test_round_steps import choose
from tests.integration import site

__all__ = ["empty"]
pytestmark = pytest.mark.browser
KEPT = "Object.entries(localStorage).filter(([name]) => name.startsWith('rondo.new-round.'))"
LINE = "#restored .restored"


class Form:
    """A project with prompts and two checkpoints; a curator's browser, that may open the form in several tabs."""

    def __init__(self, chromium: Any) -> None:
        self.project = self.make_project()
        self.actor = rows.make_actor(self.project, Role.curator)
        self.context: BrowserContext = chromium.new_context(viewport={"width": 1280, "height": 1000})
        sign_in(self.context, self.actor)
        self.page = self.context.new_page()
        self.asked: list[int] = []
        self.page.on(
            "request",
            lambda sent: (
                self.asked.append(json.loads(sent.post_data)["fn_index"]) if "queue/join" in sent.url else None
            ),
        )

    def make_project(self) -> tables.Project:
        project = rows.make_project()
        rows.make_prompt_set(project, prompts=20, answers=["7"] * 20)
        rows.make_prompt_set(project, prompts=4, split=Split.held_out)
        for name in ("base", "writer"):
            rows.make_checkpoint(project, engine={"name": "transformers", "model": f"models/{name}"})
        return project

    def open(self, query: str = "", project: tables.Project | None = None, page: Page | None = None) -> Page:
        page = page or self.page
        self.asked.clear()
        page.goto(site.page(project or self.project, "new-round") + query)
        page.locator("#recipe-slots button").first.wait_for()
        return page

    def reload(self) -> None:
        settled(self.page)  # what was typed last is kept, and what the page asks for is asked
        self.asked.clear()
        self.page.reload()
        estimated(self.page)


@pytest.fixture
def form(empty: None, chromium: Any) -> Any:
    form = Form(chromium)
    yield form
    form.context.close()


def number(page: Page, name: str = "num-prompts") -> Any:
    return page.locator(f"#{name} input")


def kept(page: Page) -> dict[str, Any]:
    """What the browser keeps, by the address."""
    return {name.split("?")[-1] if "?" in name else "": json.loads(text) for name, text in page.evaluate(KEPT)}


def keeps(page: Page, name: str, value: Any) -> None:
    """Waits until the browser keeps this of the form: Gradio tells of a change some time after the key."""
    held = f"{KEPT}.some(([, text]) => JSON.parse(text).beside['{name}'] === value)"
    page.wait_for_function(f"(value) => {held}", arg=value)


def test_what_was_typed_is_there_after_a_reload_with_two_answers_and_gone_after_the_launch(form: Form) -> None:
    page = form.open()
    choose(page, "#recipe", get("star").title)
    page.wait_for_function("document.querySelector('#recipe-slots').innerText.includes('1. prompt source')")
    estimated(page)
    number(page).fill("7")
    number(page, "seed").fill("5")
    page.locator("#is-reviewed input").uncheck()
    generator = opened(page, "#slot-steps-1")
    generator.get_by_label("Max tokens").first.fill("33")
    opened(page, "#recipe-as-yaml").locator("textarea").fill("name: half")
    opened(page, "#save-recipe").locator("textarea, input").first.fill("My own")
    estimated(page)
    form.reload()
    expect(page.locator(LINE)).to_have_text(
        re.compile(r"^\s*Restored what you had typed at \d\d:\d\d\.\s+Start afresh\s*$")
    )
    assert len(form.asked) == 2, "the form is filled, and its slots are drawn"
    expect(page.locator("#recipe input")).to_have_value(get("star").title)
    expect(number(page)).to_have_value("7")
    expect(number(page, "seed")).to_have_value("5")
    expect(page.locator("#is-reviewed input")).not_to_be_checked()
    expect(opened(page, "#slot-steps-1").get_by_label("Max tokens").first).to_have_value("33")
    expect(opened(page, "#recipe-as-yaml").locator("textarea")).to_have_value("name: half")
    expect(opened(page, "#save-recipe").locator("textarea, input").first).to_have_value("My own")
    at = kept(page)[""]["at"]
    form.reload()
    assert kept(page)[""]["at"] == at, "a reload types nothing"
    page.locator("#launch").click()
    expect(page).not_to_have_url(re.compile("new-round"))
    with reading() as db:
        round_ = db.scalars(select(tables.Round)).one()
    assert (round_.num_prompts, round_.seed, round_.is_reviewed) == (7, 5, False)
    assert round_.recipe["steps"][1]["part"]["max_tokens"] == 33
    form.open()
    expect(page.locator(LINE)).to_have_count(0)
    assert kept(page) == {}


def test_a_form_that_nobody_touched_is_not_kept(form: Form) -> None:
    page = form.open()
    opened(page, "#recipe-as-yaml")
    settled(page)
    assert kept(page) == {}
    form.reload()
    expect(page.locator(LINE)).to_have_count(0)


def test_a_half_typed_number_is_there_again_and_refused(form: Form) -> None:
    page = form.open()
    number(page).fill("")
    expect(page.locator("#estimate .problem")).to_contain_text("Number of prompts")
    page.reload()
    expect(page.locator("#estimate .problem")).to_contain_text("Number of prompts")
    expect(number(page)).to_have_value("")
    expect(number(page)).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#launch")).to_be_disabled()


def test_what_was_typed_is_kept_for_this_person_project_and_address_alone(form: Form, chromium: Any) -> None:
    page = form.open()
    number(page).fill("7")
    keeps(page, "num_prompts", 7)
    assert list(kept(page)) == [""]
    other = form.make_project()
    with session() as db:
        db.add(tables.Membership(project_id=other.id, user_id=form.actor.user_id, role=Role.curator))
    form.open(project=other)
    expect(number(page)).to_have_value("500")
    form.open("?recipe=star")
    expect(number(page)).to_have_value("500")
    expect(page.locator(LINE)).to_have_count(0)
    form.open()
    expect(number(page)).to_have_value("7")
    form.context.clear_cookies()
    sign_in(form.context, rows.make_actor(form.project, Role.curator))
    form.open()
    expect(number(page)).to_have_value("500")
    expect(page.locator(LINE)).to_have_count(0)


def test_the_form_begins_afresh_when_asked(form: Form) -> None:
    page = form.open()
    number(page).fill("7")
    keeps(page, "num_prompts", 7)
    form.reload()
    page.get_by_role("button", name="Start afresh").click()
    expect(number(page)).to_have_value("500")
    estimated(page)
    expect(page.locator(LINE)).to_have_count(0)
    assert kept(page) == {}


def test_of_two_tabs_the_one_that_was_typed_into_last_is_kept(form: Form) -> None:
    page, second = form.open(), form.context.new_page()
    form.open(page=second)
    number(page).fill("7")
    keeps(page, "num_prompts", 7)
    number(second, "seed").fill("9")
    keeps(second, "seed", 9)
    form.reload()
    expect(number(page, "seed")).to_have_value("9")
    expect(number(page)).to_have_value("500")


def test_a_checkpoint_that_is_gone_is_left_out_and_named(form: Form) -> None:
    page = form.open()
    with reading() as db:
        writer = db.scalars(select(tables.Checkpoint).order_by(tables.Checkpoint.id.desc())).first()
    assert writer is not None
    choose(page, "#judge", writer.name)
    keeps(page, "judge", writer.id)
    estimated(page)
    with session() as db:
        db.delete(db.get_one(tables.Checkpoint, writer.id))
    form.reload()
    expect(page.locator(LINE)).to_contain_text("Left out, because there is no such thing any more: Judge.")
    expect(page.locator("#judge input")).to_have_value("the policy itself")


def test_what_was_previewed_and_then_launched_is_forgotten(form: Form) -> None:
    page = form.open()
    number(page).fill("7")
    keeps(page, "num_prompts", 7)
    estimated(page)
    page.locator("#preview-round").click()
    page.wait_for_url("**/previews?preview=*")
    form.open("?" + page.url.partition("?")[2])
    expect(number(page)).to_have_value("7")
    page.locator("#launch").click()
    expect(page).not_to_have_url(re.compile("new-round"))
    form.open()
    expect(page.locator(LINE)).to_have_count(0)
    assert kept(page) == {}


def test_what_nobody_touched_for_long_is_forgotten_and_no_more_than_twenty_are_kept(form: Form) -> None:
    page = form.open()
    number(page).fill("7")
    keeps(page, "num_prompts", 7)
    page.evaluate(
        """() => {
          const [name] = Object.keys(localStorage).filter((name) => name.startsWith("rondo.new-round."));
          const text = localStorage.getItem(name), now = JSON.parse(text).at;
          const put = (query, at) => localStorage.setItem(name + query, text.replace(String(now), String(at)));
          put("?again=1", now - 61 * 24 * 60 * 60 * 1000);
          for (let n = 0; n < 30; n++) put(`?from=${n}`, now - 1000 * (n + 1));
        }"""
    )
    form.reload()
    assert len(kept(page)) == 20
    assert "" in kept(page)
    assert "from=18" in kept(page)
    assert not {"from=19", "again=1"} & kept(page).keys()
