"""Ctrl-C while pages are open in a browser and a round is being made."""

import pytest

from tests.browser.conftest import Server

pytestmark = pytest.mark.browser

LAUNCH = """() => fetch("/api/v1/projects/1/rounds", {
  method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ is_reviewed: false }),
}).then((answer) => answer.status)"""


def test_ctrl_c_is_quiet_while_pages_are_open_and_a_round_is_made(server: Server, chromium: object) -> None:
    context = chromium.new_context()  # type: ignore[attr-defined]
    assert context.request.post(server.link, max_redirects=0).status == 303
    for path in ("jobs", "samples", "review"):
        page = context.new_page()
        page.goto(f"{server.address}/{path}")
        page.wait_for_function("window.gradio_config && document.querySelector('.gradio-container')")
    assert page.evaluate(LAUNCH) == 201
    page.wait_for_function(
        "() => fetch('/api/v1/projects/1/jobs').then((answer) => answer.text()).then((text) => /running/.test(text))"
    )
    assert server.stop() == 0
    log = server.log.read_text()
    assert "Application shutdown complete" in log
    assert [line for line in log.splitlines() if "Traceback" in line or " ERROR " in line] == [], log
    context.close()
