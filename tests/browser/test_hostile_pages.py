"""Hostile text in every name and text there is: no page runs it, and nothing is asked of another host."""

import pytest

from backend.db import now, session, tables
from backend.values import JobStatus, Split, Stage
from tests import rows
from tests.browser.test_review import HOSTILE, empty, sign_in  # noqa: F401 - `empty` is a fixture
from tests.integration import site

pytestmark = pytest.mark.browser
BEACON = '<img src="http://203.0.113.9/x.png">'
NAME = f"{BEACON}<svg onload=window.hacked=1>`${{window.hacked=1}}`"
PAGES = ("", "prompts", "new-round", "samples", "review", "jobs", "checkpoints", "datasets", "people")


def hostile_project() -> tables.Project:
    """A project in which every text that a page shows is hostile."""
    project = rows.make_project(NAME, description=HOSTILE, guidelines=HOSTILE)
    text = HOSTILE + BEACON
    prompts = rows.make_prompt_set(project, NAME, prompts=[f"{n} {text}" for n in range(3)])
    rows.make_prompt_set(project, f"held {NAME}", prompts=[f"held {text}"], split=Split.held_out)
    base = rows.make_checkpoint(project, NAME)
    round_ = rows.make_round(project, base, sets=[prompts], error=text)
    made = rows.make_samples(round_, prompts, texts=[f"{n} {text}" for n in range(6)], scores=[1.0, 0.0])
    rows.make_judgments(made, judge="additive_rubric")
    with session() as db:
        db.add(
            tables.Job(
                project_id=project.id, round_id=round_.id, workflow_id="w", stage=Stage.judge, queue="generate",
                status=JobStatus.failed, error=text, log_tail=text, traceback=text, finished_at=now(), started_at=now(),
            )
        )  # fmt: skip
    return project


@pytest.mark.timeout(200)
def test_no_page_runs_what_is_in_its_texts(empty: None, chromium) -> None:  # noqa: F811
    project = hostile_project()
    actor = rows.make_actor(project, name=NAME)
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    strangers: list[str] = []
    context.on(
        "request", lambda r: None if r.url.startswith((site.address(), "data:", "blob:")) else strangers.append(r.url)
    )
    sign_in(context, actor)
    page = context.new_page()
    page.add_init_script("window.alert = () => { window.hacked = 1 }")
    for path in PAGES:
        page.goto(f"{site.address()}/{path}")
        page.wait_for_selector(".gradio-container", timeout=30_000)
        page.wait_for_timeout(2500)
        assert page.evaluate("window.hacked") is None, path
        assert page.locator("img[src='x'], img[src*='203.0.113.9'], svg[onload]").count() == 0, path
    assert strangers == []
    context.close()
