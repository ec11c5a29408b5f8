"""A review desk in Chromium for tests: a round in review, a person signed in, the desk open."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select

from backend.db import now, reading, session, tables
from backend.services.access import Actor
from backend.services.people import sessions
from backend.values import DecisionKind, Role, RoundStatus, Stage
from tests import rows
from tests.installation import leave, point_at
from tests.integration import site
from tests.waiting import until

HOSTILE = (
    '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script><b>{{7*7}}${window.hacked=1}</b>'
    " `${7*7}` \\u{zz} C:\\new $$ \u202e\u0007"
)
READ_SHOWN = "Number(document.querySelector('#review-desk .facts').textContent.match(/Sample (\\d+)/)[1])"
FIND = "Array.from(document.querySelectorAll('#review-desk, #review-desk *')).find((one) => one.desk)"
SEND = re.compile(r"/api/v1/(?!rounds/\d+/review/(here|leave)$)")
"""All that the desk asks of the server, but that somebody sits at it."""
SAVED = "document.querySelector('#review-desk .unsaved').textContent === 'All saved'"
SHOWN = "#review-desk .answer :is(.text, .markdown)"
ORDER = "localStorage['rondo.review.order'] ||= 'sequential'"
RECIPE = rows.RECIPE | {"judge": {"name": "additive_rubric", "accept_at": 4.0, "lowest": 0, "highest": 5}}


@pytest.fixture
def empty(migrated_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty SQLite installation."""
    shutil.copy(migrated_sqlite, tmp_path / "rondo.db")
    point_at("", tmp_path, monkeypatch)
    yield
    leave()


def sign_in(context: Any, actor: Actor) -> None:
    with session() as db:
        link = sessions.link_for(db, actor.user_id)
    assert context.request.post(f"{site.address()}/login/link/{link}", max_redirects=0).status == 303


class Review:
    """A round in review, a reviewer signed in, the desk open.

    `review`: settings of the round (`mode`, `num_reviewers_per_item`...). `judge`: knobs of its judge that differ.
    `beside`: join this desk's round instead.
    """

    def __init__(
        self,
        chromium: Any,
        *,
        number: int = 40,
        n: int = 2,
        texts: list[str] | None = None,
        is_blind: bool = True,
        role: Role = Role.curator,
        width: int = 1280,
        waits_for: str = SHOWN,
        review: dict[str, Any] | None = None,
        engine: dict[str, Any] | None = None,
        beside: "Review | None" = None,
        dark: bool = False,
        judge: dict[str, Any] | None = None,
    ) -> None:
        self.recipe = RECIPE | {"judge": RECIPE["judge"] | (judge or {})}
        if beside is None:
            self.make_round(number, n, texts, is_blind, review or {}, engine)
        else:
            self.project, self.round, self.ids = beside.project, beside.round, beside.ids
        self.actor = rows.make_actor(self.project, role)
        self.context = chromium.new_context(
            viewport={"width": width, "height": 860}, color_scheme="dark" if dark else "light"
        )
        # By informativeness, the order of the tests' samples would be the queue's business; here they come as they were made.
        self.context.add_init_script(ORDER)
        sign_in(self.context, self.actor)
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.waits_for = waits_for
        self.open()

    def make_round(
        self, number: int, n: int, texts: list[str] | None, is_blind: bool, review: dict[str, Any], engine: Any
    ) -> None:
        self.project = rows.make_project(guidelines=f"Be kind. {HOSTILE}")
        prompts = rows.make_prompt_set(self.project, prompts=[f"Question {i} {HOSTILE}" for i in range(number // n)])
        policy = rows.make_checkpoint(self.project, engine=engine) if engine else None
        # A share drawn at random would make the order of the tests' samples a matter of luck.
        self.round = rows.make_round(
            self.project,
            policy,
            status=RoundStatus.review,
            stage=Stage.review,
            is_reviewed=True,
            is_blind=is_blind,
            recipe=self.recipe,
            review={"random_share": 0.0} | review,
        )
        texts = texts or [f"Answer {i} {HOSTILE}" for i in range(number)]
        samples = rows.make_samples(
            self.round, prompts, n=n, texts=texts, scores=[5.0, 1.0, 3.0][: max(n, 2)], threshold=4.0
        )
        rows.make_judgments(samples)
        self.ids = [sample.id for sample in samples]

    def open(self) -> None:
        self.page.goto(f"{site.address()}/review?round={self.round.id}")
        self.page.wait_for_selector(self.waits_for)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def has_item(self) -> None:
        """Waits until there is something to decide: a key that comes before it would mean nothing."""
        self.page.wait_for_selector("#review-desk .desk:not(.is-empty)")

    def saved(self) -> None:
        self.page.wait_for_function(SAVED)

    def decisions(self) -> list[tuple[DecisionKind, int]]:
        """Kind and sample of every decision, in the order of writing."""
        return [(row.kind, row.sample_id) for row in self.written()]

    def written(self) -> list[tables.Decision]:
        """Every decision of the round, in the order of writing."""
        with reading() as db:
            query = select(tables.Decision).where(tables.Decision.round_id == self.round.id)
            return list(db.scalars(query.order_by(tables.Decision.id)))

    def leased(self) -> int:
        """How many items are reserved for the person and not decided."""
        lease = tables.Lease
        mine = select(func.count()).where(lease.user_id == self.actor.user_id, lease.decided_at.is_(None))
        with reading() as db:
            return db.scalar(mine.where(lease.expires_at > now())) or 0

    def leave(self) -> None:
        """Go to another page, and wait until the server knows."""
        self.go_away()
        until(lambda: not self.leased(), "giving back")

    def go_away(self) -> None:
        """Go to another page, while the server owes this one no answer: it could come to hold something after that."""
        self.page.wait_for_function(f"!{FIND}.desk.team.isBeating && !{FIND}.desk.queue.fetching")
        self.page.goto("about:blank")

    def text(self, selector: str) -> str:
        return (self.page.locator(f"#review-desk {selector}").text_content() or "").strip()

    def sees(self, selector: str, text: str) -> None:
        """Waits until the text stands there, among others."""
        expect(self.page.locator(f"#review-desk {selector}")).to_contain_text(text)

    def sees_not(self, selector: str, text: str) -> None:
        """Waits until the text stands there no more."""
        expect(self.page.locator(f"#review-desk {selector}")).not_to_contain_text(text)

    def shows(self, selector: str, text: str) -> None:
        """Waits until exactly this stands there."""
        expect(self.page.locator(f"#review-desk {selector}")).to_have_text(text)

    def comes(self, sample_id: int) -> None:
        """Waits until this sample is on screen."""
        self.sees(".facts", f"Sample {sample_id},")

    @property
    def shown(self) -> int:
        return int(self.page.evaluate(READ_SHOWN))

    def beat(self, call: str = "beat()") -> None:
        """Do now what the page does every twenty seconds."""
        self.page.evaluate(f"{FIND}.desk.team.{call}")

    def hold_beats(self) -> None:
        """Let no beat through, and wait for one under way: its answer would set the reservations anew."""
        self.page.route("**/review/here", lambda route: route.abort())
        self.page.wait_for_function(f"!{FIND}.desk.team.isBeating")

    def let_beats(self) -> None:
        self.page.unroute("**/review/here")

    def shot(self, path: str) -> None:
        """For people who look at the result."""
        self.page.screenshot(path=path)


def is_sending(route: Any) -> bool:
    return route.request.method == "POST" and route.request.url.endswith("/decisions")


__all__ = ["HOSTILE", "RECIPE", "SEND", "SHOWN", "Review", "empty", "is_sending", "sign_in"]
