"""The list of steps in the form of a round, in Chromium: begun from slots, added to, moved, named, bound, launched."""

import re
from collections.abc import Iterator
from threading import Event
from typing import Any

import gradio as gr
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from app.pages import new_round
from app.pages.new_round import recipe as recipe_form
from app.pages.new_round import steps
from app.pages.new_round.drawing import Drawing
from backend import recipes
from backend.db import reading, session, tables
from backend.services.recipes import steps_edit
from backend.values import Role
from tests import rows
from tests.browser.desk import empty, sign_in
from tests.browser.form import estimated, opened
from tests.integration import site
from tests.waiting import PATIENCE

__all__ = ["empty"]
pytestmark = pytest.mark.browser


@pytest.fixture
def page(empty: None, chromium: Any) -> Iterator[Page]:
    """The form of a new round in a project with prompts and two checkpoints that have weights."""
    project = rows.make_project()
    rows.make_prompt_set(project, prompts=20, answers=["7"] * 20)
    for name in ("base", "writer"):
        checkpoint = rows.make_checkpoint(project)
        with session() as db:
            row = db.get_one(tables.Checkpoint, checkpoint.id)
            row.name, row.engine = name, {"name": "transformers", "model": f"models/{name}"}
    context = chromium.new_context(viewport={"width": 1280, "height": 1000})
    sign_in(context, rows.make_actor(project, Role.curator))
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.goto(f"{site.address()}/new-round")
    estimated(opened)
    yield opened
    expect(opened.locator(".toast-body.error")).to_have_count(0)
    assert errors == []


def begins(page: Page, *heads: str) -> None:
    for number, head in enumerate(heads):
        expect(page.locator(f"#slot-steps-{number}")).to_contain_text(f"{number + 1}. {head}")


def shows(page: Page, *heads: str) -> None:
    begins(page, *heads)
    expect(page.locator(f"#slot-steps-{len(heads)}")).to_have_count(0)


def step(page: Page, number: int) -> Any:
    """An opened step."""
    locator = opened(page, f"#slot-steps-{number}")
    locator.get_by_role("button", name="Remove step").wait_for()
    return locator


def leaves_open(page: Page, *numbers: int) -> None:
    """Waits until these of the steps are open, and no other."""
    text = "[...document.querySelectorAll('[id^=slot-steps-] > button.open')].map((one) => one.parentElement.id)"
    heads = [f"slot-steps-{number}" for number in numbers]
    page.wait_for_function(f"(heads) => String({text}) === String(heads)", arg=heads)


def choose(page: Page, selector: str, words: str) -> None:
    field = page.locator(f"{selector} input")
    field.click()
    field.fill(words)
    page.get_by_role("option", name=words, exact=True).click()


def close_toasts(page: Page) -> None:
    """Close the errors that are still shown: each goes by itself after ten seconds."""
    page.locator(".toast-body.error .toast-close").evaluate_all("all => all.forEach((one) => one.click())")
    expect(page.locator(".toast-body.error")).to_have_count(0)


SLOTS = (
    "prompt source: prompt_set",
    "generator: sample",
    "judge: exact_match",
    "selector: above_threshold",
    "trainer: sft",
)


def begin(page: Page) -> None:
    """Choose a recipe of slots and write it as steps."""
    choose(page, "#recipe", recipes.get("rejection_sampling").title)
    expect(page.locator("#slot-selector")).to_contain_text("Selector")
    page.locator("#edit-steps").click()
    shows(page, *SLOTS)
    estimated(page)


def test_a_step_is_added_moved_up_and_removed(page: Page) -> None:
    begin(page)
    choose(page, "#add-step-0", "judge: majority_vote")
    page.locator("#add-step-button-0").click()
    shows(page, *SLOTS, "judge: majority_vote")
    called = page.locator("#new-round p.about")
    expect(called).to_contain_text(f"{recipes.get('rejection_sampling').title}, changed: majority_vote")
    opened(page, "#slot-steps-2")
    step(page, 5).get_by_role("button", name="Move up").click()
    shows(page, *SLOTS[:4], "judge: majority_vote", SLOTS[4])
    leaves_open(page, 2, 4)
    step(page, 4).get_by_role("button", name="Move up").click()
    shows(page, *SLOTS[:3], "judge: majority_vote", *SLOTS[3:])
    estimated(page)
    opened(page, "#slot-steps-4")
    page.locator("#slot-steps-2 > button").click()
    step(page, 3).get_by_role("button", name="Remove step").click()
    shows(page, *SLOTS)
    expect(called).not_to_contain_text("changed")
    leaves_open(page, 3)
    estimated(page)
    choose(page, "#recipe", recipes.get("star").title)
    expect(page.locator("#slot-steps-8")).to_contain_text("9. trainer")
    estimated(page)
    leaves_open(page)


def test_what_cannot_work_is_said_and_not_launched(page: Page) -> None:
    begin(page)
    step(page, 1).get_by_role("button", name="Remove step").click()
    shows(page, SLOTS[0], *SLOTS[2:])
    expect(page.locator("#estimate .problem")).to_contain_text("generator")
    expect(page.locator("#launch")).to_be_disabled()
    expect(page.locator("#preview-round")).to_be_disabled()
    choose(page, "#recipe", recipes.get("star").title)
    estimated(page)
    page.locator("#sample-sets .remove-all").click()
    expect(page.locator("#estimate .problem")).to_contain_text("No prompt set is chosen")
    expect(page.locator("#launch")).to_be_disabled()
    page.locator("#sample-sets input").click()
    page.get_by_role("option").first.click()
    estimated(page)
    page.locator("#sample-sets input").press("Backspace")
    expect(page.locator("#estimate .problem")).to_contain_text("No prompt set is chosen")


def test_a_step_acts_by_a_role_that_is_bound_and_launched(page: Page) -> None:
    begin(page)
    expect(page.locator("#slot-steps-1 input")).to_have_count(0)
    acting = step(page, 1).get_by_role("textbox", name=re.compile(r"^Role that acts \(by\)"))
    acting.fill("writer")
    acting.press("Tab")
    # The role's field comes with the next drawing of the form, such as after a move that changes nothing.
    step(page, 0).get_by_role("button", name="Move up").click()
    page.locator("#role-writer").wait_for()
    expect(page.locator("#estimate .problem")).to_contain_text("no checkpoint is bound to it")
    choose(page, "#role-writer", "writer")
    estimated(page)
    page.locator("#launch").click()
    page.wait_for_url(lambda url: "new-round" not in url)
    with reading() as db:
        row = db.scalars(select(tables.Round)).one()
        bound = dict(db.execute(select(tables.RoundRole.role, tables.RoundRole.checkpoint_id)).tuples().all())
        writer = db.scalar(select(tables.Checkpoint.id).where(tables.Checkpoint.name == "writer"))
    assert bound == {"writer": writer}
    assert row.recipe["steps"][1]["by"] == "writer"
    listed = steps_edit.as_steps(recipes.get("rejection_sampling").model_dump(mode="json"))
    parts = [[entry["part"] for entry in recipe["steps"]] for recipe in (row.recipe, listed)]
    assert parts[0] == parts[1], "most of the slots were never opened"


def test_a_recipe_is_taken_as_yaml_and_put_back_changed(page: Page) -> None:
    choose(page, "#recipe", recipes.get("star").title)
    begins(page, "prompt source: prompt_set", "generator: sample")
    opened(page, "#recipe-as-yaml")
    page.locator("#write-yaml").click()
    text = page.locator("#recipe-yaml textarea")
    expect(text).to_have_value(re.compile("name: star"))
    changed = text.input_value().replace("name: star", "name: star_again").replace("threshold: 1.0", "threshold: 0.75")
    text.fill("name: [")
    page.locator("#use-yaml").click()
    expect(page.locator("#estimate .problem")).to_contain_text("of the YAML cannot be read")
    text.fill(changed)
    choose(page, "#add-step-0", "judge: majority_vote")
    page.locator("#add-step-button-0").click()
    expect(page.locator("#slot-steps-9")).to_contain_text("10. judge: majority_vote")
    expect(text).to_have_value(changed)
    page.locator("#use-yaml").click()
    expect(page.locator("#slot-steps-9")).to_have_count(0)
    expect(opened(page, "#slot-steps-3").get_by_label("Threshold", exact=True)).to_have_value("0.75")
    estimated(page)
    page.locator("#launch").click()
    page.wait_for_url(lambda url: "new-round" not in url)
    with reading() as db:
        assert db.scalars(select(tables.Round)).one().recipe["name"] == "star_again"


def test_a_recipe_chosen_while_the_form_is_drawn_is_set_back_and_can_be_chosen_again(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw, is_chosen = recipe_form.draw, Event()

    def draw_late(*given: Any) -> None:
        assert is_chosen.wait(PATIENCE)
        draw(*given)

    chosen = page.locator("#recipe input").input_value()
    monkeypatch.setattr(new_round, "draw", draw_late)
    page.reload()
    choose(page, "#recipe", recipes.get("star").title)
    expect(page.locator("#slot-steps-8, #recipe-slots")).to_have_count(0)
    is_chosen.set()
    expect(page.locator(".toast-body.info")).to_contain_text("choose it again")
    expect(page.locator("#recipe input")).to_have_value(chosen)
    monkeypatch.undo()
    estimated(page)
    choose(page, "#recipe", recipes.get("star").title)
    expect(page.locator("#slot-steps-8")).to_contain_text("9. trainer")


def test_a_form_whose_first_reading_fails_can_be_read_again(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    read, fails = Drawing.read, iter([True])

    def fail_once(self: Drawing, request: gr.Request, now: dict[str, Any], *values: Any) -> list[Any]:
        if next(fails, False):
            raise RuntimeError("asked for by the test")
        return read(self, request, now, *values)

    monkeypatch.setattr(Drawing, "read", fail_once)
    # As the page opens nothing is read, where its fields hold what the server filled in.
    choose(page, "#recipe", recipes.get("star").title)
    expect(page.locator("#estimate .problem")).to_contain_text("Change a field")
    expect(page.locator("#launch")).to_be_enabled()
    close_toasts(page)
    page.locator("#num-prompts input").fill("7")
    estimated(page)
    expect(page.locator("#preview-round")).to_be_enabled()


def test_a_recipe_that_cannot_be_drawn_is_said_and_another_can_be_chosen(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = steps.draw_roles

    def fail_for_star(drawn: dict[str, Any], folds: Any) -> Any:
        if drawn["recipe"]["name"] == "star":
            raise RuntimeError("asked for by the test")
        return draw(drawn, folds)

    monkeypatch.setattr(steps, "draw_roles", fail_for_star)
    choose(page, "#recipe", recipes.get("star").title)
    expect(page.locator("#recipe-slots")).to_contain_text("cannot be shown. Something went wrong here")
    expect(page.locator("#estimate .problem")).to_contain_text("Choose another recipe")
    expect(page.locator("#launch")).to_be_disabled()
    choose(page, "#recipe", recipes.get("rejection_sampling").title)
    expect(page.locator("#slot-selector")).to_contain_text("Selector")
    estimated(page)
