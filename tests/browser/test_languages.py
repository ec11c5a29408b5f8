"""In Chromium: a person chooses German, and reads it on every page from then on; a colleague reads English meanwhile."""

import re
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import expect

from backend.services.people import languages
from backend.values import Role
from tests import rows
from tests.browser.desk import Review, empty, sign_in
from tests.browser.settled import settled
from tests.browser.test_warnings import pictured
from tests.integration import site

__all__ = ["empty"]
pytestmark = pytest.mark.browser

FRAME = ".rondo-header, .rondo-header [title], .rondo-header [aria-label], #rondo-main ~ * button"
"""The header with its menus, and the buttons of the page."""
ENGLISH = re.compile(
    r"\b(Overview|New round|Warnings|Notices|My work|Sign out|Recipes|Workers|People|More|Projects|Skip to content|"
    r"Colors|Cancel|Keep it|Change|Start|Stop|in this project)\b"
)


def words_of(page: Any) -> str:
    """What the frame of the page says, tooltips and what is read out with it."""
    texts = page.locator(FRAME).evaluate_all(
        "all => all.map((element) => [element.innerText, element.title, element.getAttribute('aria-label')].join('\\n'))"
    )
    return "\n".join(texts)


def test_german_is_chosen_and_stays_while_a_colleague_reads_english(empty: None, chromium: Any) -> None:
    desk = Review(chromium)
    page, project = desk.page, desk.project
    colleague = chromium.new_context(viewport={"width": 1280, "height": 860})
    sign_in(colleague, rows.make_actor(project, Role.curator, name="Ben"))
    beside = colleague.new_page()
    page.goto(site.page(project, "me"))
    settled(page)
    page.locator("#me-language input").click()
    page.get_by_role("option", name="Deutsch").click()
    page.wait_for_selector("html[lang=de]")
    expect(page.locator("#my-work dt").first).to_have_text("Entschieden")
    expect(page.locator("#me-language input")).to_have_value("Deutsch")
    for path, element, text in (
        ("", "#next-action .why", "Runde 1 wartet auf Menschen"),
        ("me", "#my-work h2", "Runde 1"),
    ):
        page.goto(site.page(project, path))
        expect(page.locator(element)).to_contain_text(text)
        settled(page)
        there = words_of(page)
        assert ENGLISH.findall(there) == []
        assert "Farben: wie das System. Ändern." in there
    page.goto(site.page(project, "review"))
    expect(page.get_by_role("button", name="Annehmen")).to_be_visible()
    expect(page.locator("#review-desk")).not_to_contain_text("Accept")
    page.goto(site.page(project, "me"))
    settled(page)
    assert page.evaluate("navigator.language") == "de"  # what Gradio writes its own words in
    pictured(page, "german-me")
    beside.goto(site.page(project, ""))
    expect(beside.locator("#next-action .why")).to_contain_text("Round 1 waits for people")
    expect(beside.locator("html")).to_have_attribute("lang", "en")
    assert "Farben" not in words_of(beside)
    page.reload()
    expect(page.locator("#my-work h2")).to_contain_text("in Runde 1")
    page.locator("#me-language input").click()
    page.context.add_cookies([{"name": "rondo_language", "value": "de", "url": page.evaluate("location.origin")}])
    page.get_by_role("option", name="Wie der Browser").click()
    page.wait_for_selector("html[lang=en]")
    expect(page).to_have_url(re.compile("/p/[^/]+/me$"))
    assert desk.errors == []


def test_the_german_header_is_one_line_and_the_pages_on_a_phone(empty: None, chromium: Any) -> None:
    project = rows.make_project("A project with a name of its own")
    context = chromium.new_context(viewport={"width": 400, "height": 800}, locale="de-DE")
    sign_in(context, rows.make_actor(project, Role.curator, name="Bernadette Maximiliane"))
    page = context.new_page()
    page.goto(site.page(project))
    settled(page)
    # What stands beside each other has its middle at one height; the row of pages stands below.
    shown = "[...document.querySelectorAll('.rondo-header > :not(.rondo-skip, h1)')].filter((e) => e.offsetWidth > 0)"
    boxes = page.evaluate(f"{shown}.map((e) => e.getBoundingClientRect()).map((b) => [b.top + b.height / 2, b.right])")
    middles = sorted(middle for middle, _ in boxes)
    assert len(boxes) == 7
    assert sum(below - above > 12 for above, below in pairwise(middles)) == 1
    assert max(right for _, right in boxes) <= 400
    assert page.locator(".rondo-brand").get_attribute("href")
    expect(page.get_by_role("link", name="Rondo", exact=True)).to_be_visible()


def test_a_refusal_is_headed_in_the_language_of_the_page(empty: None, chromium: Any) -> None:
    """Gradio's page knows one head, in English."""
    page, project = (desk := Review(chromium)).page, desk.project
    for language, button, head in (("de", "Ausprobieren", "Fehler"), ("en", "Try", "Error")):
        languages.choose(desk.actor, language)
        page.goto(site.page(project, "checkpoints"))
        settled(page)
        page.get_by_role("tab").nth(1).click()
        page.get_by_label("Prompt", exact=True).fill("")
        page.get_by_role("button", name=button, exact=True).click()
        expect(page.locator(".toast-body")).to_contain_text("The prompt is empty.")
        expect(page.locator(".toast-title")).to_have_text(head)
