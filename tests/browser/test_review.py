"""The review desk in Chromium: keys pressed fast, the network gone, a reload in the middle, hostile text."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from backend.db import reading, session, tables
from backend.services import sessions
from backend.services.access import Actor
from backend.values import DecisionKind, Role, RoundStatus, Stage
from tests import rows
from tests.integration import site

pytestmark = pytest.mark.browser
HOSTILE = (
    '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script><b>{{7*7}}${window.hacked=1}</b>'
    " `${7*7}` \\u{zz} C:\\new $$ \u202e\u0007"
)
READ_SHOWN = "Number(document.querySelector('#review-desk .facts').textContent.match(/Sample (\\d+)/)[1])"
SEND = "**/gradio_api/component_server/"


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty SQLite installation."""
    import migrations
    from backend import jobs
    from backend.config import settings
    from backend.db import dispose

    monkeypatch.setenv("RONDO_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("RONDO_DATABASE_URL", "")
    dispose()
    settings.cache_clear()
    migrations.upgrade()
    jobs.prepare()
    yield
    dispose()
    settings.cache_clear()


def sign_in(context, actor: Actor) -> None:
    with session() as db:
        link = sessions.link_for(db, actor.user_id)
    assert context.request.post(f"{site.address()}/login/link/{link}", max_redirects=0).status == 303


class Review:
    """A round in review, a reviewer signed in, the desk open."""

    def __init__(
        self,
        chromium,
        *,
        number: int = 40,
        is_blind: bool = True,
        role: Role = Role.curator,
        width: int = 1280,
        waits_for: str = "#review-desk .answer .text",
    ) -> None:
        recipe = rows.RECIPE | {"judge": {"name": "additive_rubric", "accept_at": 4.0, "lowest": 0, "highest": 5}}
        self.project = rows.make_project(guidelines=f"Be kind. {HOSTILE}")
        prompts = rows.make_prompt_set(self.project, prompts=[f"Question {n} {HOSTILE}" for n in range(number // 2)])
        self.round = rows.make_round(
            self.project, status=RoundStatus.review, stage=Stage.review, is_reviewed=True, is_blind=is_blind,
            recipe=recipe,
        )  # fmt: skip
        texts = [f"Answer {n} {HOSTILE}" for n in range(number)]
        made = rows.make_samples(self.round, prompts, n=2, texts=texts, scores=[5.0, 1.0], threshold=4.0)
        rows.make_judgments(made)
        self.ids = [sample.id for sample in made]
        self.actor = rows.make_actor(self.project, role)
        self.context = chromium.new_context(viewport={"width": width, "height": 860})
        sign_in(self.context, self.actor)
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.waits_for = waits_for
        self.open()

    def open(self) -> None:
        self.page.goto(f"{site.address()}/review?round={self.round.id}")
        self.page.wait_for_selector(self.waits_for, timeout=20_000)

    def saved(self) -> None:
        self.page.wait_for_function("document.querySelector('#review-desk .unsaved').textContent === 'All saved'")

    def decisions(self) -> list[tuple[DecisionKind, int]]:
        """Kind and sample of every decision, in the order of writing."""
        with reading() as db:
            query = select(tables.Decision.kind, tables.Decision.sample_id).order_by(tables.Decision.id)
            return [tuple(row) for row in db.execute(query)]

    @property
    def shown(self) -> int:
        return self.page.evaluate(READ_SHOWN)


def test_fast_keys_are_each_saved_once_and_in_order(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=240)
    for n in range(100):
        desk.page.keyboard.press("a" if n % 3 else "x")
        desk.page.wait_for_timeout(10)
    desk.saved()
    kinds = [DecisionKind.accept if n % 3 else DecisionKind.reject for n in range(100)]
    assert desk.decisions() == list(zip(kinds, desk.ids[:100], strict=True))
    assert desk.shown == desk.ids[100]
    assert desk.page.locator(".tally").text_content() == "You overrode 50 of 100"
    assert desk.errors == []


def test_the_next_sample_is_painted_without_the_server(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=80)
    desk.page.evaluate(PAINTS)
    for n in range(60):
        desk.page.keyboard.press("ax"[n % 2])
        time.sleep(0.02)
    desk.saved()
    taken = sorted(desk.page.evaluate("window.paints"))
    print(f"key to paint: median {taken[30]:.1f} ms, p95 {taken[56]:.1f} ms, worst {taken[-1]:.1f} ms")
    assert len(taken) == 60
    assert taken[56] < 50


PAINTS = """() => {
  window.paints = [];
  document.addEventListener("keydown", (event) => {
    const pressed = event.timeStamp;
    requestAnimationFrame(() => { const channel = new MessageChannel();
      channel.port1.onmessage = () => window.paints.push(performance.now() - pressed); channel.port2.postMessage(0); });
  }, true);
}"""


def is_sending(route) -> bool:
    return "review_send" in (route.request.post_data or "")


def test_nothing_is_lost_when_the_network_goes_and_the_page_is_reloaded(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    desk.page.route(SEND, lambda route: route.abort())
    for key in "axa":
        desk.page.keyboard.press(key)
    desk.page.wait_for_selector("#review-desk .unsaved:text('3 unsaved – the server does not answer')")
    asked: list[str] = []
    desk.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    desk.page.unroute(SEND)
    desk.page.route(SEND, lambda route: route.abort() if is_sending(route) else route.continue_())
    desk.page.reload()
    assert asked == ["beforeunload"]
    desk.page.unroute(SEND)
    desk.page.wait_for_selector("#review-desk .answer .text", timeout=20_000)
    desk.saved()
    assert desk.decisions() == [
        (DecisionKind.accept, desk.ids[0]), (DecisionKind.reject, desk.ids[1]), (DecisionKind.accept, desk.ids[2])
    ]  # fmt: skip
    assert desk.shown == desk.ids[3]


def test_an_answer_that_got_lost_is_not_decided_twice(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    lost: list[int] = []

    def lose_the_first(route: object) -> None:
        response = route.fetch()  # type: ignore[attr-defined]
        if is_sending(route) and not lost:
            lost.append(1)
            route.abort()  # type: ignore[attr-defined]
        else:
            route.fulfill(response=response)  # type: ignore[attr-defined]

    desk.page.route(SEND, lose_the_first)
    desk.page.keyboard.press("a")
    desk.page.keyboard.press("x")
    desk.saved()
    assert lost
    assert [kind for kind, _ in desk.decisions()] == [DecisionKind.accept, DecisionKind.reject]


def test_the_judge_stays_hidden_until_the_decision(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    sent: list[str] = []
    desk.page.on("response", lambda got: sent.append(got.text()) if "component_server" in got.url else None)
    assert desk.page.locator(".judge").count() == 0
    desk.page.keyboard.press("x")
    desk.page.wait_for_selector(".revealed .judge")
    assert "The judge accepted" in (desk.page.locator(".revealed").text_content() or "")
    assert "differs from the judge" in (desk.page.locator(".revealed").text_content() or "")
    desk.page.wait_for_timeout(200)
    items = [item for text in sent if '"items"' in text for item in json.loads(text)["items"]]
    assert all(item["judge"] is None and item["reason"] is None for item in items)
    assisted = Review(chromium, is_blind=False)
    assert assisted.page.locator(".assist .judge").count() == 1


def test_undo_edit_skip_flag_score_and_moving_work_by_key(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    page, ids = desk.page, desk.ids
    page.keyboard.press("x")
    page.keyboard.press("u")
    assert desk.shown == ids[0]
    page.keyboard.press("4")
    page.keyboard.press("s")
    page.keyboard.press("f")
    page.keyboard.press("e")
    page.keyboard.press("Control+A")
    page.keyboard.type("axu better")
    page.keyboard.press("Control+Enter")
    assert desk.shown == ids[3]
    page.keyboard.press("k")
    page.keyboard.press("k")
    page.keyboard.press("Backspace")
    assert desk.shown == ids[1]
    page.keyboard.press("j")
    page.keyboard.press("9")
    assert desk.shown == ids[2]
    desk.saved()
    K = DecisionKind
    assert desk.decisions() == [
        (K.reject, ids[0]), (K.retract, ids[0]), (K.score, ids[0]), (K.skip, ids[1]), (K.flag, ids[2]), (K.edit, ids[2])
    ]  # fmt: skip
    with reading() as db:
        assert db.scalars(select(tables.Sample.text).where(tables.Sample.kind == "edit")).all() == ["axu better"]


def test_undo_after_a_reload_brings_the_sample_back(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    desk.page.keyboard.press("a")
    desk.saved()
    desk.open()
    assert desk.shown == desk.ids[1]
    desk.page.keyboard.press("u")
    desk.page.wait_for_selector(f"#review-desk .facts:text('Sample {desk.ids[0]},')")


def test_nothing_written_is_interpreted(empty: None, chromium: object) -> None:
    desk = Review(chromium, is_blind=False)
    desk.page.keyboard.press("a")
    desk.page.wait_for_selector(".revealed .judge")
    assert (desk.page.locator("#review-desk .answer .text").text_content() or "").endswith(HOSTILE)
    assert HOSTILE in (desk.page.locator("#review-desk .guidelines").text_content() or "")
    assert desk.page.locator("#review-desk img, #review-desk b:text('49')").count() == 0
    assert desk.page.evaluate("window.hacked") is None


def test_closing_by_mouse_on_a_phone_freezes_the_round(empty: None, chromium: object) -> None:
    desk = Review(chromium, width=400)
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= 400
    desk.page.get_by_role("button", name="Accept").click()
    desk.saved()
    desk.page.get_by_role("button", name="Close review…").click()
    assert "1 of 40 samples were decided" in (desk.page.locator("dialog[open]").text_content() or "")
    desk.page.get_by_role("button", name="Close the review").click()
    desk.page.wait_for_selector("text=The review is closed")
    with reading() as db:
        assert db.get_one(tables.Round, desk.round.id).status is RoundStatus.running
    desk.page.keyboard.press("a")
    assert len(desk.decisions()) == 1


def test_a_decision_refused_meanwhile_is_said_and_not_shown_as_made(empty: None, chromium: object) -> None:
    from backend.services import reviews

    desk = Review(chromium)
    reviews.close(Actor(desk.actor.user_id, desk.actor.name), desk.round.id)
    desk.page.keyboard.press("a")
    desk.page.wait_for_selector(".message:not([hidden])")
    said = desk.page.locator(".message").text_content() or ""
    assert f"sample {desk.ids[0]} was not saved" in said
    assert "frozen" in said
    assert desk.decisions() == []


def test_a_viewer_is_told_what_is_missing(empty: None, chromium: object) -> None:
    desk = Review(chromium, role=Role.viewer, waits_for="#review-desk .rondo-empty")
    assert "needs the role reviewer" in (desk.page.locator("#review-desk").text_content() or "")
    assert desk.page.locator("#review-desk button").count() == 0
