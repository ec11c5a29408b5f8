"""What the forms of the Team and People pages say of refused input, in Chromium."""

from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import delete, select

from backend.db import reading, session, tables
from backend.services.people import sessions
from backend.values import Role, RoundStatus, Stage
from tests import rows
from tests.browser.desk import empty, sign_in
from tests.browser.test_team import Team, team
from tests.integration import site

__all__ = ["empty", "team"]
pytestmark = pytest.mark.browser


def field(team: Team, label: str) -> Any:
    return team.page.locator("#team-review-settings").get_by_label(label).first


def refused(team: Team, place: str, text: str) -> None:
    """The message stands beside the form; nothing is covered."""
    team.page.locator(f"#{place} [role=alert]", has_text=text).wait_for()
    assert team.page.locator(".gradio-container span.error").count() == 0
    assert team.page.locator(".toast-body").count() == 0


def test_refused_settings_are_told_beside_the_form_and_stay_typed(team: Team) -> None:
    team.open()
    team.tab("Review settings")
    number, gold = field(team, "num_reviewers_per_item"), field(team, "gold_share")
    team.page.wait_for_function("!document.querySelector('#review-save').disabled")
    number.fill("99")
    gold.fill("0.2")
    team.page.locator("#review-save").click()
    refused(team, "review-problem", "num_reviewers_per_item")
    assert (number.input_value(), gold.input_value()) == ("99", "0.2")
    number.fill("3")
    team.page.locator("#review-save").click()
    team.page.get_by_text("The settings are saved").wait_for()
    expect(team.page.locator("#review-problem [role=alert]")).to_have_count(0)
    with reading() as db:
        stored = db.get_one(tables.Round, team.round.id).review
        assert (stored["num_reviewers_per_item"], stored["gold_share"]) == (3, 0.2)
    team.decide(team.ada, "a")
    mode = field(team, "mode")
    mode.click()
    team.page.get_by_role("option", name="group").click()
    gold.fill("0")
    team.page.locator("#review-save").click()
    team.page.locator("#review-problem", has_text="can't change between samples and groups").wait_for()
    expect(mode).to_have_value("sample")
    assert gold.input_value() == "0"


def test_before_its_review_a_round_shows_no_share_and_its_settings_can_be_corrected(team: Team) -> None:
    with session() as db:
        row = db.get_one(tables.Round, team.round.id)
        row.status, row.stage = RoundStatus.running, Stage.judge
    team.open()
    team.page.locator("#team-progress").get_by_text("The review has not begun").wait_for()
    assert "%" not in team.page.locator("#team-progress").inner_text()
    assert team.page.locator("#team-progress [role=progressbar]").count() == 0
    team.tab("Review settings")
    team.page.wait_for_function("!document.querySelector('#review-save').disabled")
    expect(team.page.locator("#review-close")).to_be_disabled()
    field(team, "num_reviewers_per_item").fill("3")
    team.page.locator("#review-save").click()
    team.page.get_by_text("The settings are saved").wait_for()
    with reading() as db:
        assert db.get_one(tables.Round, team.round.id).review["num_reviewers_per_item"] == 3


def test_closing_says_what_would_stay_open(team: Team) -> None:
    team.decide(team.ada, "axa")
    team.decide(team.ben, "x")
    team.open()
    team.tab("Review settings")
    team.page.wait_for_function("!document.querySelector('#review-close').disabled")
    team.page.locator("#review-close").click()
    element = team.page.locator("#review-closing")
    for text in (
        "37 of 40 items are not decided by anybody",
        "2 of 40 items are decided by fewer people",
        "1 of 40 items is disputed and not settled",
    ):
        element.get_by_text(text).wait_for()
    desk = team.context.new_page()
    desk.goto(f"{site.address()}/review?round={team.round.id}")
    desk.get_by_role("button", name="Close review").click()
    desk.locator("dialog.closing").get_by_text("2 of 40 items are decided by fewer people").wait_for()


def test_refused_samples_and_people_are_told_beside_their_form(team: Team) -> None:
    team.open()
    team.tab("Gold items")
    samples = team.page.locator("#gold-samples textarea, #gold-samples input")
    samples.fill("12, x")
    team.page.locator("#gold-mark").click()
    refused(team, "gold-problem", "'x' is no sample's number")
    expect(samples).to_have_value("12, x")
    samples.fill(f"{team.ids[0]}-{team.ids[2]}")
    team.page.locator("#gold-mark").click()
    team.sees("gold-table", str(team.ids[2]))
    team.tab("Assignments")
    team.page.locator("#assign-give").click()
    refused_now = team.page.locator("#assign-problem [role=alert]", has_text="Nobody is chosen")
    refused_now.wait_for()
    team.tab("Remove work")
    team.page.locator("#removal-preview").click()
    team.page.locator("#removal-problem [role=alert]", has_text="Choose whose work").wait_for()
    assert team.page.locator(".gradio-container span.error").count() == 0


def test_an_invitation_says_that_it_is_made_and_takes_the_refusal_away(team: Team) -> None:
    team.open("people")
    team.page.locator("#person-add").click()
    refused(team, "person-problem", "name is empty")
    team.page.locator("#person-name textarea, #person-name input").fill("maria")
    team.page.locator("#person-add").click()
    team.page.locator(".toast-body", has_text="maria is reviewer now").wait_for()
    team.page.locator("#person-link").wait_for()
    expect(team.page.locator("#person-problem [role=alert]")).to_have_count(0)


def test_ones_own_password_browsers_and_tokens_are_refused_beside_their_form_too(team: Team) -> None:
    team.open("people")
    team.tab("Your account")
    new = team.page.get_by_label("New password").first
    new.fill("short")
    team.page.get_by_role("button", name="Set password").click()
    refused(team, "password-problem", "has 5 characters")
    expect(new).to_have_value("short")
    team.page.get_by_role("button", name="Sign that one out").click()
    refused(team, "session-problem", "No browser is chosen")
    new.fill("long enough for anybody")
    team.page.get_by_role("button", name="Set password").click()
    team.page.locator(".toast-body", has_text="The password is set").wait_for()
    expect(team.page.locator("#password-problem [role=alert]")).to_have_count(0)


def test_a_browser_and_a_token_are_chosen_from_a_list_to_be_ended(team: Team) -> None:
    others = [secret for _, secret in (sessions.create_token(team.curator, name=name) for name in ("one", "two"))]
    elsewhere = team.context.browser.new_context()
    sign_in(elsewhere, team.curator)
    team.open("people")
    team.tab("Your account")
    choose(team, "session-chosen")
    team.page.get_by_role("button", name="Sign that one out").click()
    team.page.locator(".toast-body", has_text="signed out").wait_for()
    assert "/login" in elsewhere.request.get(f"{site.address()}/me", headers={"accept": "text/html"}).url
    elsewhere.close()
    team.tab("Tokens")
    team.page.get_by_role("button", name="Revoke").click()
    team.page.locator("#token-problem [role=alert]", has_text="No token is chosen").wait_for()
    choose(team, "token-chosen", "two")
    team.page.get_by_role("button", name="Revoke").click()
    team.page.wait_for_function("!document.querySelector('#token-problem [role=alert]')")
    assert [sessions.look_up_token(secret) is not None for secret in others] == [True, False]


def choose(team: Team, place: str, text: str = "") -> None:
    team.page.locator(f"#{place} input").click()
    team.page.locator(f"#{place}").get_by_role("option").filter(has_text=text).first.click()


def test_guidelines_are_written_and_stand_beside_the_item(team: Team, chromium: object) -> None:
    team.open()
    team.tab("Guidelines")
    text = team.page.locator("#guidelines-text textarea")
    text.fill("# Be strict\n\nA sum without its result is **wrong**.")
    team.page.locator("#guidelines-save").click()
    team.page.locator(".toast-body", has_text="The guidelines are saved").wait_for()
    team.open()
    team.tab("Guidelines")
    expect(text).to_have_value("# Be strict\n\nA sum without its result is **wrong**.")
    sign_in(team.context, team.ada)
    team.page.goto(f"{site.address()}/review?round={team.round.id}")
    expect(team.page.locator("#review-desk .guidelines strong")).to_have_text("wrong")
    team.open()
    team.tab("Guidelines")
    expect(team.page.locator("#guidelines-save")).to_be_hidden()


def test_a_tab_acts_on_the_project_it_shows_whatever_another_tab_went_to(team: Team) -> None:
    other = rows.make_project("Elsewhere", guidelines="Theirs.")
    with session() as db:
        db.add(tables.Membership(project_id=other.id, user_id=team.curator.user_id, role=Role.admin))
    team.open()
    team.tab("Guidelines")
    text = team.page.locator("#guidelines-text textarea")
    text.fill("Ours.")
    assert team.context.request.get(site.page(other, "team"), headers={"accept": "text/html"}).status == 200
    team.page.locator("#guidelines-save").click()
    team.page.locator(".toast-body", has_text="The guidelines are saved").wait_for()
    with reading() as db:
        guidelines = {row.name: row.guidelines for row in db.scalars(select(tables.Project))}
    assert guidelines == {"Countdown": "Ours.", "Elsewhere": "Theirs."}


def test_a_tab_that_shows_a_project_one_has_left_does_nothing(team: Team) -> None:
    other = rows.make_project("Elsewhere", guidelines="Theirs.")
    with session() as db:
        db.add(tables.Membership(project_id=other.id, user_id=team.curator.user_id, role=Role.admin))
    team.open()
    team.tab("Guidelines")
    team.page.locator("#guidelines-text textarea").fill("Ours.")
    with session() as db:
        db.execute(delete(tables.Membership).where(tables.Membership.project_id == team.project.id))
    team.page.locator("#guidelines-save").click()
    team.page.get_by_text("You are not in the project that this page shows").first.wait_for()
    with reading() as db:
        assert db.get_one(tables.Project, other.id).guidelines == "Theirs."
