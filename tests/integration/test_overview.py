"""The overview: one line a round, and one recommended action for every state of the loop."""

import pytest

from backend import jobs
from backend.db import session, tables
from backend.errors import NotFound
from backend.services import reviews, rounds
from backend.services.projects import overview
from backend.values import JobStatus, LabelSource, Role, RoundStatus, Split, Stage
from tests import rows
from tests.integration.measured import finish, measure
from tests.integration.reviewing import ACCEPT, Team

pytestmark = pytest.mark.usefixtures("database")


def test_a_new_project_is_told_to_import_then_to_register_then_to_launch() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    assert overview.loop(actor, project.id).next_action.kind == "import"
    rows.make_prompt_set(project, split=Split.held_out)
    assert overview.loop(actor, project.id).next_action.kind == "import", "held-out prompts alone start no round"
    rows.make_prompt_set(project)
    assert overview.loop(actor, project.id).next_action.kind == "register"
    rows.make_checkpoint(project)
    action = overview.loop(actor, project.id).next_action
    assert (action.kind, action.target) == ("launch", "new-round")
    assert overview.loop(actor, project.id).lines == ()


def test_a_running_round_is_watched_and_shows_its_job() -> None:
    project = rows.make_project()
    actor, round_ = rows.make_actor(project), rows.make_round(project)
    with session() as db:
        job = jobs.enqueue(db, stage=Stage.generate, project_id=project.id, round_id=round_.id)
        job.status, job.done, job.total, job.unit = JobStatus.running, 30, 120, "samples"
    loop = overview.loop(actor, project.id)
    assert [line.number for line in loop.lines] == [0, 1]
    line = loop.rounds[0]
    assert (line.samples, line.judged, line.progress and line.progress.share) == (30, None, 0.25)
    assert (loop.next_action.kind, loop.next_action.target) == ("watch", f"jobs?job={job.id}")


def test_a_round_in_review_counts_what_is_left() -> None:
    project = rows.make_project()
    actor, prompts = rows.make_actor(project), rows.make_prompt_set(project, prompts=4)
    counts = {"samples": 8, "judgments": 8}
    round_ = rows.make_round(project, status=RoundStatus.review, stage=Stage.judge, counts=counts)
    samples = rows.make_samples(round_, prompts, scores=[1.0, 0.0])
    with session() as db:
        for sample, is_overridden in ((samples[0], True), (samples[1], False), (samples[2], False)):
            label = db.get_one(tables.Label, sample.id)
            label.source, label.is_overridden = LabelSource.person, is_overridden
        written = db.get_one(tables.Label, samples[3].id)
        written.source, written.kind = LabelSource.person, "edit"
    loop = overview.loop(actor, project.id)
    assert loop.next_action.kind == "review"
    assert loop.next_action.target == f"review?round={round_.id}"
    assert "3 of 7 samples are decided, 4 left" in loop.next_action.why, "what a person wrote is no item"
    assert (loop.rounds[0].decided, loop.rounds[0].overridden, loop.rounds[0].overridden_share) == (3, 1, 1 / 3)
    assert loop.rounds[0].looked_at_share == 3 / 8


def test_a_round_starts_from_no_checkpoint_but_the_projects_own() -> None:
    project, other = rows.make_project(), rows.make_project()
    actor = rows.make_actor(project)
    foreign = rows.make_checkpoint(other)
    for has_rounds in (False, True):
        if has_rounds:
            finish(project, rows.make_checkpoint(project))
        for n in (999, foreign.id):
            with pytest.raises(NotFound, match=f"no checkpoint {n} in this project"):
                rounds.defaults(actor, project.id, base_id=n)


def test_what_lacks_a_second_word_is_left() -> None:
    team = Team(prompts=2, num_reviewers_per_item=2)

    def advice() -> tuple[str, list[object]]:
        review_progress = reviews.progress(team.who("ann"), team.round.id)
        why = overview.loop(team.curator, team.project.id).next_action.why
        return why.rpartition(": ")[2], [review_progress.samples, review_progress.decided, review_progress.remaining]

    for n in team.ids:
        team.act("ann", n, ACCEPT)
    assert advice() == ("0 of 4 samples are decided, 4 left.", [4, 4, 4])
    for n in team.ids[:3]:
        team.act("bob", n, ACCEPT)
    assert advice() == ("3 of 4 samples are decided, 1 left.", [4, 4, 1])


def test_a_failed_round_leads_to_its_newest_job() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    round_ = rows.make_round(project, status=RoundStatus.failed, stage=Stage.train, error="The process ended.")
    with session() as db:
        job = jobs.enqueue(db, stage=Stage.train, project_id=project.id, round_id=round_.id)
        job.status, job.active_key = JobStatus.failed, None
    loop = overview.loop(actor, project.id)
    assert (loop.next_action.kind, loop.next_action.target) == ("failed", f"jobs?job={job.id}")
    assert loop.rounds[0].error == "The process ended."


def test_a_done_round_offers_the_next_from_its_checkpoint() -> None:
    project = rows.make_project()
    actor, base = rows.make_actor(project), rows.make_checkpoint(project)
    counts = {"samples": 200, "judgments": 600, "kept": 50, "decided": 80, "overridden": 20}
    round_, checkpoint = finish(project, base, counts=counts)
    measure(round_, base.id, 0.43)
    measure(round_, checkpoint.id, 0.60)
    loop = overview.loop(actor, project.id)
    first, line = loop.lines
    assert (first.number, first.checkpoint) == (0, base.name)
    assert first.accuracy is not None
    assert (first.accuracy.value, first.accuracy.low, first.accuracy.n) == (0.43, 0.38, 400)
    assert line.accuracy is not None
    assert line.accuracy.value == 0.60
    assert (line.samples, line.judged, line.kept, line.overridden_share, line.kept_share) == (200, 200, 50, 0.25, 0.25)
    assert line.looked_at_share == 0.4
    action = loop.next_action
    assert (action.kind, action.parent_id, action.target) == ("next", round_.id, f"new-round?from={round_.id}")


def test_a_cancelled_training_can_be_resumed() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    round_ = rows.make_round(project, status=RoundStatus.cancelled, stage=Stage.train)
    with session() as db:
        job = jobs.enqueue(db, stage=Stage.train, project_id=project.id, round_id=round_.id)
        job.status, job.active_key, job.done, job.total, job.unit = JobStatus.cancelled, None, 30, 120, "steps"
    action = overview.loop(actor, project.id).next_action
    assert (action.kind, action.target) == ("resume", f"jobs?job={job.id}")
    assert "cancelled while it was to train, 30 of 120 steps done" in action.why


def test_a_round_from_an_earlier_one_shows_its_parent() -> None:
    project = rows.make_project()
    actor, base = rows.make_actor(project), rows.make_checkpoint(project)
    first, checkpoint = finish(project, base)
    finish(project, checkpoint, parent_id=first.id)
    finish(project, checkpoint, parent_id=first.id)
    assert [line.parent for line in overview.loop(actor, project.id).lines] == [None, 0, 1, 1]


def test_a_cancelled_first_round_starts_over_from_the_base() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    rows.make_round(project, status=RoundStatus.cancelled)
    action = overview.loop(actor, project.id).next_action
    assert action.kind == "launch"
    assert action.target.startswith("new-round?base=")


@pytest.mark.parametrize(("role", "kind"), [(Role.viewer, "wait"), (Role.reviewer, "wait"), (Role.curator, "next")])
def test_who_may_not_launch_is_told_who_may(role: Role, kind: str) -> None:
    project = rows.make_project()
    finish(project, rows.make_checkpoint(project))
    action = overview.loop(rows.make_actor(project, role), project.id).next_action
    assert action.kind == kind
    assert kind != "wait" or "a curator can: launch round 2" in action.why


def test_a_stranger_sees_nothing() -> None:
    project = rows.make_project()
    with pytest.raises(NotFound):
        overview.loop(rows.make_actor(), project.id)
