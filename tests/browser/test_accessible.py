"""Every page and mode of the review desk, read by axe-core: nothing serious or critical that is ours, in both themes."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from sqlalchemy import select

from app.pages import PAGES
from backend.db import reading, session, tables
from backend.values import DatasetType, Split
from tests import rows
from tests.browser.desk import Review, empty
from tests.browser.filled import fill
from tests.browser.settled import settled
from tests.browser.test_addresses import running_job
from tests.browser.test_team import Team
from tests.integration import site
from tests.integration.held_out import make_held_out, measure

__all__ = ["empty"]
pytestmark = pytest.mark.browser

AXE = Axe()
SHOWN = {
    "": "#loop .round",
    "round": "#round-work h3",
    "warnings": "#warnings-lights table",
    "prompts": "#prompt-set h2",
    "recipes": "#recipes-table [role=gridcell][data-row='0']",
    "new-round": "#launch:enabled, #estimate .problem",
    "samples": "#sample-detail h2",
    "groups": "#groups-list li",
    "team": "#team-people td",
    "jobs": ".job h2",
    "checkpoints": "#detail h2",
    "chat": "#chat-log .rondo-empty",
    "datasets": "#dataset h2",
    "training": "#training-report article",
    "arena": "#arena-match article",
    "judge-bench": "#judge-bench td",
    "previews": "#preview-card article, #preview-card .rondo-card + section",
    "rewrites": "#rewrite-card td",
    "review": "#review-desk .answer",
    "pairs": "#pairs-result .rows",
    "held-out": "#held-out-detail h2",
    "compare": "#compared td",
    "me": "#my-work .facts, #my-work dl, #my-work .rondo-empty",
    "notices": "#notices-list :is(.rondo-empty, .rondo-card)",
    "people": "#person-name",
    "audit": "#audit-table td",
    "workers": "#workers-list :is(.rondo-empty, .rondo-card)",
}
"""What each page shows once it is drawn."""
OPTIONS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"], "resultTypes": ["violations"]}
OF_COLORS = OPTIONS | {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""A theme changes colors and nothing else: what else there is to say of a page was said in the other one."""
COUNTED = ("serious", "critical")
OURS_TOO = (
    "landmark-no-duplicate-main",
    "landmark-one-main",
    "page-has-heading-one",
    "heading-order",
    "bypass",
    "region",
)
"""Counted though axe holds them to be moderate."""
GRADIOS = {
    (
        "aria-prohibited-attr",
        "Empty value",
    ): "An empty plot is a div with a label; the markup is inside Gradio's component.",
}
"""Gradio's own: the rule, and a part of the markup."""


def violations_on(page: Any, options: dict[str, Any] = OPTIONS) -> list[str]:
    """Violations, one a line."""
    violations = AXE.run(page, options=options).response["violations"]
    return [
        f"{violation['id']} ({violation['impact']}): {node['target']} {node['html'][:160]} {node.get('failureSummary', '')[:200]!r}"
        for violation in violations
        if violation["impact"] in COUNTED or violation["id"] in OURS_TOO
        for node in violation["nodes"]
        if not any(violation["id"] == rule and part in node["html"] for rule, part in GRADIOS)
    ]


def violations_in_both_themes(page: Any) -> list[str]:
    violations = []
    for theme, options in (("light", OPTIONS), ("dark", OF_COLORS)):
        page.emulate_media(color_scheme=theme)
        page.wait_for_selector(f":root[data-theme={theme}]")
        settled(page)  # colors fade from one to the other, and what was locked is paler
        violations += [f"{theme}: {line}" for line in violations_on(page, options)]
    return violations


@pytest.fixture
def team(empty: None, chromium: object) -> Iterator[Team]:
    """A project with something on every page."""
    result = Team(chromium)
    row = {"prompt_id": result.samples[0].prompt_id, "sample_id": result.samples[0].id}
    rows.make_dataset(result.round, DatasetType.prompt_completion, [row])
    running_job(result.project)
    base = rows.make_checkpoint(result.project, "measured")
    measure(result.round, base, [make_held_out(result.project, 3)], [0, 1])
    with session() as db:
        db.add(
            tables.RoundWarning(
                **of_round(result),
                name="label_noise",
                level="red",
                value=0.4,
                low=0.3,
                high=0.5,
                limit=0.2,
                n=60,
                sample_ids=result.ids[:2],
            )
        )
        db.add(
            tables.RoundWarning(**of_round(result), name="copying", level="unknown", limit=0.01, n=3, reason="Too few.")
        )
    result.decide(result.ada, "axaxax")
    result.decide(result.ben, "xxaa")
    yield result
    result.context.close()


def of_round(team: Team) -> dict[str, int]:
    return {"project_id": team.project.id, "round_id": team.round.id}


def of_measured() -> tuple[int, int]:
    """The measured checkpoint, and one of the prompts it answered."""
    with reading() as db:
        sample = tables.Sample
        query = select(sample.checkpoint_id, sample.prompt_id).where(sample.split == Split.held_out)
        return db.execute(query.limit(1)).tuples().one()  # type: ignore[return-value]


def test_no_page_keeps_anybody_out(team: Team) -> None:
    replies = []
    base, prompt = of_measured()
    asked = fill(team.round, ["3 * 5 + 7", "the sum is wrong"]) | {
        "samples": f"?sample={team.ids[0]}",
        "held-out": f"?prompt={prompt}",
        "compare": f"?old=c{base}&new=r{team.round.id}",
        "warnings": f"?round={team.round.id}&warning=label_noise",
    }
    for path in (page.PATH for page in PAGES):
        team.page.goto(site.page(team.project, path + asked.get(path, "")))
        team.page.wait_for_selector(SHOWN[path])
        replies += [f"{path} {line}" for line in violations_in_both_themes(team.page)]
    assert replies == []


@pytest.mark.parametrize("mode", ["sample", "group", "pair", "judgment"])
def test_no_mode_of_the_desk_keeps_anybody_out(empty: None, chromium: Any, mode: str) -> None:
    shown = {"sample": "#review-desk .answer :is(.text, .markdown)"}.get(mode, "#review-desk .answer > *")
    desk = Review(chromium, review={"mode": mode}, number=8, n=2, waits_for=shown)
    assert violations_in_both_themes(desk.page) == []
    if mode == "group":
        names = [
            element.get_attribute("aria-label")
            for element in desk.page.locator("#review-desk .column footer button").all()
        ]
        assert names == ["Best: sample 1", "Worst: sample 1", "Best: sample 2", "Worst: sample 2"]
    desk.context.close()


def test_the_first_key_leads_past_the_header_and_the_focus_is_seen(team: Team) -> None:
    page = team.page
    page.goto(site.page(team.project, "jobs?job=1"))
    page.wait_for_selector(SHOWN["jobs"])
    page.keyboard.press("Tab")
    expect(page.locator(".rondo-skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#rondo-main")).to_be_focused()
    assert page.url.endswith("/jobs?job=1")
    page.keyboard.press("Tab")
    shape = "getComputedStyle(document.activeElement)"
    page.wait_for_function(f"{shape}.outlineStyle + {shape}.boxShadow !== 'nonenone'")
