"""All projects of a person in a table: what waits, what runs, the last accuracy and what warns, by few statements."""

from typing import Any

import pytest
from sqlalchemy import event, update

from backend.db import reading, session, tables
from backend.db.session import read_engine
from backend.services import review_settings
from backend.services.access import Actor
from backend.services.decisions import item_counts
from backend.services.projects import dashboard, trash
from backend.services.projects.dashboard import ProjectSortKey, ShownProjects
from backend.services.queue import assignments
from backend.values import Role, RoundStatus, Stage, WarningLevel
from tests import rows
from tests.integration import site
from tests.integration.reviewing import ACCEPT, Team


def measured(project: tables.Project, actor: Actor, accuracy: float, before: float) -> tables.Round:
    """A round that is done: its checkpoint's accuracy, and that of what it started from."""
    round_ = rows.make_round(project, status=RoundStatus.done, stage=Stage.evaluate)
    checkpoint = rows.make_checkpoint(project, f"made {round_.id}")
    right = round(4 * accuracy), round(4 * before)
    with session() as db:
        db.execute(update(tables.Round).where(tables.Round.id == round_.id).values(checkpoint_id=checkpoint.id))
        for checkpoint_id, value, number in zip(
            (checkpoint.id, round_.policy_id), (accuracy, before), right, strict=True
        ):
            place = {"project_id": project.id, "round_id": round_.id, "checkpoint_id": checkpoint_id}
            details = {"right": [*range(number)], "wrong": [*range(number, 4)]}
            db.add(tables.Metric(**place, name="held_out_accuracy", value=value, n=4, details=details))
        warning = {"name": "length", "level": WarningLevel.red, "limit": 1.0}
        db.add(tables.RoundWarning(project_id=project.id, round_id=round_.id, **warning))
    return round_


def test_each_project_says_what_waits_runs_and_came_out(database: str) -> None:
    team, other = Team(prompts=4), Team(prompts=2, n=3, scores=(1.0,), mode="group")
    ann, done = team.who("ann"), rows.make_project("Zebra")
    for project in (other.project, done):
        with session() as db:
            db.add(tables.Membership(project_id=project.id, user_id=ann.user_id, role=Role.viewer))
    last = measured(done, ann, 0.75, 0.5)
    rows.make_round(done, status=RoundStatus.failed, stage=Stage.train)
    team.act("bob", team.ids[0], ACCEPT)
    assignments.assign(team.curator, team.round.id, ann.user_id, sample_ids=team.ids[4:7])
    team.act("ann", team.ids[4], ACCEPT)
    states = {state.id: state for state in dashboard.listing(ann)}
    assert list(states) == sorted(states, key=lambda n: states[n].name.casefold())
    mine, groups, best = (states[project.id] for project in (team.project, other.project, done))
    assert [(review.undecided, review.assigned) for review in mine.reviews] == [(6, 2)]
    assert (mine.waits, groups.waits, groups.undecided) == (2, 0, 2), "a viewer has nothing to decide"
    for each in (team, other):
        with reading() as db:
            counts = item_counts.count_items(db, each.round.id, review_settings.read(each.round.review))
        assert states[each.project.id].undecided == counts.items - counts.decided
    assert best.accuracy is not None
    assert best.measured is not None
    assert best.failed is not None
    assert best.change is not None
    assert best.change.value == pytest.approx(0.25)
    assert best.red == 0, "a later round has come"
    assert (best.accuracy.value, best.measured.id, best.failed.stage) == (0.75, last.id, Stage.train)
    assert [state.id for state in dashboard.listing(ann, show=ShownProjects.failed)] == [done.id]
    assert dashboard.listing(ann, sort=ProjectSortKey.waits)[0].id == team.project.id
    assert dashboard.listing(ann, sort=ProjectSortKey.accuracy)[0].id == done.id
    assert [state.id for state in dashboard.listing(ann, name="zEB")] == [done.id]
    trash.put_project(rows.make_actor(other.project), other.project.id)
    assert {state.id for state in dashboard.listing(ann)} == {team.project.id, done.id}
    assert dashboard.listing(rows.make_actor(None)) == []


@pytest.mark.on_sqlite
def test_more_projects_take_no_more_statements(database: str) -> None:
    owner, ran = rows.make_actor(None), list[str]()
    with session() as db:
        db.execute(update(tables.User).where(tables.User.id == owner.user_id).values(is_owner=True))

    def note(*call: Any) -> None:
        ran.append(call[2])

    numbers = []
    event.listen(read_engine(), "before_cursor_execute", note)
    for more in (2, 4):
        for _ in range(more):
            measured(Team(prompts=1).project, owner, 0.5, 0.25)
        ran.clear()
        assert len(dashboard.listing(owner)) == (2 if more == 2 else 6)
        numbers.append(len(ran))
    event.remove(read_engine(), "before_cursor_execute", note)
    assert numbers[0] == numbers[1] <= 15


@pytest.mark.on_sqlite
def test_the_page_shows_sorts_and_filters(database: str) -> None:
    team = Team(prompts=2)
    ann = team.who("ann")
    with site.signed_in(ann) as client:
        page = client.get("/projects").text
        assert f"round={team.round.id}" in page
        assert "4 to decide" in page
        assert "No project passes" in client.get("/projects?show=failed").text
        assert client.get("/projects?sort=nonsense&show=nonsense").status_code == 200
        [state] = client.get("/api/v1/dashboard", params={"sort": "waits"}).json()
        assert (state["name"], state["reviews"][0]["undecided"]) == (team.project.name, 4)
