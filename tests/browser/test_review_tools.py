"""Keys of one's own, the palette, notes, editing and repairing in the review desk."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from backend.db import reading, tables
from backend.jobs import transitions
from backend.pipeline.run import run_job
from backend.services.reviews import preferences
from backend.values import DecisionKind
from tests.browser.desk import Review, empty

__all__ = ["empty"]
pytestmark = pytest.mark.browser
K = DecisionKind
POLITE = {
    "name": "scripted",
    "rules": [{"pattern": "be polite", "reply": "Please, the answer."}, {"pattern": "be brief", "reply": "Answer."}],
}


def bind(desk: Review, label: str, key: str) -> None:
    desk.page.get_by_role("button", name=f"Change: {label}", exact=True).click()
    desk.press(key)


def test_a_key_is_changed_for_good_and_a_bad_one_refused_with_the_reason(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    page = desk.page
    desk.press("?")
    expect(page.locator("dialog[open] tr", has_text="Accept").first.locator("kbd")).to_have_text(["A"])
    page.get_by_role("button", name="Change keys…").click()
    bind(desk, "Accept", "Backspace")
    page.wait_for_selector("dialog[open] .rondo-problem:has-text('pressed by accident')")
    bind(desk, "Accept", "x")
    page.wait_for_selector("dialog[open] .rondo-problem:has-text('would mean both')")
    bind(desk, "Accept", "w")
    page.wait_for_selector("dialog[open] tr:has-text('Accept') kbd:text('W')")
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.locator("[data-command=accept] kbd")).to_have_text("W")
    desk.press("a", "w")
    desk.saved()
    assert desk.decisions() == [(K.accept, desk.ids[0])]
    assert preferences.get(desk.actor).keys == {"accept": ("w",)}
    desk.open()
    desk.press("w")
    desk.saved()
    assert len(desk.decisions()) == 2
    desk.press("?")
    page.get_by_role("button", name="Change keys…").click()
    page.get_by_role("button", name="All as they come").click()
    page.wait_for_selector("dialog[open] tr:has-text('Accept') kbd:text('A')")
    assert preferences.get(desk.actor).keys == {}


def test_the_palette_finds_every_command_as_one_types(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    page = desk.page
    desk.press("Control+k")
    page.locator(".palette li").nth(25).wait_for()
    page.keyboard.type("rej")
    expect(page.locator(".palette li")).to_have_text(["RejectX"])
    desk.press("Enter")
    desk.saved()
    assert desk.decisions() == [(K.reject, desk.ids[0])]
    desk.press("Meta+k")
    page.keyboard.type("order random")
    desk.press("Enter")
    page.wait_for_function("document.querySelector('#review-desk [aria-label=Order]').value === 'random'")
    desk.has_item()
    desk.press("Control+k")
    page.keyboard.type("no such thing")
    desk.press("Enter", "Escape")
    page.get_by_role("button", name="Commands").click()
    page.locator(".palette li", has_text="Skip").click()
    desk.saved()
    assert [kind for kind, _ in desk.decisions()] == [K.reject, K.skip]


def test_notes_flags_and_history_of_the_item_are_shown(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    page = desk.page
    desk.press("h", "n")
    page.keyboard.type("axu odd <b>one</b>")
    desk.press("Control+Enter", "f")
    page.wait_for_selector("#review-desk .history .note")
    desk.shows(".history .note", "axu odd <b>one</b>")
    desk.comes(desk.ids[0])
    desk.sees(".facts", "flagged")
    desk.press("f", "n", "Escape", "a", "k")
    page.wait_for_selector("#review-desk .history li:has-text('accepted')")
    desk.saved()
    written = desk.written()
    assert [row.kind for row in written] == [K.note, K.flag, K.retract, K.accept]
    assert written[0].note == "axu odd <b>one</b>"


def test_leaving_asks_while_a_text_is_being_written_and_the_draft_is_kept(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    page = desk.page
    desk.press("e", "Control+A")
    page.keyboard.type("half a tho")
    draft = f"rondo.review.draft.{desk.actor.user_id}.{desk.ids[0]}"
    page.wait_for_function(f"localStorage['{draft}'] === 'half a tho'")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.reload()
    assert asked == ["beforeunload"]
    page.wait_for_selector("#review-desk .answer .markdown")
    desk.press("e")
    box = page.get_by_label("Edited text")
    expect(box).to_have_value("half a tho")
    page.keyboard.type("ught")
    page.get_by_role("button", name="Compare").click()
    page.wait_for_selector("#review-desk .difference ins")
    box.focus()
    desk.press("Control+Enter")
    desk.saved()
    with reading() as db:
        assert db.scalars(select(tables.Sample.text).where(tables.Sample.kind == "edit")).all() == ["half a thought"]
    desk.press("k", "e")
    assert box.input_value() != "half a thought"
    desk.press("Escape")


def run_jobs() -> None:
    """What a worker does; this server has none."""
    with reading() as db:
        waiting = db.scalars(select(tables.Job).where(tables.Job.status == "queued").order_by(tables.Job.id)).all()
    for job in waiting:
        attempt = transitions.start(job.id, job.workflow_id, "test")
        assert attempt is not None
        run_job(job.id, attempt)


def test_a_repair_is_asked_for_retried_and_accepted_and_the_original_stays(empty: None, chromium: object) -> None:
    desk = Review(chromium, engine=POLITE)
    page = desk.page
    desk.press("r")
    page.keyboard.type("be polite")
    desk.press("Enter")
    page.wait_for_selector("#review-desk .repair p:has-text('The model rewrites')")
    run_jobs()
    page.wait_for_selector("#review-desk .repair .difference:has-text('Please, the answer.')")
    desk.press("r")
    page.get_by_label("What should change").fill("be brief")
    desk.press("Enter")
    page.wait_for_selector("#review-desk .repair p:has-text('The model rewrites')")
    run_jobs()
    page.wait_for_selector("#review-desk .repair :text('Asked: be brief')")
    desk.press("Enter")
    desk.saved()
    [edit] = desk.written()
    assert (edit.kind, edit.sample_id, edit.value["source"]) == (K.edit, desk.ids[0], "repair")
    assert edit.value["instruction"] == "be brief"
    with reading() as db:
        made = db.get_one(tables.Sample, edit.value["edit_id"])
        assert (made.text, made.edited_from_id, made.author_id) == ("Answer.", desk.ids[0], desk.actor.user_id)
        assert db.get_one(tables.Sample, desk.ids[0]).text.startswith("Answer 0")
    desk.comes(desk.ids[1])


def test_a_repair_that_fails_says_why_and_one_may_go_on_meanwhile(empty: None, chromium: object) -> None:
    desk = Review(chromium, engine=POLITE)
    page = desk.page
    desk.press("r")
    page.keyboard.type("sing it")
    desk.press("Enter")
    page.wait_for_selector("#review-desk .repair p:has-text('The model rewrites')")
    page.get_by_role("button", name="Go on meanwhile").click()
    desk.press("f")
    run_jobs()
    desk.press("r")
    page.wait_for_selector("#review-desk .repair .rondo-problem:has-text('No rule of the scripted engine')")
    desk.press("Escape", "a")
    desk.saved()
    assert [kind for kind, _ in desk.decisions()] == [K.flag, K.accept]
