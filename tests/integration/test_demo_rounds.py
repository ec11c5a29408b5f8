"""`rondo demo --headless` in a data folder that has rounds already; a stand-in for the worker ends each round."""

import pytest

from backend.db import now, session, tables
from backend.errors import RondoError
from backend.services import demo, rounds
from backend.services.access import Actor
from backend.values import RoundStatus, Split, Stage
from tests import rows

pytestmark = pytest.mark.usefixtures("database")
MODEL = {"engine": {"name": "transformers", "model": "models/base"}}


def end(round_id: int) -> None:
    """Give the round a checkpoint, and measure it and what it started from."""
    with session() as db:
        row = db.get_one(tables.Round, round_id)
        checkpoint = tables.Checkpoint(
            project_id=row.project_id,
            name=f"round-{row.number}",
            kind="full",
            location="x",
            parent_id=row.policy_id,
            **MODEL,
        )
        db.add(checkpoint)
        db.flush()
        row.status, row.stage, row.checkpoint_id, row.finished_at = (
            RoundStatus.done,
            Stage.evaluate,
            checkpoint.id,
            now(),
        )
        row.counts = {"samples": 6, "kept": 2}
        for checkpoint_id, number in ((row.policy_id, row.number - 1), (checkpoint.id, row.number)):
            common = {"project_id": row.project_id, "round_id": round_id, "name": "held_out_accuracy", "n": 40}
            db.add(tables.Metric(checkpoint_id=checkpoint_id, value=0.4 + number / 10, **common))


def test_the_base_comes_first_as_number_0_whatever_rounds_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    rows.make_checkpoint(project, "base", **MODEL)
    rows.make_prompt_set(project)
    rows.make_prompt_set(project, answers=["4"] * 3, split=Split.held_out)

    def wait(asking: Actor, round_id: int, status: RoundStatus, **_: object) -> rounds.RoundView:
        end(round_id)
        return rounds.get(asking, round_id)

    monkeypatch.setattr(demo, "wait", wait)
    first = demo.run_headless(actor, project.id, num_rounds=1, seed=1)
    later = demo.run_headless(actor, project.id, num_rounds=2, seed=1)
    assert [(round_result.number, round_result.checkpoint) for round_result in first] == [(0, "base"), (1, "round-1")]
    assert [(round_result.number, round_result.checkpoint) for round_result in later] == [
        (0, "base"),
        (2, "round-2"),
        (3, "round-3"),
    ]
    assert [round_result.held_out_accuracy for round_result in later] == pytest.approx([0.4, 0.6, 0.7])
    assert [(round_result.samples, round_result.kept) for round_result in later] == [(0, 0), (6, 2), (6, 2)]


def test_waiting_for_the_end_of_a_round_that_went_back_to_people_ends_with_its_reason() -> None:
    project = rows.make_project()
    round_ = rows.make_round(project, status=RoundStatus.review, stage=Stage.review, error="kept nothing of 3 groups")
    stages: list[str] = []
    with pytest.raises(RondoError, match="kept nothing of 3 groups"):
        demo.wait(rows.make_actor(project), round_.id, RoundStatus.done, tell=stages.append)
    assert stages == ["Round 1: review"]


def test_waiting_for_the_end_of_a_round_that_is_held_ends_with_the_way_out() -> None:
    project = rows.make_project()
    text = "People contradict the judge."
    round_ = rows.make_round(project, status=RoundStatus.held, stage=Stage.train, hold={"said": text})
    with pytest.raises(RondoError, match=rf"{text} Let it go on with `rondo round release {round_.number} --reason"):
        demo.wait(rows.make_actor(project), round_.id, RoundStatus.done)
