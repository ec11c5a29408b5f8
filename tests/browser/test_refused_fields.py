"""The fields that a form is refused for, in Chromium: marked and described until they are changed."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from backend.services.queue import shares
from backend.values import Role
from tests import rows
from tests.browser.desk import empty, sign_in
from tests.browser.form import opened
from tests.browser.settled import settled
from tests.browser.test_team import Team, team
from tests.integration import site

__all__ = ["empty", "team"]
pytestmark = pytest.mark.browser
MARKED = (
    """() => [...document.querySelectorAll("[aria-invalid=true]")].map((input) => input.closest(".block[id]").id)"""
)
TYPED = """(field, text) => {
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  return field.getAttribute("aria-invalid");
}"""
"""Types into a field and returns how it is marked then, before anything could be answered."""
BAD = "getComputedStyle(document.documentElement).getPropertyValue('--rondo-bad').trim()"


@pytest.fixture
def form(empty: None, chromium: Any) -> Iterator[Page]:
    """The form of a new round, drawn; a curator's browser."""
    project = rows.make_project()
    rows.make_checkpoint(project)
    rows.make_prompt_set(project, prompts=10)
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, rows.make_actor(project, Role.curator))
    page = context.new_page()
    page.goto(site.page(project, "new-round"))
    page.locator("#recipe-slots button").first.wait_for()
    settled(page)  # some ask whether a prompt set is chosen
    yield page
    context.close()


def marked(page: Page) -> list[str]:
    """The ids of the marked fields, each once, as they stand on the page."""
    return list(dict.fromkeys(page.evaluate(MARKED)))


def test_fields_of_the_team_are_marked_until_they_are_changed(team: Team) -> None:
    page = team.page
    team.open()
    team.tab("Review settings")
    page.wait_for_function("!document.querySelector('#review-save').disabled")
    number = page.locator("#review-setting-num_reviewers_per_item input")
    number.fill("99")
    page.locator("#review-save").click()
    expect(number).to_have_attribute("aria-invalid", "true")
    expect(number).to_have_accessible_description(re.compile("num_reviewers_per_item is wrong"))
    number.focus()
    number.blur()
    assert marked(page) == ["review-setting-num_reviewers_per_item"]
    number.fill("2")
    assert marked(page) == []
    expect(page.locator("#review-problem [role=alert]")).to_be_visible()
    team.tab("Gold items")
    samples = page.locator("#gold-samples textarea, #gold-samples input")
    page.locator("#gold-mark").click()
    expect(samples).to_have_accessible_description(re.compile("No sample is named"))
    team.tab("Shares")
    share = page.locator("#shares-share input")
    page.locator("#shares-ask").click()
    people = page.locator("#shares-people input")
    expect(people).to_have_attribute("aria-invalid", "true")
    box = page.locator("#shares-people .wrap:has(> .wrap-inner)")
    red = page.evaluate(
        "() => { const a = document.createElement('i'); a.style.color = 'var(--rondo-bad)';"
        "document.body.append(a); const c = getComputedStyle(a).color; a.remove(); return c; }"
    )
    expect(box).to_have_css("border-top-color", red)
    people.click()
    page.get_by_role("option").first.click()
    expect(people).not_to_have_attribute("aria-invalid", "true")
    page.keyboard.press("Escape")
    page.locator("#shares-ask").click()
    expect(share).to_have_accessible_description(re.compile("Neither a share nor a quota"))
    share.fill("200")
    page.locator("#shares-ask").click()
    expect(share).to_have_accessible_description(re.compile("A share of 200% is none"))
    share.fill("20")
    page.locator("#shares-ask").click()
    expect(page.locator("#shares-problem [role=alert]")).to_have_count(0)
    expect(share).not_to_have_attribute("aria-invalid", "true")
    team.tab("Questions")
    page.locator("#question-save").click()
    expect(page.locator("#question-title").locator("textarea, input")).to_have_attribute("aria-invalid", "true")
    assert "question-title" in marked(page)


def test_a_field_that_is_refused_once_more_in_the_same_words_is_marked_again(team: Team) -> None:
    page = team.page
    team.open()
    team.tab("Gold items")
    samples = page.locator("#gold-samples textarea, #gold-samples input")
    for wrong in ("", "  ", " "):
        assert samples.evaluate(TYPED, wrong) is None
        page.locator("#gold-mark").click()
        expect(samples).to_have_attribute("aria-invalid", "true")
        expect(samples).to_have_accessible_description(re.compile("No sample is named"))


def test_a_field_that_is_changed_while_the_answer_is_under_way_is_not_marked(team: Team) -> None:
    page = team.page
    team.open()
    team.tab("Shares")
    page.locator("#shares-people input").click()
    page.get_by_role("option", name="Ada").click()
    page.keyboard.press("Escape")
    share, refused = page.locator("#shares-share input"), page.locator("#shares-problem [role=alert]")
    button = page.evaluate("gradio_config.components.find(({ props }) => props.elem_id === 'shares-ask').id")
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.post_data_json["trigger_id"] == button:
            held.append(route)
        else:
            route.continue_()

    page.route("**/gradio_api/queue/join**", hold)
    page.locator("#shares-ask").click()
    while not held:
        page.wait_for_timeout(10)
    share.fill("200")
    held.pop().continue_()
    expect(refused).to_contain_text("Neither a share nor a quota")
    settled(page)
    expect(share).to_have_value("200")
    assert marked(page) == []
    page.unroute("**/gradio_api/queue/join**")
    page.locator("#shares-ask").click()
    expect(share).to_have_accessible_description(re.compile("A share of 200% is none"))


def test_a_field_that_is_changed_before_what_it_held_is_sent_is_not_marked(team: Team) -> None:
    page = team.page
    team.open()
    team.tab("Gold items")
    samples = page.locator("#gold-samples textarea, #gold-samples input")
    button = page.evaluate("gradio_config.components.find(({ props }) => props.elem_id === 'gold-mark').id")
    samples.evaluate(
        """(field, button) => {
          const plain = window.fetch;
          window.fetch = (what, how) => {
            if (typeof how?.body === "string" && JSON.parse(how.body).trigger_id === button) {
              window.fetch = plain;
              field.value = "1";
              field.dispatchEvent(new Event("input", { bubbles: true }));
            }
            return plain(what, how);
          };
        }""",
        button,
    )
    page.locator("#gold-mark").click()
    expect(page.locator("#gold-problem [role=alert]")).to_contain_text("No sample is named")
    settled(page)
    expect(samples).to_have_value("1")
    assert marked(page) == []


def test_a_list_is_unmarked_where_a_choice_is_removed_by_the_keyboard(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "MAX_PEOPLE", 1)
    page = team.page
    team.open()
    team.tab("Shares")
    people = page.locator("#shares-people input")
    people.click()
    for name in ("Ada", "Ben"):
        page.get_by_role("option", name=name).click()
    page.keyboard.press("Escape")
    page.locator("#shares-share input").fill("20")
    page.locator("#shares-ask").click()
    expect(people).to_have_accessible_description(re.compile("Name 1 to 1 people"))
    page.locator("#shares-people .token-remove").first.focus()
    page.keyboard.press("Enter")
    assert marked(page) == []
    expect(page.locator("#shares-people .token")).to_have_count(1)


def test_a_list_is_unmarked_by_a_choice_and_not_by_looking_for_one(form: Page) -> None:
    sets = form.locator("#sample-sets")
    if sets.locator(".remove-all").count():
        sets.locator(".remove-all").click()
    field = sets.locator("input")
    expect(field).to_have_accessible_description(re.compile("No prompt set is chosen"))
    field.click()
    form.keyboard.type("zzz")
    assert marked(form) == ["sample-sets"]
    form.keyboard.press("Enter")
    assert marked(form) == ["sample-sets"]
    form.keyboard.press("Escape")
    form.keyboard.press("Tab")
    settled(form)
    assert marked(form) == ["sample-sets"]
    field.fill("")
    form.keyboard.press("Backspace")
    assert marked(form) == ["sample-sets"], "there was nothing to take away"
    form.keyboard.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", re.compile("."))
    form.keyboard.press("Enter")
    assert marked(form) == []


def test_a_number_that_is_wrong_once_more_is_marked_again(form: Page) -> None:
    number = form.locator("#num-prompts input")
    for wrong in ("0", "-1"):
        assert number.evaluate(TYPED, wrong) is None
        expect(number).to_have_attribute("aria-invalid", "true")
        expect(number).to_have_accessible_description(re.compile("Number of prompts: must be"))


def test_refused_fields_of_a_new_round_are_marked_and_those_that_are_folded_when_they_are_opened(form: Page) -> None:
    page = form
    sets, number = page.locator("#sample-sets"), page.locator("#num-prompts input")
    number.fill("0")
    expect(number).to_have_attribute("aria-invalid", "true")
    expect(number).to_have_accessible_description(re.compile("Number of prompts: must be"))
    number.blur()
    expect(number).to_have_attribute("aria-invalid", "true")
    number.fill("5")
    expect(number).not_to_have_attribute("aria-invalid", "true")
    if sets.locator(".remove-all").count():
        sets.locator(".remove-all").click()
    expect(sets.locator("input")).to_have_accessible_description(re.compile("No prompt set is chosen"))
    sets.locator("input").click()
    page.get_by_role("option").first.click()
    page.keyboard.press("Escape")
    expect(sets.locator("input")).not_to_have_attribute("aria-invalid", "true")
    opened(page, "#slot-generator")
    knob = page.locator("#slot-generator").get_by_label("Top-p").first
    knob.fill("7")
    expect(knob).to_have_attribute("aria-invalid", "true")
    expect(knob).to_have_accessible_description(re.compile("must be at most 1"))
    knob.fill("1")
    expect(knob).not_to_have_attribute("aria-invalid", "true")
    fold = opened(page, "#save-recipe")
    fold.locator("#recipe-title").locator("textarea, input").fill("  ")
    page.locator("#save-recipe-button").click()
    expect(page.locator("#recipe-title").locator("textarea, input")).to_have_attribute("aria-invalid", "true")


def test_an_endpoint_and_a_project_s_name_are_marked_where_they_are_wrong(empty: None, chromium: Any) -> None:
    project = rows.make_project()
    rows.make_checkpoint(project)
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, rows.make_actor(project, Role.admin, is_owner=True))
    page = context.new_page()
    page.goto(site.page(project, "checkpoints"))
    page.get_by_role("tab", name="Register").click()
    page.get_by_role("tab", name="OpenAI-compatible endpoint").click()
    page.locator("#register-name").locator("textarea, input").fill("served")
    page.locator("#register-at-once input").fill("1.5")
    page.locator("#register-endpoint").click()
    at_once = page.locator("#register-at-once input")
    expect(at_once).to_have_accessible_description(re.compile("concurrency: must be a whole number"))
    at_once.fill("4")
    page.locator("#register-endpoint").click()
    model = page.locator("#register-model").locator("textarea, input")
    expect(model).to_have_accessible_description(re.compile("The model's name is empty"))
    assert marked(page) == ["register-model"]
    page.goto(f"{site.address()}/projects")
    row = page.locator("tr", has_text=project.name)
    row.locator("summary").click()
    name = row.locator("input[name=name]")
    name.fill("\u200b")
    row.get_by_role("button", name="Rename").click()
    name = page.locator("input[name=name][maxlength='120']").first
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(name).to_have_accessible_description(re.compile("project's name"))
    name.fill("Other")
    expect(name).not_to_have_attribute("aria-invalid", "true")
    expect(name).to_have_accessible_description("")
    context.close()
