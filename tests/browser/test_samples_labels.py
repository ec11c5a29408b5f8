"""The Samples page in Chromium: labels set in place, in the list, by the desk's keys."""

from playwright.sync_api import expect

from app import own_files
from backend.db import session, tables
from backend.values import DecisionKind, Role, RoundStatus
from tests.browser.settled import fits
from tests.browser.test_review import HOSTILE, SEND, Review, empty, is_sending
from tests.browser.test_samples import open_samples

__all__ = ["empty"]
SENT_TO = """async (address) => {
  const { ListActs } = await import(address), real = window.fetch, sent = [], none = () => {};
  window.fetch = (url, how) => {
    if (!String(url).includes("/rounds/99")) return real(url, how);
    sent.push(url.split("/rounds/")[1]);
    return new Response(JSON.stringify([url.endsWith("answers") ? {} : { decision: { sample_id: 1 } }]));
  };
  const list = new ListActs({ find: none }, {}, { draw: none, go: none, hint: none, notice: none, held: none, changed: none });
  const first = list.openOutbox(99, "/rounds/998");
  list.openOutbox(99, "/rounds/999");
  first.push({ client_id: "a", kind: "answer", sample_id: 1 });
  first.push({ client_id: "b", kind: "accept", sample_id: 1 });
  while (list.unsaved) await new Promise(requestAnimationFrame);
  window.fetch = real;
  return sent;
}"""
"""What a list of round 999 does with what the desk and the list of round 998 left: it goes to that round."""
UNABLE = """async (address) => {
  const { unable } = await import(address), round = { is_open: true };
  const question = { title: "Is it polite?", is_active: true, is_required: true };
  const ask = (mode, ...questions) => unable({ desk: { round, mode, questions } });
  return [ask("sample"), ask("sample", question), ask("pair")];
}"""
"""Why nothing is decided in the list of a round: not at all, a required question, another mode."""
SAVED = "#samples-labels .unsaved:text('All saved')"


def row(desk: Review, number: int) -> object:
    return desk.page.locator(f"#rondo-row-{desk.ids[number]}")


def test_rows_are_decided_by_keys_undone_and_put_back_where_refused(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=8, role=Role.reviewer)
    page, ids = desk.page, desk.ids
    open_samples(desk)
    page.get_by_role("button", name="Label here").click()
    expect(row(desk, 0)).to_have_attribute("aria-selected", "true")
    expect(page.locator("#samples-table")).to_be_hidden()
    expect(row(desk, 0)).to_contain_text(HOSTILE.splitlines()[0][:40])
    expect(row(desk, 0)).to_contain_text("hidden until you decide")
    page.keyboard.press("u")
    expect(page.locator("#samples-labels .hint")).to_contain_text("nothing to undo")
    page.keyboard.press("z")
    expect(page.locator("#samples-labels .hint")).to_contain_text("z means nothing here")
    page.keyboard.press("x")
    expect(row(desk, 1)).to_have_attribute("aria-selected", "true")
    expect(row(desk, 0)).to_contain_text("reject")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("a")
    page.keyboard.press("k")
    page.keyboard.press("f")
    page.wait_for_selector(SAVED)
    expect(row(desk, 0).locator(".own")).to_have_text("you reject")
    expect(row(desk, 2).locator(".own")).to_have_text("you accept, flagged by you")
    page.keyboard.press("u")
    page.keyboard.press("u")
    expect(row(desk, 2).locator(".own")).to_have_text("")
    page.wait_for_selector(SAVED)
    K = DecisionKind
    retracts = [(K.retract, ids[2]), (K.retract, ids[2])]
    assert desk.decisions() == [(K.reject, ids[0]), (K.accept, ids[2]), (K.flag, ids[2]), *retracts]
    page.route(SEND, lambda route: route.abort() if is_sending(route) else route.continue_())
    page.keyboard.press("s")
    expect(page.locator("#samples-labels .unsaved")).to_contain_text("1 unsaved – the server does not answer")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.unroute(SEND)
    # The list opens again, and what was not sent is sent now.
    expect(row(desk, 2).locator(".own")).to_have_text("you skipped it")
    page.wait_for_selector(SAVED)  # the row shows what waits to be sent, too
    assert desk.decisions()[-1] == (K.skip, ids[2])
    expect(row(desk, 2).locator(".rondo-badge")).to_contain_text("by the judge")
    expect(row(desk, 1)).to_have_attribute("aria-selected", "true")
    with session() as db:
        db.get_one(tables.Round, desk.round.id).status = RoundStatus.running
    page.keyboard.press("a")
    expect(row(desk, 1).locator(".why")).not_to_be_empty()
    expect(row(desk, 1).locator(".own")).to_have_text("")
    expect(row(desk, 1)).to_have_attribute("aria-selected", "true")
    assert len(desk.decisions()) == 6
    page.set_viewport_size({"width": 400, "height": 800})
    fits(page)
    page.reload()
    expect(page.locator("#samples-labels button", has_text="Label here")).to_be_disabled()
    expect(page.locator("#samples-labels .head a")).to_have_attribute("href", f"review?round={desk.round.id}")
    expect(page.locator("#samples-table")).to_be_visible()
    with session() as db:
        db.get_one(tables.Round, desk.round.id).status = RoundStatus.review
    page.reload()
    page.get_by_role("button", name="Label here").click()
    expect(row(desk, 1)).to_have_attribute("aria-selected", "true")
    for _ in range(8):
        page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("a")
    expect(page.locator("#samples-labels .hint")).to_contain_text("end of the list")
    expect(row(desk, 7).locator(".own")).to_have_text("you reject")
    page.wait_for_selector(SAVED)
    assert desk.decisions()[6:] == [(K.reject, ids[7])]
    assert page.evaluate(SENT_TO, own_files.address("review/list_acts.js")) == ["998/answers", "998/decisions"]
    nothing, question, mode = page.evaluate(UNABLE, own_files.address("review/list_place.js"))
    assert nothing == ""
    assert "answer to “Is it polite?”" in question
    assert "in the mode pair" in mode
    assert desk.errors == []
    assert page.evaluate("window.hacked") is None
