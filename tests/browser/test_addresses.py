"""The project in the address, in Chromium: two tabs in two projects, links between people, and where links land."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, update

from backend.db import now, reading, session, tables
from backend.services import projects
from backend.values import JobStatus, Role, Stage
from tests import rows
from tests.browser.desk import empty, sign_in
from tests.browser.test_team import Team
from tests.integration import site

__all__ = ["empty"]
pytestmark = pytest.mark.browser


@pytest.fixture
def team(empty: None, chromium: object) -> Iterator[Team]:
    result = Team(chromium)
    yield result
    assert result.errors == []
    result.context.close()


def running_job(project: tables.Project) -> int:
    """A job of that project which nobody works on."""
    with session() as db:
        job = tables.Job(
            project_id=project.id,
            workflow_id=f"w{project.id}",
            stage=Stage.generate,
            queue="generate",
            status=JobStatus.running,
            spec={"kind": "try"},
            done=1,
            total=9,
            unit="samples",
            started_at=now(),
        )
        db.add(job)
        db.flush()
        return job.id


def join(project: tables.Project, user_id: int) -> None:
    with session() as db:
        db.add(tables.Membership(project_id=project.id, user_id=user_id, role=Role.admin))


def test_two_tabs_in_two_projects_show_and_stop_each_its_own_job(team: Team) -> None:
    other = rows.make_project("Zweites Projekt")
    join(other, team.curator.user_id)
    ours, theirs = running_job(team.project), running_job(other)
    team.page.goto(site.page(team.project, "jobs"))
    expect(team.page.locator(".job h2")).to_contain_text(f"Job {ours}")
    tab = team.context.new_page()
    tab.goto(site.page(team.project, "jobs"))
    tab.locator(".rondo-project summary").click()
    tab.get_by_role("link", name="Zweites Projekt").click()
    tab.wait_for_url(site.page(other, "jobs"))
    assert "/p/zweites-projekt/jobs" in tab.url
    expect(tab.locator(".job h2")).to_contain_text(f"Job {theirs}")
    # What the first tab polls for meanwhile is its own.
    team.page.wait_for_timeout(1500)
    expect(team.page.locator(".job h2")).to_contain_text(f"Job {ours}")
    team.page.locator("#job-cancel").click()
    expect(team.page.locator(".job .rondo-badge")).to_have_text("cancelled")
    expect(tab.locator(".job .rondo-badge")).to_have_text("running")
    tab.locator("#job-cancel").click()
    expect(tab.locator(".job .rondo-badge")).to_have_text("cancelled")
    with reading() as db:
        assert {job.status for job in db.scalars(select(tables.Job))} == {JobStatus.cancelled}


def test_a_link_opens_in_its_project_whichever_the_colleague_was_in(team: Team, chromium: Any) -> None:
    other = rows.make_project("Elsewhere")
    join(other, team.ada.user_id)
    context = chromium.new_context()
    sign_in(context, team.ada)
    page = context.new_page()
    page.goto(site.page(other, "samples"))
    page.goto(site.page(team.project, f"samples?sample={team.ids[7]}"))
    expect(page.locator("#sample-detail h2")).to_have_text(f"Sample {team.ids[7]}")
    expect(page.locator("#sample-detail .sample")).to_be_in_viewport()
    expect(page.locator(".rondo-project summary")).to_contain_text("Countdown")
    for link in page.locator("#sample-detail a").all():
        assert link.evaluate("(a) => a.href").startswith(site.page(team.project))
    page.goto(site.page(team.project, f"review?round={team.round.id}"))
    page.wait_for_selector("#review-desk .answer :is(.text, .markdown)")
    page.goto(site.page(team.project, "review?round=999"))
    expect(page.locator("#review-desk")).to_contain_text("There is no round 999 in this project.")
    context.close()


def test_who_is_not_in_the_project_is_told_what_is_told_where_there_is_none(team: Team) -> None:
    hidden = rows.make_project("Secret")
    replies = []
    for path in (site.page(hidden, "jobs?job=1"), f"{site.address()}/p/nosuch/jobs?job=1"):
        answer = team.page.goto(path)
        assert answer is not None
        assert answer.status == 404
        replies.append(team.page.locator("main").inner_text().replace("secret", "nosuch"))
    assert replies[0] == replies[1]
    team.page.get_by_role("link", name="To your own projects").click()
    team.page.wait_for_url(site.page(team.project))


def test_signing_in_leads_where_the_link_leads_also_after_a_renaming(team: Team) -> None:
    old = site.page(team.project, "datasets?dataset=999")
    projects.edit(team.curator, team.project.id, name="Zahlen & Ziele")
    team.context.clear_cookies()
    team.page.goto(old)
    assert "/login?next=" in team.page.url
    # The password form is a test of its own: here the next page is asked for by who has signed in meanwhile.
    sign_in(team.context, team.curator)
    team.page.reload()
    team.page.wait_for_url(f"{site.address()}/p/zahlen-ziele/datasets?dataset=999")
    expect(team.page.locator("#dataset")).to_contain_text("There is no dataset 999 in this project.")


def test_times_are_in_the_zone_of_the_browser(team: Team, chromium: Any) -> None:
    """UTC 22:30 is the next morning in Kolkata, 5 h 30 min ahead, and the foot of the page names the zone."""
    team.decide(team.ada, "a")
    with session() as db:
        db.execute(update(tables.Decision).values(created_at=datetime(2026, 3, 1, 22, 30, tzinfo=UTC)))
    context = chromium.new_context(timezone_id="Asia/Kolkata", viewport={"width": 1280, "height": 900})
    sign_in(context, team.curator)
    page = context.new_page()
    page.goto(site.page(team.project, "audit"))
    expect(page.locator("#audit-table")).to_contain_text("2 Mar 2026, 04:00")
    expect(page.locator(".rondo-zone")).to_contain_text("Asia/Calcutta")
    context.close()
