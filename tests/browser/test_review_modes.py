"""Every mode of the review desk in Chromium, by keys, by mouse and on a phone."""

import pytest
from playwright.sync_api import expect

from backend.db import reading, session, tables
from backend.values import DecisionKind, Verdict
from tests.browser.desk import Review, empty
from tests.browser.settled import fits
from tests.integration import site

__all__ = ["empty"]
pytestmark = pytest.mark.browser
K = DecisionKind
GROUP, PAIR, JUDGMENT = ({"mode": mode} for mode in ("group", "pair", "judgment"))
COLUMN = "#review-desk .column"
GERMAN_7 = """document.body.dispatchEvent(
    new KeyboardEvent("keydown", { key: "/", code: "Digit7", shiftKey: true, bubbles: true }))"""


def values(desk: Review) -> list[tuple[DecisionKind, int, dict]]:
    return [(row.kind, row.sample_id, row.value) for row in desk.written()]


def verdicts(*sample_ids: int) -> list[Verdict | None]:
    with reading() as db:
        return [db.get_one(tables.Label, n).verdict for n in sample_ids]


def columns(desk: Review) -> list[int]:
    """The samples on screen, from left to right."""
    return [int(n) for n in desk.page.locator(COLUMN).evaluate_all("all => all.map((one) => one.dataset.sample)")]


def columns_are(desk: Review, ids: list[int]) -> None:
    """Waits until the samples are on screen in this order."""
    desk.page.wait_for_function(
        "(ids) => Array.from(document.querySelectorAll('#review-desk .column'), (one) => one.dataset.sample).join() === ids",
        arg=",".join(map(str, ids)),
    )


def test_a_group_is_decided_by_digits_and_enter(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=24, n=4, review=GROUP)
    first, second, third, fourth = (desk.ids[i : i + 4] for i in range(0, 16, 4))
    columns_are(desk, first)
    desk.press("2", "Shift+4")
    desk.sees(".mine", "best 2, worst 4")
    assert desk.decisions() == []
    desk.press("Enter")
    columns_are(desk, second)
    desk.press("=")
    desk.press("0")
    desk.press("g", "3", "1", "4", "Enter")
    desk.saved()
    assert values(desk) == [
        (K.prefer, first[0], {"best": first[1], "worst": first[3]}),
        (K.prefer, second[0], {"tie": second}),
        (K.prefer, third[0], {"all_bad": third}),
        (K.rank, fourth[0], {"order": [fourth[2], fourth[0], fourth[3], fourth[1]]}),
    ]
    assert {row.mode for row in desk.written()} == {"group"}
    assert verdicts(first[1], first[3], *third) == [Verdict.accept, *[Verdict.reject] * 5]
    assert desk.errors == []


def test_a_choice_in_a_group_is_changed_and_undone_before_and_after(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=12, n=3, review=GROUP)
    desk.press("1", "2", "Shift+2", "Shift+3", "3")
    desk.sees(".mine", "best 3.")
    desk.press("3", "Shift+1", "Enter")
    desk.sees(".mine", "Choose the best one too")
    desk.press("8", "2", "Enter", "u")
    columns_are(desk, desk.ids[:3])
    desk.press("Enter")
    columns_are(desk, desk.ids[3:6])
    desk.saved()
    assert values(desk)[0] == (K.prefer, desk.ids[0], {"best": desk.ids[1], "worst": desk.ids[0]})
    assert [kind for kind, _ in desk.decisions()] == [K.prefer, K.retract]


def test_a_group_is_decided_by_mouse_and_by_dragging(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=12, n=3, review=GROUP, width=1400)
    page = desk.page
    page.locator(COLUMN).nth(1).get_by_role("button", name="Best").click()
    page.locator(COLUMN).nth(0).get_by_role("button", name="Worst").click()
    page.get_by_role("toolbar").get_by_role("button", name="Submit").click()
    page.get_by_role("toolbar").get_by_role("button", name="Rank").click()
    for n in (0, 1, 2):
        page.locator(COLUMN).nth(n).get_by_role("button", name="Next rank").click()
    page.locator(COLUMN).nth(2).locator(".handle").drag_to(page.locator(COLUMN).nth(0))
    desk.sees(".mine", "3, 1, 2")
    page.get_by_role("button", name="Better: 2").click()
    page.get_by_role("toolbar").get_by_role("button", name="Submit").click()
    desk.saved()
    ids = desk.ids
    assert values(desk) == [
        (K.prefer, ids[0], {"best": ids[1], "worst": ids[0]}),
        (K.rank, ids[3], {"order": [ids[5], ids[4], ids[3]]}),
    ]


def test_a_group_on_a_phone_stands_below_each_other(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=16, n=8, review=GROUP, width=400)
    fits(desk.page)
    below = desk.page.locator("#review-desk .actions").bounding_box()
    assert below["y"] + below["height"] <= 861
    desk.page.locator(COLUMN).nth(7).get_by_role("button", name="Best").click()
    desk.page.get_by_role("toolbar").get_by_role("button", name="Submit").click()
    desk.saved()
    assert values(desk) == [(K.prefer, desk.ids[0], {"best": desk.ids[7], "worst": None})]


def test_what_the_columns_share_is_greyed_and_the_difference_shown(empty: None, chromium: object) -> None:
    texts = ["We add two and three, which gives five.", "We add two and three, which gives six apples."]
    desk = Review(chromium, number=8, texts=texts, review=GROUP)
    desk.page.wait_for_function("CSS.highlights.get('review-common')?.size === 2")
    greyed = desk.page.evaluate(
        "Array.from(CSS.highlights.get('review-common'), (r) => r.startContainer.data.slice(r.startOffset, r.endOffset))"
    )
    assert greyed == ["We add two and three, which gives "] * 2
    desk.press("d")
    desk.page.wait_for_selector("#review-desk .difference ins")
    desk.shows(".difference del", "five")
    desk.shows(".difference ins", "six apples")
    desk.press("d")
    expect(desk.page.locator("#review-desk .difference")).to_have_count(0)


def test_a_pair_is_decided_by_one_key_and_its_sides_stay_hidden(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=40, review=PAIR)
    desk.page.wait_for_selector(COLUMN)
    seen = []
    for key in "1=20":
        seen.append(columns(desk))
        desk.press(key)
    desk.saved()
    (a, _), tied, (_, b), bad = seen
    assert values(desk) == [
        (K.prefer, desk.ids[0], {"best": a, "worst": seen[0][1]}),
        (K.prefer, desk.ids[2], {"tie": tied}),
        (K.prefer, desk.ids[4], {"best": b, "worst": seen[2][0]}),
        (K.prefer, desk.ids[6], {"all_bad": bad}),
    ]
    assert {row.mode for row in desk.written()} == {"pair"}
    # The order of the sides says nothing: over twenty pairs both orders come.
    sides = set()
    for _ in range(16):
        desk.page.wait_for_selector(COLUMN)
        left, right = columns(desk)
        sides.add(left < right)
        desk.press("j")
    assert sides == {True, False}
    assert bad == sorted(bad) or bad == sorted(bad, reverse=True)


def test_the_judge_of_a_pair_is_hidden_until_the_choice(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=8, review=PAIR)
    assert desk.page.locator("#review-desk .verdict").count() == 0
    low_first = columns(desk)[0] == desk.ids[1]
    # The judge gave the pair's first sample 5 and its second 1; take the lower one.
    desk.press("1" if low_first else "2")
    desk.page.wait_for_selector("#review-desk .revealed .verdict")
    expect(desk.page.locator("#review-desk .revealed .verdict")).to_have_count(2)
    desk.sees(".revealed", "Differs from the judge")
    desk.shows(".tally", "You overrode 1 of 1")


def test_a_judgment_is_right_or_wrong_with_a_reason(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=12, review=JUDGMENT)
    ids = desk.ids
    desk.sees(".assist", "The judge accepted")
    desk.press("y")
    desk.press("1", "x")
    desk.sees(".assist", "Why is it wrong?")
    desk.press("2")
    desk.press("x", "Enter")
    desk.page.get_by_role("toolbar").get_by_role("button", name="The judge is wrong").click()
    desk.page.get_by_role("button", name="too lenient").click()
    desk.saved()
    right, why = {"judge_right": True, "why": ""}, "ignores the prompt"
    # The judge accepts the first sample of each pair and rejects the second.
    assert values(desk) == [
        (K.accept, ids[0], right),
        (K.accept, ids[1], {"judge_right": False, "why": why}),
        (K.reject, ids[2], {"judge_right": False, "why": ""}),
        (K.accept, ids[3], {"judge_right": False, "why": "too lenient"}),
    ]
    assert [row.is_blind for row in desk.written()] == [False] * 4
    desk.shows(".tally", "You overrode 3 of 4")


def test_pairs_and_judgments_work_by_mouse_on_a_phone(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=8, review=PAIR, width=400)
    fits(desk.page)
    left = columns(desk)[0]
    desk.page.get_by_role("button", name="A is better").click()
    bad = columns(desk)
    desk.page.get_by_role("button", name="Both are bad").click()
    desk.saved()
    assert [value for _, _, value in values(desk)][1] == {"all_bad": bad}
    assert values(desk)[0][2]["best"] == left
    judgment = Review(chromium, number=8, review=JUDGMENT, width=400)
    fits(judgment.page)
    judgment.page.get_by_role("button", name="The judge is right").click()
    judgment.saved()
    assert values(judgment) == [(K.accept, judgment.ids[0], {"judge_right": True, "why": ""})]


def test_a_screen_reader_hears_the_next_item_and_the_keyboard_keeps_its_place(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=12, n=3, review={"mode": "group"})
    page = desk.page
    desk.shows(".spoken", f"Group of sample {desk.ids[0]}, 4 left")
    best = page.locator("#review-desk .column").nth(1).get_by_role("button", name="Best")
    best.focus()
    desk.press("Enter", "Tab", "Shift+Tab")
    expect(best).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("document.activeElement.textContent").startswith("Best")
    page.locator("#review-desk .column").nth(0).get_by_role("button", name="Worst").click()
    desk.press("Enter")
    desk.sees(".spoken", f"Group of sample {desk.ids[3]}, ")
    desk.press("d")
    page.get_by_label("with", exact=True).select_option(index=2)
    desk.press("=")
    desk.saved()
    assert [kind for kind, _ in desk.decisions()] == [K.prefer, K.prefer]
    desk.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    expect(page.locator("#review-desk .lease[role]")).to_have_count(0)


def test_a_group_of_more_than_fit_says_so_and_all_bad_means_those_shown(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=24, n=12, review={"mode": "group"})
    desk.sees(".facts", "8 of 12 samples shown")
    desk.press("0")
    desk.saved()
    assert [row.value for row in desk.written()] == [{"all_bad": desk.ids[:8]}]
    pair = Review(chromium, number=12, n=3, review={"mode": "pair"})
    pair.sees(".facts", "2 of 3 samples shown")


def test_after_the_key_a_blind_round_says_why_the_item_was_here(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    assert "Why here" not in desk.text(".facts")
    desk.press("x")
    desk.page.wait_for_selector("#review-desk .revealed .why:has-text('Why it was here: ')")


@pytest.mark.parametrize("key", ["=", "0", "s"])
def test_an_undone_decision_brings_the_group_back_as_it_was_at_first(empty: None, chromium: object, key: str) -> None:
    desk = Review(chromium, number=12, n=3, review=GROUP)
    desk.press("g", "2", "1", key, "u")
    columns_are(desk, desk.ids[:3])
    assert "rank" not in desk.text(".answer").lower()
    expect(desk.page.locator(f"{COLUMN} [aria-pressed]")).to_have_count(6)
    desk.shows(".mine", "")


def test_escape_leaves_ranking_and_then_what_was_chosen(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=12, n=3, review=GROUP)
    desk.press("g", "2", "Escape")
    assert "rank" not in desk.text(".answer").lower()
    desk.press("2", "Shift+1")
    desk.shows(".mine", "Chosen: best 2, worst 1. Submit it.")
    desk.press("Escape", "Escape")
    expect(desk.page.locator(f"{COLUMN}.is-best, {COLUMN}.is-worst")).to_have_count(0)
    desk.shows(".mine", "")
    desk.press("Enter")
    columns_are(desk, desk.ids[3:6])
    desk.shows(".mine", "Nothing was decided, gone on.")
    assert desk.decisions() == []


def test_a_key_that_means_nothing_in_this_mode_says_so(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=12, n=3, review=GROUP)
    for key in "a7":
        desk.press(key)
        desk.shows(".mine", f"{key} means nothing here; ? shows the keys.")
    desk.press("e")
    desk.sees(".mine", "Choose a column first")
    desk.press("g", "Shift+1")
    desk.sees(".mine", "While you rank")
    sample = Review(chromium)
    sample.press("Control+b", "Alt+w", "Shift+W", "ArrowDown", "/", "w", "Escape")
    sample.shows(".mine", "")
    sample.press("9")
    sample.shows(".mine", "9 means nothing here; ? shows the keys.")
    judgment = Review(chromium, review=JUDGMENT)
    judgment.press("2")
    judgment.sees(".mine", "Say first that the judge is wrong")
    assert desk.decisions() == sample.decisions() == judgment.decisions() == []


def test_the_history_of_a_group_says_what_was_chosen(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=12, n=3, review={"mode": "group"})
    desk.press("2", "Shift+1", "Enter")
    desk.saved()
    desk.press("k", "h")
    first, second = desk.ids[:2]
    desk.sees(".history li", f"chose among the group: best: sample {second} (2), worst: sample {first} (1)")
    desk.page.goto(f"{site.address()}/samples?round={desk.round.id}&sample={second}")
    shown = desk.page.locator("#sample-detail")
    expect(shown).to_contain_text(f"best: sample {second}, worst: sample {first}")
    expect(shown).not_to_contain_text("Nobody has decided on it.")
    assert desk.errors == []


def test_shift_and_a_digit_mean_the_column_where_they_type_the_sign_of_searching(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=16, n=8, review=GROUP)
    search = desk.page.get_by_label("Search inside the item")
    desk.page.evaluate(GERMAN_7)
    desk.sees(".mine", "worst 7")
    expect(search).to_be_hidden()
    small = Review(chromium, number=12, n=3, review=GROUP)
    small.page.evaluate(GERMAN_7)
    expect(small.page.get_by_label("Search inside the item")).to_be_focused()
    with session() as db:
        db.get_one(tables.User, desk.actor.user_id).preferences = {"keys": {"search": ["/", "q"]}}
    desk.open()
    desk.page.evaluate(GERMAN_7)
    expect(search).to_be_focused()
