"""In Chromium: every page in German, each of its tabs and folds, says nothing in English and fits a phone."""

import os
import re
from pathlib import Path
from typing import Any

import pytest

from app.form_values import help_text
from app.pages import PAGES
from backend.services.people import accounts, languages
from backend.services.recipes import parts
from backend.values import RoundStatus, Stage
from tests import rows
from tests.browser.desk import empty, sign_in
from tests.browser.filled import fill
from tests.browser.settled import settled
from tests.integration import site

__all__ = ["empty"]
pytestmark = pytest.mark.browser

ENGLISH = re.compile(
    r"\b(the|of|and|with|from|not|yet|is|are|this|that|by|to|for|it|were|which|who|your|you|nobody|nothing|each|one|"
    r"their|they|its|has|have|only|more|left|here|where|choose|round|rounds|question|reviewer|answers|"
    r"rows|none|others?|people|cancel|delete|save|open|close|name|search|show|next|previous|never|ago)\b",
    re.IGNORECASE,
)
"""Words that German texts of these pages do not have."""
WORDS = """() => {
  const seen = new Set();
  const shows = (element) => element.checkVisibility({ checkVisibilityCSS: true });
  for (const element of document.querySelectorAll("#rondo-main ~ *, #rondo-main, .rondo-header, body > *")) {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const parent = walker.currentNode.parentElement;
      if (parent.closest("script, style, code, template, pre, .plotly, .cm-editor, [lang=en]") || !shows(parent)) continue;
      seen.add(walker.currentNode.textContent.replace(/\\s+/g, " ").trim());
    }
    for (const named of element.querySelectorAll("[placeholder], [aria-label], [title]")) {
      if (!shows(named) || named.closest(".plotly, .cm-editor, [lang=en]")) continue;
      for (const name of ["placeholder", "aria-label", "title"]) seen.add((named.getAttribute(name) || "").trim());
    }
  }
  return [...seen].filter(Boolean);
}"""
CUT = """() => [...document.querySelectorAll("button, [role=tab], label > span, .rondo-badge, summary, th, h1, h2, h3")]
  .filter((one) => one.checkVisibility({ checkVisibilityCSS: true }) && one.clientWidth && !one.closest(".plotly"))
  .filter((one) => one.scrollWidth > one.clientWidth + 2 && getComputedStyle(one).overflowX !== "auto")
  .filter((one) => getComputedStyle(one).display !== "inline")
  .map((one) => one.innerText.replace(/\\s+/g, " ").slice(0, 60)).filter(Boolean)"""
TEXTS = ["Äpfel 1", "Birnen 2", "Kirschen 3", "Quitten 4"]


def of_parts() -> set[str]:
    """What parts call their knobs and say of themselves, which is English everywhere."""
    knobs = [knob for kind in parts.describe().values() for part in kind.values() for knob in part]
    knobs += parts.review_knobs()
    return {text for knob in knobs for text in (knob.label, help_text(knob), *map(str, knob.choices))}


def test_no_page_says_anything_in_english_to_who_reads_german(empty: None, chromium: Any) -> None:
    project = rows.make_project("Summen")
    prompts = rows.make_prompt_set(project, "Obst", prompts=TEXTS)
    review = {"status": RoundStatus.review, "stage": Stage.review, "is_reviewed": True}
    round_ = rows.make_round(project, **review)
    rows.make_judgments(rows.make_samples(round_, prompts, n=2, texts=TEXTS * 2, scores=[1.0, 0.0]))
    asked = fill(round_, TEXTS)
    owner = accounts.local_owner(via="page")
    languages.choose(owner, "de")
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="de-DE")
    sign_in(context, owner)
    page = context.new_page()
    english: dict[str, list[str]] = {}
    unfit: dict[str, list[str]] = {}
    known = of_parts()
    for path in (entry.PATH for entry in PAGES):
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(f"{site.page(project, path)}{asked.get(path, '')}")
        settled(page)
        said = set(page.evaluate(WORDS))
        unfold(page)
        said |= set(page.evaluate(WORDS))
        for n in range(page.get_by_role("tab").count()):
            tab = page.get_by_role("tab").nth(n)
            if tab.is_visible():
                tab.click()
                settled(page)
                unfold(page)
                said |= set(page.evaluate(WORDS))
        english[path] = sorted(text for text in said - known if ENGLISH.search(text))
        for width in (1280, 400):
            page.set_viewport_size({"width": width, "height": 900})
            settled(page)
            if folder := os.environ.get("RONDO_PICTURES"):
                page.screenshot(path=str(Path(folder) / f"{path or 'overview'}-{width}.png"), full_page=True)
            wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
            unfit[f"{path} {width}"] = [*(["the page"] if wide else []), *page.evaluate(CUT)]
    assert {path: texts for path, texts in english.items() if texts} == {}
    assert {path: texts for path, texts in unfit.items() if texts} == {}


def unfold(page: Any) -> None:
    """Open what is folded on the page."""
    page.locator("#rondo-main ~ * details:not([open])").evaluate_all(
        "all => all.forEach((one) => { one.open = true; })"
    )
    folds = page.locator("button.label-wrap:not(.open)")
    for n in reversed(range(folds.count())):
        if folds.nth(n).is_visible():
            folds.nth(n).click()
    settled(page)
