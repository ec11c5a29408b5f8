"""What of a round's rows speaks on its judge: blind words at random, known labels, comparisons; and what does not."""

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from app import round_file
from app.cli.commands import app
from app.widgets import judge_health as judge_widget
from backend.db import reading, session, tables
from backend.pipeline.health import HealthEvidence, HealthLimits, Light, evidence
from backend.pipeline.health.weights import weighed
from backend.services import judge_health, round_report
from backend.services.decisions import bulk
from backend.services.decisions.bulk import Filters
from backend.services.people import accounts
from backend.services.projects import overview
from backend.services.queue import gold
from backend.values import DecisionKind, RoundStatus, Stage, Verdict
from tests import rows
from tests.integration import site
from tests.integration.reviewing import ACCEPT, REJECT, SCORE, Team


def gathered(team: Team) -> HealthEvidence:
    with reading() as db:
        return evidence.gather(db, db.get_one(tables.Round, team.round.id))


def witnesses(team: Team) -> dict[int, bool]:
    return {witness.text.id: witness.accepts for witness in gathered(team).witnesses}


def at_random(*sample_ids: int) -> None:
    with session() as db:
        db.execute(update(tables.Decision).where(tables.Decision.sample_id.in_(sample_ids)).values(is_random=True))


def test_only_blind_words_at_random_and_known_labels_are_witnesses(database: str) -> None:
    team = Team(prompts=6)
    a, b, c, d, e, f, g, *_ = team.ids
    gold.mark(team.curator, team.round.id, [g], Verdict.reject)
    team.act("ann", a, REJECT)
    team.act("ann", b, SCORE, score=4.5)
    team.act("ann", c, ACCEPT, is_blind=False)
    team.act("ann", d, ACCEPT)
    team.take_back("ann", team.act("ann", e, REJECT))
    team.act("ann", g, ACCEPT)
    looked = bulk.preview(team.curator, team.round.id, Filters(), ACCEPT)
    bulk.apply(team.curator, team.round.id, Filters(), ACCEPT, reason="all", token=looked.token)
    at_random(a, b, c, e, f)
    assert witnesses(team) == {a: False, b: True, g: False}, "d was not drawn, c not blind, e taken back, f in bulk"
    health_evidence = gathered(team)
    assert [(witness.text.score, witness.text.accepted, witness.score) for witness in health_evidence.witnesses][
        :2
    ] == [
        (5.0, True, None),
        (2.0, False, 4.5),
    ]
    assert (len(health_evidence.texts), health_evidence.texts[0].votes, health_evidence.judge_id) == (
        12,
        1,
        team.round.policy_id,
    )


def test_where_nearly_all_was_decided_nothing_was_chosen(database: str) -> None:
    team = Team(prompts=10)
    with session() as db:
        db.get_one(tables.Round, team.round.id).counts = {"samples": 20, "prompts": 10}
    for n in team.ids[:18]:
        team.act("ann", n, ACCEPT)
    assert witnesses(team) == {}
    team.act("ann", team.ids[18], ACCEPT)
    assert len(witnesses(team)) == 19


def test_what_people_put_first_of_a_group_is_compared_with_the_scores(database: str) -> None:
    team = Team(prompts=2, mode="group")
    a, b, c, d = team.ids
    for item, value in ((a, {"best": b, "worst": None}), (c, {"tie": [c, d]})):
        team.act("ann", item, DecisionKind.prefer, value=value)
    assert gathered(team).better == (), "not drawn at random"
    at_random(a, c)
    with reading() as db:
        group_id = db.get_one(tables.Sample, a).group_id
    better = gathered(team).better
    assert better == ((group_id, 2.0, 5.0),), "the judge scored the first one higher; a tie orders nothing"


def test_an_even_draw_of_groups_stands_for_a_large_round(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    team = Team(prompts=10)
    monkeypatch.setattr(evidence, "MOST_GROUPS", 4)
    health_evidence = gathered(team)
    with reading() as db:
        positions = dict(db.query(tables.Group.id, tables.Group.position).all())
    assert sorted({positions[text.group_id] for text in health_evidence.texts}) == [0, 2, 5, 7]
    assert len(health_evidence.texts) == 8


def held_team() -> Team:
    """A round whose judge is wrong in all that people decided, and that is held."""
    team = Team(prompts=15)
    for n, sample_id in enumerate(team.ids):
        team.act("ann", sample_id, REJECT if n % 2 == 0 else ACCEPT)
    at_random(*team.ids)
    with session() as db:
        row = db.get_one(tables.Round, team.round.id)
        row.status, row.stage, row.step = RoundStatus.held, Stage.train, 4
        row.hold = {"said": "Do not train on this judge.", "figures": [], "at": "2026-01-01T00:00:00+00:00"}
    return team


def test_a_program_reads_the_light_and_lets_a_held_round_train(database: str) -> None:
    team = held_team()
    base = f"/api/v1/rounds/{team.round.id}"
    with site.with_token(team.who("ann")) as ann, site.with_token(team.curator) as curator:
        body = ann.get(f"{base}/judge").json()
        kappa = next(measure for measure in body["measures"] if measure["name"] == "kappa")
        assert (body["light"], kappa["number"]["value"], kappa["number"]["n"]) == ("red", -1.0, 30)
        assert ann.post(f"{base}/release", json={"reason": "because"}).status_code == 403
        assert curator.post(f"{base}/release", json={"reason": " "}).status_code == 422
        assert curator.post(f"{base}/release", json={"reason": "people's labels"}).status_code == 202
        assert curator.post(f"{base}/release", json={"reason": "again"}).status_code == 409
        assert curator.get(base).json()["hold"]["released"]["reason"] == "people's labels"
        limits = f"/api/v1/projects/{team.project.id}/judge-limits"
        assert curator.patch(limits, json={"hold": False, "kappa_red": 0.1}).json()["kappa_red"] == 0.1
        assert curator.get(limits).json()["hold"] is False
        assert curator.patch(limits, json={"kappa_red": 7}).status_code == 422
        assert curator.patch(limits, json={"no_such": 1}).status_code == 422
        assert ann.patch(limits, json={"hold": True}).status_code == 403
        assert curator.post(f"{base}/branch", json={"at": "elsewhere"}).status_code == 422


def test_the_overview_and_the_report_say_that_a_round_is_held(database: str) -> None:
    team = held_team()
    loop = overview.loop(team.curator, team.project.id)
    assert (loop.next_action.kind, loop.next_action.target) == ("held", f"round?round={team.round.id}")
    assert loop.next_action.why == "Round 1 is held before its training. Do not train on this judge."
    assert loop.next_action.cancels_id == team.round.id
    assert overview.loop(team.who("ann"), team.project.id).next_action.kind == "wait"
    report = round_report.get(team.curator, team.round.id)
    assert report.opening.head.hold["said"] == "Do not train on this judge."
    assert report.opening.head.branches == ("judge", "select", "train")
    assert report.judge.light is Light.red
    branch = rows.make_round(team.project, branch_of_id=team.round.id, branch_step=2, status=RoundStatus.done)
    line = overview.loop(team.curator, team.project.id).lines[-1]
    assert (line.round_id, line.branch_of) == (branch.id, 1)


def test_the_command_line_shows_the_light_and_needs_a_reason(database: str) -> None:
    team = held_team()
    accounts.local_owner()
    place = ["--project", str(team.project.id)]
    reply = CliRunner().invoke(app, ["round", "judge", "1", *place])
    assert reply.exit_code == 0, reply.output
    assert reply.output.startswith("red: Do not train on this judge: Cohen’s kappa with people, verdicts -1.00")
    assert "Held before its training: going on needs a reason" in reply.output
    assert CliRunner().invoke(app, ["round", "release", "1", *place]).exit_code != 0
    done = CliRunner().invoke(app, ["round", "release", "1", "--reason", "known", *place, "--json"])
    assert '"status": "running"' in done.output, done.output
    limits = CliRunner().invoke(app, ["round", "judge-limits", "--set", "hold=false", *place])
    assert limits.exit_code == 0, limits.output
    assert judge_health.limits_of(team.curator, team.project.id).hold is False


def test_decisions_correct_the_share_of_right_answers_by_how_they_were_drawn(database: str) -> None:
    """30 texts, of which the judge accepts 15. People reject all: five that the queue chose, then twenty at random."""
    team = Team(prompts=15)
    for n in team.ids[:25]:
        team.act("ann", n, REJECT)
    at_random(*team.ids[5:25])
    words = gathered(team).words
    assert [(word.text.id, word.is_drawn) for word in words] == [(n, n in team.ids[5:]) for n in team.ids[:25]]
    weights = [word.weight for word in weighed(gathered(team), HealthLimits()).words]
    assert weights == [1.0] * 5 + [25 / 20] * 20, "25 of 30 texts were left to draw from"
    health = judge_health.of_round(team.curator, team.round.id)
    assert health.corrected is not None
    number = health.corrected.number
    assert (health.corrected.judge, number.n, health.corrected.chosen, health.corrected.texts) == (0.5, 20, 5, 30)
    assert number.value == pytest.approx(0.0, abs=0.02)
    assert number.high is not None
    assert number.high < 0.2
    with site.with_token(team.curator) as curator:
        reply = curator.get(f"/api/v1/rounds/{team.round.id}/judge").json()["corrected"]
    assert (reply["judge"], reply["number"]["n"]) == (0.5, 20)
    message = judge_widget.shown(health)["corrected"]
    assert message.startswith("Share of right answers: the judge says 50.0%, corrected by 25 decisions 0.0% (95% ")
    assert message.endswith("30 texts, 20 decided at random and 5 that were chosen).")
    assert "50.0%, corrected by 25" in round_file.page(round_report.get(team.curator, team.round.id)).decode()
