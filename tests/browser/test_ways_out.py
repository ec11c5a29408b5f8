"""In Chromium: what a stopped round offers, the question before a checkpoint goes, and forms for those who may."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from backend import jobs
from backend.db import reading, session, tables
from backend.services.recipes import parts
from backend.values import JobStatus, Role, RoundStatus, Stage
from tests import rows
from tests.browser.desk import empty, sign_in
from tests.browser.settled import settled
from tests.browser.test_team import Team

__all__ = ["empty"]
pytestmark = pytest.mark.browser


@pytest.fixture
def team(empty: None, chromium: object) -> Iterator[Team]:
    result = Team(chromium, role=Role.curator)
    yield result
    assert result.errors == []
    result.context.close()


def stop_while_selecting(team: Team) -> int:
    """The team's round, judged and failed in its select stage; the id of the failed job."""
    with session() as db:
        round_ = db.get_one(tables.Round, team.round.id)
        round_.status, round_.stage, round_.error = RoundStatus.failed, Stage.select, "Nothing was kept."
        round_.recipe = parts.validate(round_.recipe)
        for stage, how in ((Stage.judge, JobStatus.done), (Stage.select, JobStatus.failed)):
            job = jobs.enqueue(db, stage=stage, project_id=team.project.id, round_id=round_.id)
            job.status, job.active_key = how, None
            db.flush()
        job.error, job.is_final = "Nothing was kept.", True
        return job.id


def test_a_failed_round_selects_again_with_what_was_typed(team: Team) -> None:
    job_id = stop_while_selecting(team)
    team.open(f"jobs?job={job_id}")
    page = team.page
    expect(page.locator("#ways-out")).to_contain_text("Round 1 ended here")
    expect(page.locator("#job-retry")).to_be_disabled()
    page.locator("#select-again").get_by_label("Min gap (min_gap)").fill("0.5")
    page.locator("#reselect").click()
    expect(page.locator("#select-again")).to_be_hidden()
    with reading() as db:
        round_ = db.get_one(tables.Round, team.round.id)
        newest = db.query(tables.Job).filter_by(round_id=round_.id).order_by(tables.Job.id.desc()).first()
    assert (round_.status, round_.recipe["selector"]["min_gap"]) == (RoundStatus.running, 0.5)
    assert (newest.stage, newest.status) == (Stage.select, JobStatus.queued)


def test_a_failed_round_is_launched_again_from_its_own_settings(team: Team) -> None:
    with session() as db:
        db.get_one(tables.Round, team.round.id).num_prompts = 17
    stop_while_selecting(team)
    team.open("")
    team.page.get_by_role("link", name="Change and launch again").click()
    expect(team.page.locator("#num-prompts input")).to_have_value("17")


def test_a_checkpoint_is_deleted_only_after_a_question(team: Team) -> None:
    spare = rows.make_checkpoint(team.project, "spare")
    team.open(f"checkpoints?checkpoint={spare.id}")
    page = team.page
    page.get_by_role("button", name="Rename or delete").click()
    page.locator("#checkpoint-delete").click()
    expect(page.locator("#checkpoint-delete-said")).to_contain_text("spare leaves the list for good")
    page.locator("#checkpoint-keep").click()
    expect(page.locator("#checkpoint-delete-really")).to_be_hidden()
    page.locator("#checkpoint-delete").click()
    page.locator("#checkpoint-delete-really").click()
    expect(page.locator("#lineage")).not_to_contain_text("spare")
    with reading() as db:
        assert db.get(tables.Checkpoint, spare.id) is None


FORMS = {
    "new-round": ["#launch", "#num-prompts"],
    "prompts": ["#import-go", "#prompt-trash"],
    "checkpoints": ["#try-go", "#register-folder"],
    "jobs": ["#job-cancel"],
    "samples": ["#bulk-preview"],
    "team": ["#assign-give", "#gold-mark", "#guidelines-save"],
    "people": ["#person-add"],
}


@pytest.mark.parametrize("role", [Role.viewer, Role.reviewer])
def test_nobody_sees_a_form_that_will_refuse(team: Team, role: Role) -> None:
    sign_in(team.context, rows.make_actor(team.project, role))
    for path, forms in FORMS.items():
        team.open(path)
        page = team.page
        settled(page)  # its tabs are there
        for tab in page.get_by_role("tab").all():
            tab.click()
            page.wait_for_timeout(300)
            for form in forms:
                expect(page.locator(form)).to_be_hidden()
        for form in forms:
            expect(page.locator(form)).to_be_hidden()
    team.open("new-round")
    expect(team.page.get_by_text("Launching a round needs the role curator")).to_be_visible()


def test_who_may_sees_them(team: Team) -> None:
    team.open("new-round")
    expect(team.page.locator("#launch")).to_be_visible()
    expect(team.page.get_by_text("needs the role")).to_be_hidden()
