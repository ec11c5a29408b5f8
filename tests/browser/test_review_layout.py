"""Where things stand on the review desk: what has to stay in its place, and in sight."""

import pytest
from playwright.sync_api import expect

from backend.values import RoundStatus
from tests import rows
from tests.browser.desk import Review, empty
from tests.browser.settled import fits, settled

__all__ = ["empty"]
pytestmark = pytest.mark.browser
# In whole pixels: what sticks to the window's edge is put on one.
TOPS = """['.desk', '.actions'].map((one) =>
    Math.round(document.querySelector(`#review-desk ${one}`).getBoundingClientRect().top))"""


@pytest.mark.parametrize("width", [1280, 400])
def test_header_and_buttons_keep_their_place(empty: None, chromium: object, width: int) -> None:
    texts = ["short", "not long", "a long one\n\n" * 200, "short again"]
    desk = Review(chromium, number=4, texts=texts, width=width)
    settled(desk.page)
    tops = [desk.page.evaluate(TOPS)]
    progress, box = desk.page.locator("#review-desk .progress"), desk.page.get_by_label("Edited text")
    for decided in (1, 2):
        desk.press("a")
        expect(progress).to_contain_text(f"{decided} of 4 samples decided")
        tops.append(desk.page.evaluate(TOPS))
    desk.press("e")
    # The page grows with the text to edit, some time after the key.
    expect(box).to_be_focused()
    settled(desk.page)
    tops.append(desk.page.evaluate(TOPS))
    assert tops == tops[:1] * 4
    desk.page.evaluate("scrollTo(0, 1e6)")
    below, last = (desk.page.locator(f"#review-desk {one}").bounding_box() for one in (".below", "aside"))
    assert below["y"] + below["height"] <= 861
    assert last["y"] + last["height"] <= below["y"]


def test_columns_wrap_where_there_is_no_room_beside(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=16, n=8, review={"mode": "group"})
    settled(desk.page)
    boxes = [one.bounding_box() for one in desk.page.locator("#review-desk .column").all()]
    edge = desk.page.locator("#review-desk aside").bounding_box()["x"]
    assert all(box["x"] + box["width"] <= edge and box["width"] >= 240 for box in boxes)
    assert len({box["y"] for box in boxes}) > 1


def test_the_two_ways_out_of_the_closing_window_are_apart(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    desk.page.get_by_role("button", name="Close review…").click()
    expect(desk.page.get_by_role("button", name="Not yet")).to_be_focused()
    settled(desk.page)
    yes, no = (desk.page.get_by_role("button", name=name).bounding_box() for name in ("Close the review", "Not yet"))
    assert no["x"] >= yes["x"] + yes["width"] + 6
    item, box = (desk.page.locator(f"dialog.closing {one}").first.bounding_box() for one in ("li", "h2"))
    assert item["x"] >= box["x"] + 14
    desk.press("Enter")
    expect(desk.page.locator("dialog.closing")).to_be_hidden()
    expect(desk.page.locator("#review-desk .actions")).to_be_visible()


@pytest.mark.parametrize("mode", ["sample", "group"])
def test_a_closed_review_shows_the_ways_on_and_nothing_to_decide(empty: None, chromium: object, mode: str) -> None:
    desk = Review(chromium, number=12, n=3, review={"mode": mode})
    desk.page.get_by_role("button", name="Close review…").click()
    desk.page.get_by_role("button", name="Close the review").click()
    desk.page.wait_for_selector("#review-desk .message a:text('See Jobs')")
    links = desk.page.locator("#review-desk .rondo-empty a")
    expect(links).to_have_count(2)
    assert [one.get_attribute("href") for one in links.all()] == ["./", "jobs"]
    expect(desk.page.locator("#review-desk .answer :is(.markdown, .column)")).to_have_count(0)
    expect(desk.page.locator("#review-desk .actions")).to_be_hidden()
    expect(desk.page.get_by_role("button", name="Close review…")).to_be_hidden()
    desk.press("k", "j")
    expect(desk.page.locator("#review-desk .answer :is(.markdown, .column)")).to_have_count(0)
    assert desk.errors == []


def test_the_order_can_be_read_on_a_phone_beside_rounds_of_long_names(empty: None, chromium: object) -> None:
    desk = Review(chromium, width=400)
    rows.make_round(desk.project, status=RoundStatus.done)
    desk.page.reload()
    desk.page.wait_for_selector("#review-desk option:text('(not in review)')", state="attached")
    fits(desk.page)
    order = desk.page.get_by_label("Order").bounding_box()
    assert order["width"] >= 100
