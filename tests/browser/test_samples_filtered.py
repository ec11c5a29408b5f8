"""The Samples page in Chromium: bars of histograms and values of metadata filter the list, by a click or by keys."""

import re

from playwright.sync_api import expect
from sqlalchemy import select

from backend.db import reading, session, tables
from backend.values import SetUse
from tests import rows
from tests.browser.settled import fits
from tests.browser.test_review import HOSTILE, Review, empty
from tests.browser.test_samples import counts, first_is, open_samples

__all__ = ["empty"]


def with_metadata(desk: Review) -> None:
    """Give the prompts of the round two values of a topic, and as many levels as there are prompts."""
    with session() as db:
        prompts = db.scalars(select(tables.Prompt).order_by(tables.Prompt.id)).all()
        for number, prompt in enumerate(prompts):
            prompt.extra = {"topic": "sums" if number % 4 else HOSTILE.replace(";", ""), "level": number}
        set_id = prompts[0].prompt_set_id
        db.add(tables.RoundPromptSet(round_id=desk.round.id, prompt_set_id=set_id, use=SetUse.sample))


def test_bars_and_metadata_filter_and_another_click_clears(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    page = desk.page
    with_metadata(desk)
    open_samples(desk, "&sort=-score&then=-id")
    counts(page, "40 samples")
    first_is(desk, desk.ids[38])
    bars = page.locator("#samples-histogram [data-of=score] .bar:enabled")
    expect(bars).to_have_count(2)
    bars.first.click()
    counts(page, "20 samples")
    expect(bars.first).to_have_attribute("aria-pressed", "true")
    expect(page).to_have_url(re.compile("min_score=1.0&max_score=1.0"))
    bars.first.focus()
    page.keyboard.press("ArrowRight")
    expect(bars.last).to_be_focused()
    page.keyboard.press("Enter")
    first_is(desk, desk.ids[38])
    expect(bars.last).to_have_attribute("aria-pressed", "true")
    expect(bars.first).to_have_attribute("aria-pressed", "false")
    bars.last.click()
    counts(page, "40 samples")
    page.locator("#samples-facets-part > button").click()
    topics = page.locator("#samples-facets [data-key=topic] .choice")
    expect(topics).to_have_count(2)
    expect(topics.last).to_contain_text("<img src=x")
    topics.first.click()
    counts(page, "30 samples")
    expect(topics.first).to_have_attribute("aria-pressed", "true")
    levels = page.locator("#samples-facets [data-key=level] .bar:enabled")
    levels.last.click()
    counts(page, "2 samples")
    page.set_viewport_size({"width": 400, "height": 800})
    fits(page)
    page.reload()
    counts(page, "2 samples")
    typed, count = page.get_by_label("Metadata", exact=True), page.locator("#samples-count")
    typed.fill("level>=many")
    typed.press("Enter")
    expect(count).to_contain_text("The list is still by the filters before.")
    fits(page)
    typed.fill("nokey=1")
    typed.blur()
    counts(page, "No sample passes these filters. No prompt or sample of this round has the key nokey.")
    expect(page).to_have_url(re.compile("nokey"))
    order = page.get_by_label("Sort", exact=True)
    page.goto(re.sub(r"\?.*", f"?round={desk.round.id}&similar=99999", page.url))
    expect(count.get_by_role("alert")).to_contain_text("Similar to sample: there is no sample 99999 in this project.")
    expect(order).to_have_value("Similarity, closest first")
    expect(page.locator("#samples-histogram")).to_be_hidden()
    fits(page)
    page.locator("#samples-clear").click()
    counts(page, "40 samples")
    expect(order).to_have_value("Number, oldest first")
    expect(page.locator("#samples-histogram")).to_be_visible()
    assert page.evaluate("window.hacked") is None
    assert desk.errors == []


def test_a_sample_is_tagged_and_found_by_tags_and_by_who_decided(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    page = desk.page
    with reading() as db:
        rows.make_decision(db.get_one(tables.Sample, desk.ids[3]), desk.actor)
    open_samples(desk)
    page.locator("#samples-table [role=gridcell][data-row='0'][data-col='0']").click()
    page.locator("#sample-detail .sample").wait_for()
    page.locator("#samples-tagging > button").click()
    page.locator("#samples-tags").get_by_role("textbox").fill("Hard, odd")
    page.keyboard.press("Enter")
    expect(page.locator("#samples-tags-said")).to_have_text("1 sample changed.")
    expect(page.locator("#sample-detail")).to_contain_text("#hard")
    expect(page.locator("#samples-table [role=gridcell][data-row='0']", has_text="#hard")).to_be_visible()
    page.set_viewport_size({"width": 400, "height": 800})
    fits(page)
    page.locator("#samples-more > button").click()
    tag = page.locator("#samples-tag").get_by_role("textbox")
    tag.fill("hard")
    tag.press("Enter")
    counts(page, "1 sample")
    expect(page).to_have_url(re.compile("tag=hard"))
    fits(page)
    open_samples(desk, f"&reviewer={desk.actor.user_id}&human_verdict=accept")
    counts(page, "1 sample")
    first_is(desk, desk.ids[3])
    expect(page.get_by_label("Decided by", exact=True)).to_have_value(desk.actor.name)
    open_samples(desk, "&decided=nobody")
    counts(page, "39 samples")
    assert desk.errors == []
