"""Rounds that follow each other by themselves: what launches the next one, and everything that stops them."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app.pages.overview.cards import line_value
from backend import demo
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from backend.pipeline import run as pipeline_run
from backend.services import rounds
from backend.services.plans.auto_rules import RULES
from backend.services.projects import overview
from backend.services.rounds import Plan, auto
from backend.values import JobStatus, Role, RoundStatus, Stage, WarningLevel
from tests import rows
from tests.integration.loop import JUDGE, RIGHT, Loop, dying, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_anchored import of_answers

COUNTS = {"kept": 3, "samples": 3}


class Line:
    """A project whose rounds end when they are told to."""

    def __init__(self, **plan: Any) -> None:
        self.project = rows.make_project()
        self.actor = rows.make_actor(self.project, Role.curator)
        self.base = self.checkpoint(None)
        self.prompts = rows.make_prompt_set(self.project, answers=["1", "2", "3"])
        wanted = Plan(
            recipe=of_answers().model_dump(mode="json"),
            policy_id=self.base.id,
            reference_id=self.base.id,
            sample_set_ids=(self.prompts.id,),
            num_prompts=3,
            seed=5,
            is_reviewed=False,
        )
        self.plan = Plan(**(vars(wanted) | {"num_rounds": 3} | plan))
        self.first = rounds.launch(self.actor, self.project.id, self.plan)

    def checkpoint(self, parent: tables.Checkpoint | None) -> tables.Checkpoint:
        weights = {"name": "transformers", "model": str(demo.MODEL_FOLDER)}
        return rows.make_checkpoint(self.project, parent=parent, location=str(demo.MODEL_FOLDER), engine=weights)

    def end(self, round_id: int, **columns: Any) -> tables.Round:
        """End the round as its last job does."""
        made_one = self.checkpoint(self.base)
        with session() as db:
            job = db.scalars(select(tables.Job).where(tables.Job.active_key == round_id)).one()
            job.status, job.active_key = JobStatus.done, None
            row = db.get_one(tables.Round, round_id)
            ended = {
                "status": RoundStatus.done,
                "stage": Stage.evaluate,
                "checkpoint_id": made_one.id,
                "counts": COUNTS,
            }
            for name, value in (ended | columns).items():
                setattr(row, name, value)
            auto.after_round(db, round_id)
        return self.row(round_id)

    @staticmethod
    def row(round_id: int) -> tables.Round:
        with reading() as db:
            return db.get_one(tables.Round, round_id)

    def count(self) -> int:
        with reading() as db:
            here = tables.Round.project_id == self.project.id
            return db.scalar(select(func.count()).select_from(tables.Round).where(here)) or 0

    def events(self) -> list[tables.Event]:
        with reading() as db:
            return list(db.scalars(select(tables.Event).order_by(tables.Event.id)))


def test_a_round_that_ends_launches_the_next_as_its_starter_would(database: str) -> None:
    line = Line()
    assert line.row(line.first).auto == {"left": 2, "rules": [*RULES]}
    first = line.end(line.first)
    second = line.row(first.auto["next"])
    assert (second.number, second.parent_id, second.seed) == (2, first.id, 6)
    assert (second.policy_id, second.reference_id) == (first.checkpoint_id, first.checkpoint_id)
    assert (second.created_by, second.recipe, second.auto["left"]) == (line.actor.user_id, first.recipe, 1)
    with reading() as db:
        job = db.scalars(select(tables.Job).where(tables.Job.active_key == second.id)).one()
    assert (job.stage, job.created_by) == (Stage.generate, line.actor.user_id)
    launched = line.events()[-1]
    assert (launched.verb, launched.round_id, launched.via) == ("launch round", second.id, "rule")
    third = line.row(line.end(second.id).auto["next"])
    assert third.auto == line.end(third.id).auto == {}
    assert line.count() == 3


def test_one_round_is_as_ever(database: str) -> None:
    line = Line(num_rounds=1)
    assert line.end(line.first).auto == {}
    assert line.count() == 1


def stopped(line: Line, round_id: int, *words: str) -> None:
    """Nothing follows; why stands on the round and in the log."""
    row, count = line.row(round_id), line.count()
    assert "next" not in row.auto
    assert all(word in row.auto["stopped"] for word in words), row.auto
    assert row.status is RoundStatus.done
    event = line.events()[-1]
    assert (event.verb, event.details["reason"]) == ("end automatic rounds", row.auto["stopped"])
    with session() as db:
        auto.after_round(db, round_id)
    assert line.count() == count, "not later either"


def warned(line: Line, level: WarningLevel, *, stops: bool) -> None:
    with session() as db:
        db.add(
            tables.RoundWarning(
                project_id=line.project.id,
                round_id=line.first,
                name="reward_hacking",
                level=level,
                value=0.2,
                limit=0.0,
                stops=stops,
            )
        )


@pytest.mark.parametrize(
    ("level", "stops", "is_over"),
    [(WarningLevel.red, True, True), (WarningLevel.red, False, False), (WarningLevel.amber, True, False)],
)
def test_a_red_warning_ends_the_line_where_the_project_says_so(
    database: str, level: WarningLevel, stops: bool, is_over: bool
) -> None:
    line = Line()
    warned(line, level, stops=stops)
    line.end(line.first)
    if is_over:
        stopped(line, line.first, "reward_hacking", "round 1")
    else:
        assert "next" in line.row(line.first).auto
    unconcerned = Line(stop_rules=("accuracy_fell",))
    warned(unconcerned, level, stops=stops)
    assert "next" in unconcerned.end(unconcerned.first).auto


def test_nothing_kept_ends_the_line(database: str) -> None:
    line = Line()
    line.end(line.first, counts={"kept": 0})
    stopped(line, line.first, "Nothing was kept")
    unconcerned = Line(stop_rules=("accuracy_fell",))
    assert "next" in unconcerned.end(unconcerned.first, counts={"kept": 0}).auto


def measured(line: Line, round_id: int, name: str, value: float, checkpoint_id: int | None = None) -> None:
    with session() as db:
        db.add(
            tables.Metric(
                project_id=line.project.id,
                round_id=round_id,
                checkpoint_id=checkpoint_id,
                name=name,
                value=value,
                low=value - 0.05,
                high=value + 0.05,
                n=400,
            )
        )


@pytest.mark.parametrize(("fall", "ends"), [(0.3, True), (0.02, False)])
def test_a_fall_of_the_accuracy_beyond_chance_ends_the_line(database: str, fall: float, ends: bool) -> None:
    line = Line()
    measured(line, line.first, "held_out_accuracy", 0.8, line.base.id)
    made_one = line.checkpoint(line.base)
    measured(line, line.first, "held_out_accuracy", 0.8 - fall, made_one.id)
    row = line.end(line.first, checkpoint_id=made_one.id)
    assert ("next" in row.auto) is not ends
    if ends:
        stopped(line, line.first, "Held-out accuracy fell from 80.0%", "to 50.0% (round 1)")


def test_people_who_agree_less_with_the_judge_end_the_line(database: str) -> None:
    line = Line()
    second = line.end(line.first).auto["next"]
    measured(line, line.first, "judge_accuracy_people", 0.9)
    measured(line, second, "judge_accuracy_people", 0.6)
    line.end(second)
    stopped(line, second, "blind verdicts", "90.0%", "60.0%")


def test_a_starter_who_may_not_launch_any_more_ends_the_line(database: str) -> None:
    line = Line()
    with session() as db:
        key = (line.project.id, line.actor.user_id)
        db.get_one(tables.Membership, key).role = Role.reviewer
    line.end(line.first)
    stopped(line, line.first, f"in the name of {line.actor.name}", "needs the role curator")
    gone = Line()
    with session() as db:
        db.get_one(tables.User, gone.actor.user_id).is_active = False
    gone.end(gone.first)
    stopped(gone, gone.first, "no longer active")
    forgotten = Line()
    forgotten.end(forgotten.first, created_by=None)
    stopped(forgotten, forgotten.first, "no account")


def test_what_cannot_be_launched_ends_the_line_and_not_the_round(database: str) -> None:
    line = Line()
    with session() as db:
        db.get_one(tables.PromptSet, line.prompts.id).num_prompts = 0
    line.end(line.first)
    stopped(line, line.first, "is empty")
    assert line.count() == 1


def test_a_person_stops_after_a_round(database: str) -> None:
    line = Line()
    view = overview.loop(line.actor, line.project.id)
    assert view.stops_id == line.first
    assert line_value(view.rounds[0], view)["follows"] == "2 more rounds follow."
    reviewer, stranger = rows.make_actor(line.project, Role.reviewer), rows.make_actor()
    assert overview.loop(reviewer, line.project.id).stops_id is None
    with pytest.raises(PermissionDenied):
        auto.stop(reviewer, line.first)
    with pytest.raises(NotFound):
        auto.stop(stranger, line.first)
    auto.stop(line.actor, line.first)
    assert line.events()[-1].verb == "stop after round"
    with pytest.raises(Conflict, match="No round would follow round 1"):
        auto.stop(line.actor, line.first)
    view = overview.loop(line.actor, line.project.id)
    assert view.stops_id is None
    assert line_value(view.rounds[0], view)["follows"].endswith(f"{line.actor.name} stopped them.")
    assert line.end(line.first).auto["stopped"] == f"{line.actor.name} stopped them."
    assert line.count() == 1
    with pytest.raises(Conflict):
        auto.stop(line.actor, line.first)


def test_a_round_again_is_as_many_rounds_again_and_the_next_one_is_one(database: str) -> None:
    line = Line(stop_rules=("nothing_kept",))
    again = rounds.again(line.actor, line.project.id, line.first)
    assert (again.num_rounds, again.stop_rules) == (3, ("nothing_kept",))
    assert rounds.defaults(line.actor, line.project.id, line.first).num_rounds == 1


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"num_rounds": 0}, "Rounds to run"),
        ({"num_rounds": 101}, "Rounds to run"),
        ({"stop_rules": ("boredom",)}, "no rule 'boredom'.*accuracy_fell"),
    ],
)
def test_numbers_and_rules_that_there_are_not_are_refused(database: str, wrong: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidInput, match=text):
        Line(**wrong)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_two_rounds_killed_in_every_transaction_follow_each_other_once(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline_run, "run_job", partial(pipeline_run.run_job, after_round=auto.after_round))
    loop = Loop(of_answers().with_changes({"trainer": {"max_steps": 1}}), JUDGE, tiny)
    loop.policy = loop.base
    first = loop.launch(num_rounds=2)
    with dying(monkeypatch) as kills:
        ended = loop.run(first, trains=True)
        assert (ended.status, ended.error) == (RoundStatus.done, None)
        last = loop.run(ended.auto["next"], trains=True)
    assert kills[0] > 10
    assert (last.status, last.number, last.policy_id) == (RoundStatus.done, 2, ended.checkpoint_id)
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(tables.Round)) == 2
    # With the next seed the same known answers, in another order.
    texts = [sorted(row[7] for row in rows_of_round(entry)["texts"]) for entry in (first, last.id)]
    assert texts[0] == texts[1] == sorted(RIGHT.values())
