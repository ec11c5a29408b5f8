"""What the overview does at a click: launching the next round, and cancelling one that waits."""

import pytest

from backend.db import tables
from backend.errors import Conflict, PermissionDenied
from backend.services import reviews, rounds
from backend.services.access import Actor
from backend.services.projects import overview
from backend.values import Role, RoundStatus, Split, Stage
from tests import rows

pytestmark = pytest.mark.usefixtures("database")


def launchable() -> tuple[Actor, tables.Project, tables.Round]:
    """A project whose first round is done and can be followed by another."""
    project = rows.make_project()
    engine = {"engine": {"name": "transformers", "model": "models/base"}}
    base = rows.make_checkpoint(project, **engine)
    checkpoint = rows.make_checkpoint(project, parent=base, **engine)
    sets = {"sets": [rows.make_prompt_set(project)], "held_out": [rows.make_prompt_set(project, split=Split.held_out)]}
    done = {"status": RoundStatus.done, "checkpoint_id": checkpoint.id}
    return rows.make_actor(project), project, rows.make_round(project, base, **sets, **done)


def test_launching_the_next_round_takes_its_checkpoint() -> None:
    actor, project, first = launchable()
    second = rounds.get(actor, overview.launch_next(actor, project.id, expected=["next", first.id, 1]))
    assert (second.number, second.parent_id, second.policy_id) == (2, first.id, first.checkpoint_id)


def test_a_second_click_launches_nothing() -> None:
    actor, project, first = launchable()
    overview.launch_next(actor, project.id, expected=["next", first.id, 1])
    with pytest.raises(Conflict, match="nothing was launched"):
        overview.launch_next(actor, project.id, expected=["next", first.id, 1])
    assert len(rounds.list_rounds(actor, project.id)) == 2


@pytest.mark.parametrize("role", [Role.viewer, Role.reviewer, Role.curator])
def test_a_waiting_round_is_offered_for_cancelling_to_who_may(role: Role) -> None:
    project = rows.make_project()
    round_ = rows.make_round(project, status=RoundStatus.review, stage=Stage.review)
    offered = overview.loop(rows.make_actor(project, role), project.id).next_action.cancels_id
    assert offered == (round_.id if role is Role.curator else None)


def test_a_cancelled_review_has_an_end_and_is_cancelled_once() -> None:
    project = rows.make_project()
    curator = rows.make_actor(project, Role.curator)
    round_ = rows.make_round(project, status=RoundStatus.review, stage=Stage.review)
    with pytest.raises(PermissionDenied):
        rounds.cancel(rows.make_actor(project, Role.reviewer), round_.id, only_waiting=True)
    rounds.cancel(curator, round_.id, only_waiting=True)
    round_view = rounds.get(curator, round_.id)
    assert round_view.status is RoundStatus.cancelled
    assert round_view.finished_at is not None
    with pytest.raises(Conflict, match="waits for nobody any more"):
        rounds.cancel(curator, round_.id, only_waiting=True)
    with pytest.raises(Conflict, match="nothing to cancel"):
        rounds.cancel(curator, round_.id)


def test_cancelling_a_review_that_was_closed_meanwhile_stops_no_job() -> None:
    project = rows.make_project()
    curator = rows.make_actor(project, Role.curator)
    round_ = rows.make_round(project, status=RoundStatus.review, stage=Stage.review)
    reviews.close(curator, round_.id)
    with pytest.raises(Conflict, match="waits for nobody any more"):
        rounds.cancel(curator, round_.id, only_waiting=True)
    assert rounds.get(curator, round_.id).status is RoundStatus.running
    rounds.cancel(curator, round_.id)
    assert rounds.get(curator, round_.id).status is RoundStatus.cancelled
