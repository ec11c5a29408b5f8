"""The Samples page in Chromium: filters in the address, paging, one sample in full, bulk and its undo."""

import json
import re
from contextlib import suppress
from pathlib import Path

from playwright.sync_api import expect
from sqlalchemy import func, select

from backend.db import reading, tables
from backend.errors import TooManyAttempts
from backend.services.samples.export_slots import Slot
from tests.browser.test_review import HOSTILE, Review, empty
from tests.integration import site
from tests.waiting import until

__all__ = ["empty"]


def counts(page, text: str) -> None:
    """Waits until the page says so, before what it notes of a blind review."""
    expect(page.locator("#samples-count")).to_have_text(re.compile(rf"^\s*{text}(\s*$| · )"))


def open_samples(desk: Review, query: str = "") -> None:
    desk.page.goto(f"{site.address()}/samples?round={desk.round.id}{query}")
    desk.page.wait_for_selector("#samples-table [role=gridcell][data-row='0']")


def first_is(desk: Review, sample_id: int) -> None:
    """Waits until the table begins with this sample."""
    cell = desk.page.locator("#samples-table [role=gridcell][data-row='0'][data-col='0']")
    expect(cell).to_have_text(str(sample_id))


def test_filters_live_in_the_address_and_come_back_with_it(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=120)
    page = desk.page
    open_samples(desk)
    counts(page, "120 samples")
    page.locator("#samples-next").click()
    page.wait_for_function("new URL(location).searchParams.get('at')")
    first_is(desk, desk.ids[50])
    page.reload()
    page.wait_for_selector("#samples-table [role=gridcell][data-row='0']")
    first_is(desk, desk.ids[50])
    page.locator("#samples-search textarea, #samples-search input").fill('"answer 7"')
    page.keyboard.press("Enter")
    page.wait_for_function("(new URL(location).searchParams.get('text') || '').includes('answer 7')")
    page.wait_for_selector("#samples-count:has-text('1 sample')")
    first_is(desk, desk.ids[7])
    page.wait_for_function("CSS.highlights.get('samples-found')?.size === 1")
    text = "[...CSS.highlights.get('samples-found')].map((range) => range.startContainer.data.slice(range.startOffset, range.endOffset))"
    assert [words.lower() for words in page.evaluate(text)] == ["answer 7"]
    page.locator("#samples-table [role=gridcell][data-row='0'][data-col='0']").click()
    expect(page.locator("#sample-detail mark")).to_have_text(re.compile("answer 7", re.IGNORECASE))
    open_samples(desk, "&verdict=accept&sort=-id&at=nonsense")
    counts(page, "60 samples")
    first_is(desk, desk.ids[118])
    assert desk.errors == []


def test_a_chosen_sample_is_shown_in_full_and_interprets_nothing(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    desk.page.keyboard.press("x")
    desk.saved()
    open_samples(desk)
    desk.page.locator("#samples-table [role=gridcell][data-row='0'][data-col='0']").click()
    desk.page.wait_for_selector("#sample-detail .sample")
    expect(desk.page.locator("#sample-detail h2")).to_be_in_viewport()
    shown = desk.page.locator("#sample-detail").text_content() or ""
    for words in (HOSTILE, "Question 0", "Rejected by", desk.actor.name, "blind", "because", "human disagrees"):
        assert words in shown, words
    assert desk.page.evaluate("window.hacked") is None
    expect(desk.page).to_have_url(re.compile(f"sample={desk.ids[0]}"))
    desk.page.reload()
    desk.page.wait_for_selector("#sample-detail .sample")
    desk.page.locator("#sample-detail .other a").first.click()
    desk.page.wait_for_selector(f"#sample-detail h2:has-text('Sample {desk.ids[1]}')")


def test_bulk_counts_first_and_can_be_undone(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    page = desk.page
    open_samples(desk, "&verdict=accept")
    page.get_by_text("Accept or reject everything the filter finds").click()
    page.get_by_label("Reason").fill("not good enough")
    page.locator("#bulk-preview").click()
    expect(page.locator("#bulk-apply")).to_be_enabled()
    page.get_by_label("Accept", exact=True).check()
    expect(page.locator("#bulk-apply")).to_be_disabled()
    expect(page.locator("#bulk-said")).not_to_contain_text("samples")
    page.get_by_label("Reject", exact=True).check()
    page.locator("#bulk-preview").click()
    page.wait_for_selector("#bulk-said:has-text('Reject 20 samples: 20 change their verdict, 0 of them')")
    page.locator("#bulk-apply").click()
    page.wait_for_selector("#bulk-said:has-text('Done: 20 samples')")
    with reading() as db:
        person = select(func.count()).where(tables.Label.source == "person", tables.Label.verdict == "reject")
        assert db.scalar(person) == 20
    page.locator("#bulk-undo").click()
    page.wait_for_selector("#bulk-said:has-text('Undone: 20 decisions')")
    with reading() as db:
        assert db.scalar(person) == 0
    page.wait_for_selector("#samples-count:has-text('20 samples')")


def only_slot(desk: Review) -> Slot:
    """The person's one export; the one before ends some time after the browser has all of it."""
    slots: list[Slot] = []

    def take() -> bool:
        with suppress(TooManyAttempts):
            slots.append(Slot(desk.actor))
        return bool(slots)

    until(take, "the end of the export before")
    return slots[0]


def test_what_is_filtered_is_taken_along_and_a_refusal_is_said(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=12)
    page = desk.page
    open_samples(desk, "&verdict=accept")
    page.get_by_text("Take along what the filter finds").click()
    with page.expect_download() as taken:
        page.locator("#samples-export-start").click()
    lines = Path(taken.value.path()).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["verdict"] for line in lines] == ["accept"] * 6
    element = page.locator("#samples-export-status")
    expect(element).to_contain_text("6 samples are in samples-round-")
    slot = only_slot(desk)
    page.locator("#samples-export-start").click()
    expect(element.locator("[role=alert]")).to_contain_text("An export of yours is under way")
    slot.release()


def test_a_view_is_saved_chosen_again_and_deleted(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=12)
    page, name = desk.page, "Good <i>ones</i>"
    open_samples(desk, "&verdict=accept&sort=-id")
    counts(page, "6 samples")
    page.get_by_text("Keep these filters as a view").click()
    page.get_by_label("Name of the view").fill(name)
    page.locator("#samples-view-save").click()
    expect(page.locator("#samples-view-said")).to_have_text(f"{name} is kept.")
    expect(page).to_have_url(re.compile(rf"round={desk.round.id}&view=\d+$"))
    page.reload()
    counts(page, f"6 samples · view {name}")
    first_is(desk, desk.ids[10])
    page.get_by_role("button", name="Clear filters").click()
    counts(page, "12 samples")
    expect(page).to_have_url(re.compile(rf"round={desk.round.id}$"))
    page.locator("#samples-view input").click()
    page.get_by_role("option", name=name).click()
    counts(page, f"6 samples · view {name}")
    first_is(desk, desk.ids[10])
    page.get_by_text("Keep these filters as a view").click()
    expect(page.get_by_label("Name of the view")).to_have_value(name)
    page.locator("#samples-view-delete").click()
    expect(page.locator("#samples-view-said")).to_have_text(f"{name} is deleted.")
    expect(page).to_have_url(re.compile("verdict=accept&sort=-id|sort=-id&verdict=accept"))
    assert desk.errors == []


def test_groups_are_sorted_by_pass_rate_and_their_samples_open(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=60)
    page, groups = desk.page, desk.page.locator("#groups-list li")
    page.keyboard.press("x")
    desk.saved()
    open_samples(desk, "&min_score=1")
    page.get_by_role("link", name="Prompt by prompt").click()
    expect(page.locator("#groups-count")).to_contain_text("25 groups on this page")
    expect(page.locator("#groups-min_score input")).to_have_value("1")
    page.locator("#groups-next").click()
    expect(groups).to_have_count(5)
    page.locator("#groups-previous").click()
    expect(groups).to_have_count(25)
    page.locator("#groups-order input").click()
    page.get_by_role("option", name="Pass rate, lowest first").click()
    expect(page.locator("#groups-count")).to_contain_text("30 groups")
    page.wait_for_function("new URL(location).searchParams.get('order') === '+pass_rate'")
    expect(groups.first).to_contain_text("0 of 2 pass")
    page.reload()
    expect(groups.first).to_contain_text("0 of 2 pass")
    href = groups.first.locator("a").first.get_attribute("href") or ""
    groups.first.locator("a").first.click()
    expect(page.locator("#sample-detail h2")).to_have_text(re.compile(rf"Sample {href.rpartition('=')[2]}\b"))
    assert desk.errors == []
