"""The form of a new round, in Chromium: its slots may be open or closed when they are drawn."""

import re

from playwright.sync_api import Locator, Page, expect


def estimated(page: Page) -> None:
    """Waits until the form is drawn and what it costs is known: that may be there before, the buttons are not."""
    expect(page.locator("#launch")).to_be_enabled()
    expect(page.locator("#estimate dd").first).to_be_visible()


def opened(page: Page, selector: str) -> Locator:
    """The slot, open: clicked where it is drawn closed, and left alone where it is drawn open."""
    slot = page.locator(selector)
    head = slot.locator("> button")
    head.wait_for()
    if "open" not in (head.get_attribute("class") or "").split():
        head.click()
    expect(head).to_have_class(re.compile(r"\bopen\b"))
    return slot
