"""In Chromium: the rows of a dataset are scanned, and a finding is marked as fine."""

from typing import Any

import pytest
from playwright.sync_api import expect

from backend.services.datasets import scan_settings, scans
from tests.browser.desk import empty, sign_in
from tests.browser.settled import fits, settled
from tests.browser.test_warnings import pictured
from tests.integration import site
from tests.integration.test_scans import Here, work

__all__ = ["empty"]
pytestmark = pytest.mark.browser


def test_a_curator_scans_a_dataset_and_lets_a_value_leave(empty: None, chromium: Any) -> None:
    here = Here()
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, here.curator)
    page = context.new_page()
    page.goto(site.page(here.project, f"datasets?dataset={here.dataset.id}"))
    page.get_by_role("tab", name="Scan").click()
    state = page.locator("#scan-state")
    expect(state).to_contain_text("Not scanned yet")
    settled(page)
    page.locator("#scan-go").click()
    expect(state).to_contain_text("waits for a worker")
    scan = scans.newest(here.curator, here.dataset.id)
    assert scan is not None
    assert work(scan.job_id or 0) == 0
    # The page finds it by itself.
    expect(state).to_contain_text("5 rows were looked through. Found: ")
    email = page.locator("#scan-hits").get_by_role("gridcell", name="e-mail address").first
    expect(email).to_be_visible()
    settled(page)
    pictured(page, "scan")
    email.click()
    page.locator("#scan-reason textarea, #scan-reason input").first.fill("made up")
    page.locator("#scan-fine").click()
    expect(page.locator("#scan-hits").get_by_role("gridcell", name="fine", exact=True)).to_have_count(1)
    assert [hit.is_fine for hit in scans.hits(here.curator, scan.id).hits] == [True, False, False, False]
    expect(page.get_by_text("Marked as fine: this value may leave")).to_be_visible()
    expect(state).to_contain_text("All marked as fine in these: e-mail address: 1 row")
    email.click()
    expect(page.locator("#scan-chosen")).to_contain_text("marked as fine by")
    expect(page.locator("#scan-chosen")).to_contain_text("made up")
    # What is held has no link, though the tab was drawn before it was.
    download, why = page.locator("#export-link a"), page.locator("#export-status")
    page.get_by_role("tab", name="Download").click()
    expect(download).to_be_visible()
    scan_settings.change(here.admin, here.project.id, {"mode": "hold"})
    page.get_by_role("tab", name="Scan").click()
    page.get_by_role("tab", name="Download").click()
    expect(why).to_contain_text("Say what becomes of them")
    expect(download).to_have_count(0)
    page.set_viewport_size({"width": 400, "height": 800})
    fits(page)
