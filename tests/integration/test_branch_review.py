"""A branch that begins after people's review: form, page, Review and command line say that nobody is asked."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from app.cli import AGAIN, main
from app.cli.commands import app
from app.widgets import branch_review, round_form
from app.widgets.round_choice import closed_because, why_closed
from app.widgets.round_opening_texts import opening
from backend import recipes
from backend.db import reading, tables
from backend.errors import InvalidInput, NotFound
from backend.services import plans, reviews, round_report, rounds
from backend.services.people import accounts
from backend.services.plans import Plan
from backend.services.reviews import reopening
from backend.services.rounds import reselect
from backend.values import DecisionKind, RoundStatus
from tests.integration import site
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_judge_hold import Judged


def _read(loop: Judged, plan: Plan) -> Plan:
    """The plan that the form says as it was filled with this one."""
    fields = round_form.filled(loop.actor, loop.project.id, plan)
    held = [field.constructor_args["value"] if hasattr(field, "constructor_args") else field for field in fields]
    held[5:7] = [plan.policy_id, plan.reference_id]  # nothing that can be trained is to choose from here
    return round_form.plan_of(plan.recipe, branch_review.origin_of(loop.actor, plan), held)


def test_a_branch_after_the_review_says_everywhere_that_nobody_is_asked(tiny: Path) -> None:
    loop = Judged(tiny)
    loop.close()
    assert loop.run(loop.round_id, trains=True).status is RoundStatus.done
    plan = plans.branch(loop.actor, loop.round_id, "select")
    for box in branch_review.fields(loop.actor, plan):
        assert (box.constructor_args["value"], box.constructor_args["interactive"]) == (False, False)
        assert box.constructor_args["info"] == branch_review.NOT_ASKED
    assert _read(loop, plan).is_reviewed is True, "what follows the branch is reviewed as before"
    assert "so nobody is asked again" in rounds.estimate(loop.actor, loop.project.id, plan).warnings[0]

    branch = rounds.launch(loop.actor, loop.project.id, plan)
    assert loop.run(branch, trains=True).status is RoundStatus.done
    report = round_report.get(loop.actor, branch)
    assert report.opening.head.is_review_skipped
    assert "not reviewed, as a branch that begins after the review" in opening(report.opening)["facts"]
    assert report.work.people.missing[0].startswith("Nobody was asked: this branch begins after the review.")
    assert "wait for people" not in [stage.what for stage in report.opening.asked.stages]
    row = rounds.get(loop.actor, branch)
    assert closed_because(row) == "skipped"
    assert why_closed(row).startswith("This branch begins after people's review")
    accounts.local_owner()
    asked = ["round", "review-status", str(row.number), "--project", str(loop.project.id)]
    reply = CliRunner().invoke(app, asked)
    assert reply.exit_code == 0, reply.output
    assert "begins after the review, so nobody is asked; 0 of" in reply.stdout
    assert "to go" not in reply.stdout

    first = round_report.get(loop.actor, loop.round_id)
    assert not first.opening.head.is_review_skipped
    assert first.work.people.missing[0].startswith("Nobody decided anything: the review ended without decisions")
    reopening.reopen(loop.actor, branch, reason="to look again")
    assert not round_report.get(loop.actor, branch).opening.head.is_review_skipped, "a curator asks people after all"
    assert closed_because(rounds.get(loop.actor, branch)) == "over"


def test_a_branch_before_the_review_is_reviewed_as_any_round(tiny: Path) -> None:
    loop = Judged(tiny)
    loop.close()
    plan = plans.branch(loop.actor, loop.round_id, "judge")
    reviewed, _ = branch_review.fields(loop.actor, plan)
    assert (reviewed.constructor_args["value"], reviewed.constructor_args["interactive"]) == (True, True)
    assert _read(loop, replace(plan, is_reviewed=False)).is_reviewed is False
    assert "nobody is asked" not in rounds.estimate(loop.actor, loop.project.id, plan).warnings[0]
    branch = loop.run(rounds.launch(loop.actor, loop.project.id, plan))
    assert branch.status is RoundStatus.review
    assert not round_report.get(loop.actor, branch.id).opening.head.is_review_skipped


def test_a_branch_that_went_back_to_people_was_reviewed(tiny: Path) -> None:
    loop = Judged(tiny)
    loop.close()
    assert loop.run(loop.round_id, trains=True).status is RoundStatus.done
    plan = plans.branch(loop.actor, loop.round_id, "select")
    strict = recipes.read(plan.recipe).with_changes({"selector": {"threshold": 9.0}})
    branch = rounds.launch(loop.actor, loop.project.id, replace(plan, recipe=strict.model_dump(mode="json")))
    assert loop.run(branch).status is RoundStatus.review, "nothing was kept"
    with reading() as db:
        first = db.scalars(select(tables.Sample.id).where(tables.Sample.round_id == branch).limit(1)).one()
    reviews.decide_many(loop.actor, branch, [reviews.Act("accept-one", DecisionKind.accept, first)])
    reviews.close(loop.actor, branch)
    assert loop.run(branch, trains=True).status is RoundStatus.done
    row = rounds.get(loop.actor, branch)
    assert closed_because(row) == "over"
    assert why_closed(row).startswith("The review is over")
    assert not round_report.get(loop.actor, branch).opening.head.is_review_skipped
    accounts.local_owner()
    asked = ["round", "review-status", str(row.number), "--project", str(loop.project.id)]
    reply = CliRunner().invoke(app, asked)
    assert "the review is over; 1 of" in reply.stdout


@pytest.mark.parametrize("at", ["select", "train"])
def test_a_review_of_a_branch_that_begins_after_it_is_refused(tiny: Path, at: str) -> None:
    loop = Judged(tiny)
    loop.close()
    assert loop.run(loop.round_id, trains=True).status is RoundStatus.done
    with site.with_token(loop.actor) as client:
        asked = client.post(f"/api/v1/rounds/{loop.round_id}/branch", json={"at": at, "is_reviewed": True})
        assert asked.status_code == 422, asked.text
        assert "begins after people's review, so it waits for nobody. Branch off from an earlier step" in asked.text
    accounts.local_owner()
    command = ["round", "branch", "1", "--from", at, "--project", str(loop.project.id)]
    reply = CliRunner().invoke(app, [*command, "--review"])
    assert isinstance(reply.exception, InvalidInput)
    assert "begins after people's review" in reply.exception.message
    assert len(rounds.list_rounds(loop.actor, loop.project.id)) == 1, "nothing is half launched"
    reply = CliRunner().invoke(app, [*command, "--no-review"])
    assert reply.exit_code == 0, reply.output


def test_selecting_again_names_the_knobs_that_the_selector_has(tiny: Path) -> None:
    loop = Judged(tiny)
    loop.close()
    assert loop.run(loop.round_id, trains=True).status is RoundStatus.done
    with pytest.raises(InvalidInput, match=r"The selector above_threshold has no knob 'min_gap'\. It has .*threshold"):
        reselect.reselect(loop.actor, loop.round_id, {"min_gap": 0.5})


def test_a_shell_is_not_told_to_reload_a_page(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise NotFound("There is no sample 9 in round 1. Reload the page.")

    monkeypatch.setattr("app.cli.commands.app", refuse)
    with pytest.raises(SystemExit) as ended:
        main()
    assert str(ended.value) == f"There is no sample 9 in round 1. {AGAIN}"
