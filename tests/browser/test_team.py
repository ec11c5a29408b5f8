"""The Team, My work, Audit and People pages in Chromium, with a reviewer at the desk in another browser."""

import itertools
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from backend.db import reading, tables
from backend.services import reviews
from backend.services.access import Actor
from backend.services.team import reviewers
from backend.values import DecisionKind, Role, RoundStatus, Stage, Verdict
from tests import rows
from tests.browser.desk import RECIPE, Review, empty, sign_in
from tests.browser.form import opened
from tests.browser.settled import settled
from tests.integration import site

__all__ = ["empty"]
pytestmark = pytest.mark.browser


class Team:
    """A round that two people review twice over, and disagree on; a curator's browser."""

    def __init__(self, chromium: Any, *, role: Role = Role.admin, items: int = 40, width: int = 1400) -> None:
        self.project = rows.make_project("Countdown")
        prompts = rows.make_prompt_set(self.project, prompts=[f"Make {n} from 3, 5 and 7." for n in range(items // 2)])
        self.round = rows.make_round(
            self.project,
            status=RoundStatus.review,
            stage=Stage.review,
            is_reviewed=True,
            recipe=RECIPE,
            review={"random_share": 0.0, "num_reviewers_per_item": 2},
        )
        texts = [f"3 * {n} + 7 = {3 * n + 7}" for n in range(items)]
        self.samples = rows.make_samples(self.round, prompts, n=2, texts=texts, scores=[5.0, 1.0], threshold=4.0)
        rows.make_judgments(self.samples)
        self.ids = [sample.id for sample in self.samples]
        self.ada = rows.make_actor(self.project, Role.reviewer, name="Ada")
        self.ben = rows.make_actor(self.project, Role.reviewer, name="Ben")
        self.curator = rows.make_actor(self.project, role, name="Cleo")
        self.context = chromium.new_context(viewport={"width": width, "height": 900})
        sign_in(self.context, self.curator)
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def decide(self, actor: Actor, words: str, *, seconds: float = 6.0) -> None:
        """a accepts, x rejects, from the first sample on."""
        for sample_id, word in zip(self.ids, words, strict=False):
            kind = {"a": DecisionKind.accept, "x": DecisionKind.reject}.get(word)
            if kind:
                client_id = f"client-{actor.user_id}-{sample_id}-{word}"
                reviews.decide(actor, client_id, sample_id, kind, round_id=self.round.id, seconds=seconds)

    def open(self, path: str = "team") -> None:
        self.page.goto(f"{site.address()}/{path}")
        self.page.wait_for_selector(".gradio-container")
        if path == "team":
            # Before the page has chosen its round, its forms have nothing to act on.
            chosen = "Array.from(document.querySelectorAll('input')).some((one) => one.value.startsWith('Round '))"
            self.page.wait_for_function(chosen)

    def tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name, exact=True).click()
        settled(self.page)  # what a tab asks for when it opens would come after what is done in it

    def sees(self, table: str, text: str) -> None:
        self.page.locator(f"#{table} td", has_text=text).first.wait_for()

    def cells(self, table: str) -> list[str]:
        """What the table shows, cell by cell."""
        return self.page.locator(f"#{table} td").all_inner_texts()


def decisive(number: int, wrong: float, seed: int) -> str:
    """The judge's verdicts with a share of others, as a person would give them."""
    chance = random.Random(seed)
    return "".join("ax"[(n % 2) ^ (chance.random() < wrong)] for n in range(number))


@pytest.fixture
def team(empty: None, chromium: object) -> Iterator[Team]:
    result = Team(chromium)
    yield result
    assert result.errors == []
    result.context.close()


def test_the_page_shows_everybodys_figures_and_follows_the_desk(team: Team, chromium: object) -> None:
    team.decide(team.ada, "axaxax")
    team.decide(team.ben, "axax")
    team.open()
    team.sees("team-people", "Ada")
    team.page.locator("#team-progress").get_by_text("Nobody is at the review desk").wait_for()
    desk = Review.__new__(Review)
    desk.context = chromium.new_context(viewport={"width": 1200, "height": 860})  # type: ignore[attr-defined]
    sign_in(desk.context, team.ada)
    desk.page = desk.context.new_page()
    desk.page.goto(f"{site.address()}/review?round={team.round.id}")
    desk.page.wait_for_selector("#review-desk .answer :is(.text, .markdown)")
    desk.page.keyboard.press("a")
    team.page.wait_for_selector("#team-progress .here >> text=Ada")
    team.page.wait_for_function(
        "[...document.querySelectorAll('#team-people td')].some((one) => one.textContent.trim() === '7')"
    )
    desk.context.close()


def test_agreement_is_told_with_intervals(team: Team) -> None:
    team.decide(team.ada, decisive(30, 0.1, 1))
    team.decide(team.ben, decisive(30, 0.3, 2))
    team.open()
    team.tab("Agreement")
    team.sees("agreement-pairs", "Ben")
    row = team.cells("agreement-pairs")
    assert [cell.strip() for cell in row[:4]] == ["verdict", "Ada", "Ben", "30"]
    assert all(" to " in cell for cell in row[4:7])
    team.sees("agreement-judge", "the judge")


def test_gold_items_and_assignments(team: Team) -> None:
    team.open()
    team.tab("Gold items")
    team.page.locator("#gold-samples textarea, #gold-samples input").fill(f"{team.ids[0]}, {team.ids[3]}")
    team.page.locator("#gold-mark").click()
    team.sees("gold-table", str(team.ids[3]))
    team.tab("Assignments")
    person = team.page.locator("#assign-person input")
    person.click()
    team.page.get_by_role("option", name="Ben").click()
    team.page.locator("#assign-samples textarea, #assign-samples input").fill(f"{team.ids[5]} {team.ids[6]}")
    team.page.locator("#assign-count").click()
    team.page.get_by_text("2 items.").wait_for()
    team.page.locator("#assign-give").click()
    team.sees("assign-table", "Ben")
    assert reviewers.mine(team.ben, team.round.id).left == 2


def test_work_is_previewed_removed_and_restored(team: Team) -> None:
    team.decide(team.ada, "xx")
    before = [row.verdict for row in labels(team)]
    team.open()
    team.tab("Remove work")
    team.page.locator("#removal-person input").click()
    team.page.get_by_role("option", name="Ada").click()
    team.page.locator("#removal-preview").click()
    team.page.locator("#removal-card").get_by_text("2 decisions; 2 labels change").wait_for()
    team.page.locator("#removal-reason textarea, #removal-reason input").fill("did not read")
    team.page.locator("#removal-apply").click()
    team.sees("removal-done", "did not read")
    assert labels(team)[0].verdict is Verdict.accept
    team.page.locator("#removal-undo").click()
    team.sees("removal-done", "restored")
    assert [row.verdict for row in labels(team)] == before


def test_a_preview_is_of_the_person_it_was_made_for(team: Team) -> None:
    team.decide(team.ada, "xx")
    team.decide(team.ben, "a")
    team.open()
    team.tab("Remove work")
    for name in ("Ada", "Ben"):
        team.page.locator("#removal-person input").click()
        team.page.get_by_role("option", name=name).click()
        expect(team.page.locator("#removal-card")).not_to_contain_text(re.compile(r"decisions?;"))
        expect(team.page.locator("#removal-apply")).to_be_disabled()
        team.page.locator("#removal-preview").click()
        expect(team.page.locator("#removal-card")).to_contain_text(re.compile(r"decisions?;"))
        expect(team.page.locator("#removal-apply")).to_be_enabled()


def labels(team: Team) -> list[tables.Label]:
    with reading() as db:
        return db.query(tables.Label).filter_by(round_id=team.round.id).order_by(tables.Label.sample_id).all()


def test_the_review_is_closed_after_it_said_what_goes_on(team: Team) -> None:
    team.decide(team.ada, "ax")
    team.open()
    team.tab("Review settings")
    team.page.locator("#review-close").click()
    team.page.get_by_text("keep the judge's label").wait_for()
    team.page.locator("#review-really").click()
    team.page.get_by_text("The review of this round is over").wait_for()
    expect(team.page.locator("#team-round input")).to_have_value("Round 1, running")
    with reading() as db:
        assert db.get_one(tables.Round, team.round.id).stage is Stage.select


def test_who_may_not_sees_why_and_no_toast_every_few_seconds(empty: None, chromium: Any) -> None:
    team = Team(chromium, role=Role.viewer)
    pages = []
    for actor in (team.curator, team.ada):  # a viewer here, and a reviewer
        context = chromium.new_context(viewport={"width": 1400, "height": 900})
        sign_in(context, actor)
        for path in ("team", "audit"):
            team.page = context.new_page()
            team.open(path)
            team.page.get_by_text("This needs the role curator").first.wait_for()
            pages.append(team.page)
    team.page.wait_for_timeout(6_000)  # the pages look every five seconds
    assert [page.locator(".toast-body").count() for page in pages] == [0] * 4


def test_my_work_shows_ones_own_figures_only(team: Team) -> None:
    team.decide(team.ada, "axxx")
    team.decide(team.ben, "ax")
    sign_in(team.context, team.ada)
    team.open("me")
    card = team.page.locator("#my-work")
    card.get_by_text("Ada in round 1").wait_for()
    shown = card.inner_text()
    assert "4 decided" in shown
    assert "75%" in shown
    assert "Ben" not in shown


def test_the_audit_is_filtered_paged_and_downloaded(team: Team) -> None:
    team.decide(team.ada, "a" * 30)
    team.decide(team.ben, "x" * 30)
    team.open("audit")
    team.sees("audit-table", "reject")
    team.page.locator("#audit-older").click()
    # Of sixty decisions a page holds fifty: both words stand on the first one.
    expect(team.page.locator("#audit-table")).not_to_contain_text("reject")
    team.sees("audit-table", "accept")
    team.page.locator("#audit-newer").click()
    team.sees("audit-table", "reject")
    opened(team.page, "#audit-more")
    settled(team.page)
    team.page.locator("#audit-sample input").fill(str(team.ids[4]))
    team.page.keyboard.press("Enter")
    team.page.wait_for_function("document.querySelectorAll('#audit-table tbody tr').length === 2")
    settled(team.page)
    with team.page.expect_download() as download:
        team.page.locator("#audit-said a", has_text="CSV").click()
    with open(download.value.path(), encoding="utf-8") as file:
        lines = file.read().splitlines()
    assert len(lines) == 3
    assert lines[0] == "at,who,verb,subject,round,sample,via,details"


def test_the_menu_leads_to_ones_own_pages(team: Team) -> None:
    team.open("samples")
    team.page.locator(".rondo-person summary").click()
    links = ["My work", "Notices", "People and account", "Audit"]
    expect(team.page.locator(".rondo-person a")).to_have_text(links, use_inner_text=True)
    named = team.page.locator(".rondo-nav a").all_inner_texts()
    more = team.page.locator(".rondo-more a").all_text_contents()
    assert "Team" in named
    assert "Held-out" in more
    assert not set(more) & {*links, *named}
    assert not set(links) & set(named)
    assert len(list(itertools.chain(links, named))) == len({*links, *named})
