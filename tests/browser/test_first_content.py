"""In Chromium: a page can be read and its links work before Gradio has started, whose own parts take their places."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from app.widgets import times
from backend.db import session, tables
from backend.services.access import Actor
from tests import rows
from tests.browser.desk import empty, sign_in
from tests.browser.settled import settled
from tests.integration import site
from tests.integration.reviewing import ACCEPT, Team
from tests.integration.test_pair_builder import judged
from tests.integration.test_round_report import Done
from tests.waiting import until

__all__ = ["empty"]
pytestmark = pytest.mark.browser

GRADIO = "**/assets/index-*.js"
ANSWERS = "**/gradio_api/queue/data*"
NO_PATIENCE = """const plain = setTimeout;
window.setTimeout = (act, ms, ...values) => (ms >= 60_000 ? 0 : plain(act, ms, ...values));"""
"""The first content then waits for its answers without an end."""
MOUNTED = 3500
"""Milliseconds after which Gradio's page, once it is there and can be used, is seen without its first answers."""
# Within the link that has the focus, which a selection elsewhere would take away.
SELECT = "(link) => getSelection().setBaseAndExtent(link.firstChild, 8, link.firstChild, 12)"
SELECTED = "document.querySelector('#round-opening').contains(getSelection().anchorNode) && `${getSelection()}`"


def test_the_head_of_a_round_is_read_before_gradio_starts_and_stays_in_its_place(empty: None, chromium: Any) -> None:
    done = Done()
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, done.actor)
    # A browser that was here before: times stand in what the server draws for it.
    context.add_cookies([{"name": times.COOKIE, "value": "UTC", "url": site.address()}])
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    page.route(GRADIO, hold)
    address = f"{site.page(done.project, 'round')}?round={done.round.id}"
    heading = page.get_by_role("heading", name="Round 1", exact=True)

    page.goto(address, wait_until="commit")
    expect(heading).to_be_visible()
    expect(page.locator("#rondo-first")).to_contain_text("Step 4: 8 rows of the type preference")
    expect(page.locator("html.first-stands")).to_be_attached()  # the script has run, so that a click is not too early
    page.locator("#rondo-first summary", has_text="generator: sample").click()
    link = page.locator("#rondo-first").get_by_role("link", name="Keep as JSON")
    link.focus()
    link.evaluate(SELECT)
    expect(link).to_be_focused()
    place = heading.bounding_box()
    assert place is not None
    assert page.locator("#round-opening").count() == 0, "Gradio has not started"
    with session() as db:  # what stands before the selection is longer by the time that Gradio draws it
        db.get_one(tables.Round, done.round.id).created_at -= timedelta(days=2)

    while held:
        held.pop().continue_()
    page.unroute(GRADIO)
    expect(page.locator("#round-opening h2")).to_be_visible()
    expect(page.locator("#round-judge section").first).to_be_visible()
    settled(page)
    assert page.locator("#rondo-first, [data-part], [data-first]").count() == 0, "it is removed, not hidden"
    expect(heading).to_have_count(1)
    now = heading.bounding_box()
    assert now is not None
    assert [round(now[name] - place[name]) for name in ("x", "y", "width", "height")] == [0, 0, 0, 0]
    expect(page.locator("#round-opening details", has_text="generator: sample")).to_have_attribute("open", "")
    expect(page.locator("#round-opening").get_by_role("link", name="Keep as JSON")).to_be_focused()
    assert page.evaluate(SELECTED) == "JSON"

    page.route(GRADIO, hold)
    page.goto(address, wait_until="commit")
    page.locator("#rondo-first").get_by_role("link", name="Training", exact=True).click()
    expect(page).to_have_url(f"{site.page(done.project, 'training')}?rounds={done.round.id}")
    while held:
        held.pop().abort()
    page.unroute(GRADIO)

    page.route("**/first.js", lambda route: route.abort())
    page.goto(address)
    expect(page.locator("#rondo-first h2")).to_be_visible()
    expect(page.locator("#round-judge section").first).to_be_visible()
    page.locator("#round-opening summary", has_text="generator: sample").click()
    expect(page.locator("#round-opening details", has_text="generator: sample")).to_have_attribute("open", "")
    page.unroute("**/first.js")

    # As long as the first answers do not come, Gradio's page is locked: what stands for it can be read and left.
    page.route(ANSWERS, lambda route: held.append(route))
    page.goto(address)
    expect(page.locator("#round-chosen input")).to_be_attached()
    page.wait_for_timeout(MOUNTED)
    page.locator("#rondo-first").get_by_role("link", name="Training", exact=True).click()
    expect(page).to_have_url(f"{site.page(done.project, 'training')}?rounds={done.round.id}")
    assert errors == []
    while held:
        held.pop().abort()
    context.close()


def test_a_list_is_read_before_gradio_starts_and_gives_way_to_its_table(empty: None, chromium: Any) -> None:
    done = Done()
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, done.actor)
    context.add_cookies([{"name": times.COOKIE, "value": "UTC", "url": site.address()}])
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    for path, table, number in (
        ("samples", "samples-table", done.samples[0].id),
        ("datasets", "datasets-table", done.dataset.id),
        ("prompts", "prompt-sets", done.prompts.id),
    ):
        page.route(GRADIO, hold)
        page.goto(site.page(done.project, path), wait_until="commit")
        cell = page.locator(f"#first-{table} td").get_by_text(str(number), exact=True).first
        expect(cell).to_be_visible()
        place = page.locator(f"#first-{table} td").first.bounding_box()
        assert page.locator("[role=gridcell]").count() == 0, "Gradio has not started"
        while held:
            held.pop().continue_()
        page.unroute(GRADIO)
        own = page.locator(f"#{table} [role=gridcell]")
        expect(own.get_by_text(str(number), exact=True).first).to_be_visible()
        settled(page)
        assert page.locator("#rondo-first, [data-part], [data-first]").count() == 0, path
        now = own.first.bounding_box()
        assert place is not None
        assert now is not None
        assert abs(now["y"] - place["y"]) < 64, f"{path}: the list moves when its own table comes"
        assert abs(now["x"] - place["x"]) < 24, path
    assert errors == []
    context.close()


def first_seen(chromium: Any, actor: Actor) -> Page:
    """A page of a browser that has told its zone."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, actor)
    context.add_cookies([{"name": times.COOKIE, "value": "UTC", "url": site.address()}])
    return context.new_page()


def test_where_one_answer_does_not_come_the_rest_of_the_page_can_be_used(empty: None, chromium: Any) -> None:
    done = Done()
    page, held = first_seen(chromium, done.actor), []
    page.goto(site.page(done.project, "samples"))
    settled(page)
    of_charts = page.evaluate(
        """() => {
          const id = (name) => gradio_config.components.find(({ props }) => props.elem_id === name).id;
          return gradio_config.dependencies.find(({ outputs, targets }) =>
            outputs.includes(id("samples-histogram")) && targets.some(([, name]) => name === "load")).id;
        }"""
    )

    def hold(route: Route) -> None:
        if route.request.post_data_json["fn_index"] == of_charts:
            held.append(route)
        else:
            route.continue_()

    page.route("**/gradio_api/queue/join*", hold)
    page.reload()
    expect(page.locator("#samples-table [role=gridcell]").first).to_be_visible()
    expect(page.locator("#samples-histogram [data-part] figure").first).to_be_visible()
    expect(page.locator("#rondo-first, #samples-table [data-part]")).to_have_count(0)
    page.locator("#samples-search :is(input, textarea)").fill("a b")
    page.keyboard.press("Enter")
    expect(page.locator("#samples-count")).to_have_text("10 samples")
    until(lambda: page.evaluate("1") and held, "asking for the charts")
    held.pop().continue_()
    expect(page.locator("#samples-histogram .html-container figure").first).to_be_visible()
    expect(page.locator("[data-part], [data-first]")).to_have_count(0)
    page.context.close()


def test_rows_that_are_gone_when_gradio_asks_for_them_do_not_stay(empty: None, chromium: Any) -> None:
    team, held = Team(prompts=1), []
    page = first_seen(chromium, team.curator)
    page.add_init_script(NO_PATIENCE)
    page.route(GRADIO, lambda route: held.append(route))
    page.goto(f"{site.page(team.project, 'samples')}?verdict=reject", wait_until="commit")
    expect(page.locator("#first-samples-table td").first).to_have_text(str(team.ids[1]))
    team.act("ann", team.ids[1], ACCEPT)
    while held:
        held.pop().continue_()
    page.unroute(GRADIO)
    expect(page.locator("#samples-count")).to_contain_text("No sample passes these filters.")
    expect(page.locator("[data-part], [data-first]")).to_have_count(0)
    page.context.close()


def test_of_two_clicks_in_a_row_one_is_sent_and_a_failure_takes_no_later_one(empty: None, chromium: Any) -> None:
    team, asked, failing = Team(), [], True
    page = first_seen(chromium, team.curator)
    page.goto(site.page(team.project, "team"))
    page.get_by_role("tab", name="Gold items").click()
    settled(page)
    button = page.evaluate("gradio_config.components.find(({ props }) => props.elem_id === 'gold-mark').id")

    def count(route: Route) -> None:
        if route.request.post_data_json["trigger_id"] != button:
            route.continue_()
            return
        asked.append(route.request)
        if failing:
            route.fulfill(status=503, json={"detail": "busy"})
        else:
            route.continue_()

    page.route("**/gradio_api/queue/join*", count)
    twice = "(one) => { one.click(); one.click(); }"
    page.locator("#gold-mark").evaluate(twice)
    expect(page.locator(".toast-body.error").first).to_be_visible()
    expect(page.locator("[inert]")).to_have_count(0)
    assert len(asked) == 1
    failing = False
    for number in (2, 3):
        page.locator("#gold-mark").evaluate(twice)
        expect(page.locator("#gold-problem [role=alert]")).to_contain_text("No sample is named")
        # From the second time on the words stand there already.
        until(lambda: page.evaluate("1") and len(asked) >= number, "asking")
        settled(page)
        assert len(asked) == number
    page.context.close()


@pytest.mark.parametrize("width", [1280, 400])
def test_what_knobs_come_to_is_read_before_gradio_starts(empty: None, chromium: Any, width: int) -> None:
    project, round_, _ = judged()
    context = chromium.new_context(viewport={"width": width, "height": 900})
    sign_in(context, rows.make_actor(project))
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    held: list[Any] = []
    page.route(GRADIO, lambda route: held.append(route))

    page.goto(f"{site.page(project, 'pairs')}?round={round_.id}&min_margin=1.5&category=level", wait_until="commit")
    early = page.locator("#rondo-first [data-part=pairs-result] .rows")
    expect(early).to_have_text("3 pairs of 3 prompts with 12 samples")
    expect(page.locator("#rondo-first .held")).to_have_text(
        [f"Round {round_.number}, {round_.status}", "1.5", "Drop", "0", "0", "1", "level", "0"]
    )
    place = early.bounding_box()
    assert page.locator("#pairs-margin").count() == 0, "Gradio has not started"
    while held:
        held.pop().continue_()
    page.unroute(GRADIO)
    own = page.locator("#pairs-result .rows")
    expect(own).to_have_text("3 pairs of 3 prompts with 12 samples")
    expect(page.locator("#pairs-margin input[type=number]")).to_have_value("1.5")
    settled(page)
    assert page.locator("#rondo-first, [data-part], [data-first]").count() == 0
    now = own.bounding_box()
    assert place is not None
    assert now is not None
    assert abs(now["y"] - place["y"]) < 64, "what the knobs come to moves when its own comes"
    assert abs(now["x"] - place["x"]) < 24
    assert errors == []
    context.close()
