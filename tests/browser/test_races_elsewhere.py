"""As test_races, on the pages of checkpoints, people, the audit trail, datasets and prompts."""

import re

import pytest
from playwright.sync_api import Page, expect

from backend.db import reading, tables
from backend.values import DatasetType
from tests import rows
from tests.browser.desk import empty
from tests.browser.form import opened
from tests.browser.slowed import DELAY, TIMES, go, slow, slow_team, tap
from tests.browser.test_team import Team

__all__ = ["empty", "slow", "slow_team"]
pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("slow")]


def holds(page: Page, selector: str, words: str) -> None:
    expect(page.locator(f"{selector} :is(input, textarea)").first).to_have_value(words)


def names() -> set[str]:
    """The names of all accounts."""
    with reading() as db:
        return {name for (name,) in db.query(tables.User.name)}


def settle(page: Page) -> None:
    """Let whatever was on its way arrive."""
    page.wait_for_timeout(2 * DELAY * 1000)


def test_a_checkpoint_is_registered_and_tried_under_what_was_typed_at_once(slow_team: Team) -> None:
    for turn in range(TIMES):
        page = go(slow_team, "checkpoints")
        page.get_by_role("tab", name="Register").click()
        tap(page, "#register-name", f"mine {turn}")
        tap(page, "#register-location", f"models/none-{turn}")
        page.get_by_role("tab", name="Try a prompt").click()
        tap(page, "#try-prompt", f"What is {turn} + 1?")
        settle(page)
        holds(page, "#try-prompt", f"What is {turn} + 1?")
        page.get_by_role("tab", name="Register").click()
        holds(page, "#register-name", f"mine {turn}")
        holds(page, "#register-location", f"models/none-{turn}")


def test_a_person_is_added_with_the_name_and_a_token_made_with_the_days_typed_at_once(slow_team: Team) -> None:
    for turn in range(TIMES):
        page = go(slow_team, "people")
        tap(page, "#person-name", f"Dora {turn}")
        page.locator("#person-add").click()
        expect(page.locator(".gradio-container")).to_contain_text(f"Dora {turn}")
        assert f"Dora {turn}" in names()
        page = go(slow_team, "people")
        page.get_by_role("tab", name="Tokens").click()
        tap(page, "#token-name", f"program {turn}")
        settle(page)
        holds(page, "#token-name", f"program {turn}")


def test_the_audit_trail_is_filtered_by_what_was_typed_before_it_was_filled(slow_team: Team) -> None:
    for turn in range(TIMES):
        page = go(slow_team, "audit")
        tap(page, "#audit-subject", f"nothing of that name {turn}")
        opened(page, "#audit-more")
        tap(page, "#audit-since", "2026-01-31")
        page.keyboard.press("Enter")
        settle(page)
        holds(page, "#audit-subject", f"nothing of that name {turn}")
        holds(page, "#audit-since", "2026-01-31")
        expect(page.locator("#audit-table")).to_contain_text("Nothing that the filters find.")


def test_a_download_is_of_the_format_that_was_chosen_at_once(slow_team: Team) -> None:
    samples = slow_team.samples[:4]
    examples = [{"prompt_id": sample.prompt_id, "sample_id": sample.id, "origin": "selected"} for sample in samples]
    dataset = rows.make_dataset(slow_team.round, DatasetType.prompt_completion, examples)
    for _ in range(TIMES):
        page = go(slow_team, f"datasets?dataset={dataset.id}")
        page.get_by_role("tab", name="Download").click()
        page.locator("#export-format").get_by_text("parquet").click()
        settle(page)
        expect(page.locator("#export-format input[value=parquet]")).to_be_checked()
        expect(page.locator("#export-link a").first).to_have_attribute("href", re.compile("format=parquet"))


def test_prompts_are_searched_for_what_was_typed_before_they_were_shown(slow_team: Team) -> None:
    for turn in range(TIMES):
        page = go(slow_team, "prompts")
        number = 1 + turn % 19
        tap(page, "#prompt-search", f'"Make {number} from"')
        page.keyboard.press("Enter")
        settle(page)
        holds(page, "#prompt-search", f'"Make {number} from"')
        expect(page.locator(".gradio-container")).to_contain_text(f"Make {number} from 3, 5 and 7.")
        expect(page.locator(".gradio-container")).not_to_contain_text("Make 0 from 3, 5 and 7.")
