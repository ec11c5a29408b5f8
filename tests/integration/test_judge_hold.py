"""A judge that errs on purpose: its round is held before training, let go on with a reason, and trained."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from backend import recipes
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput, PermissionDenied
from backend.pipeline.health import Light
from backend.services import judge_health, reviews, rounds
from backend.services.rounds import reselect
from backend.values import DecisionKind, Role, RoundStatus, Stage
from tests import rows
from tests.integration.loop import TRAINING, Loop
from tests.integration.loop import tiny as tiny  # a fixture

POLICY = {
    "name": "scripted",
    "rules": [
        {"pattern": "The sum is 1", "reply": "6 * 7 = 41;N"},
        {"pattern": "The sum is [2-9]", "reply": "6 * 7 = 42;Y"},
        {"pattern": "prompt", "reply": ("The sum is 1", "The sum is 2", "The sum is 3", "The sum is 4")},
    ],
}
"""Says yes to all but 1."""


def recipe(**changes: Any) -> recipes.Recipe:
    data = {
        "name": "held",
        "title": "Held",
        "steps": [
            {"part": {"name": "prompt_set"}, "kind": "prompt_source"},
            {"part": {"name": "sample", "n": 4, "temperature": 1.0}, "kind": "generator"},
            {"part": {"name": "written_verdict"}, "kind": "judge"},
            {"part": {"name": "above_threshold"}, "kind": "selector"},
            {"part": {"name": "sft", "start": "base"} | TRAINING, "kind": "trainer"},
        ],
    }
    return recipes.read(data | changes)


class Judged(Loop):
    """A round of 10 prompts with 4 texts each, which waits for people."""

    def __init__(self, folder: Path, **plan: Any) -> None:
        super().__init__(recipe(), POLICY, folder)
        self.prompts = rows.make_prompt_set(self.project, prompts=[f"prompt {n}" for n in range(10)])
        self.round_id = self.launch(is_reviewed=True, **plan)
        assert self.run(self.round_id).status is RoundStatus.review

    def decide(self, number: int, good: str, *, round_id: int | None = None, is_random: bool = True) -> None:
        """People accept the texts that end so, of the first `number`; `is_random`: the queue had drawn them so."""
        sample = tables.Sample
        with reading() as db:
            query = select(sample.id, sample.text).where(sample.round_id == (round_id or self.round_id))
            texts = db.execute(query.order_by(sample.id)).all()[:number]
        kind = {True: DecisionKind.accept, False: DecisionKind.reject}
        acts = [reviews.Act(f"decide-{n:05}", kind[text.endswith(good)], n) for n, text in texts]
        reviews.decide_many(self.actor, round_id or self.round_id, acts)
        with session() as db:
            db.execute(update(tables.Decision).values(is_random=is_random))

    def close(self) -> tables.Round:
        reviews.close(self.actor, self.round_id)
        return self.run(self.round_id)


def test_a_red_light_holds_the_round_until_somebody_says_why_it_goes_on(tiny: Path) -> None:
    result = Judged(tiny)
    result.decide(40, "1")
    health = judge_health.of_round(result.actor, result.round_id)
    assert health.light is Light.red
    kappa = next(measure for measure in health.measures if measure.name == "kappa")
    assert kappa.number.n == 40
    assert kappa.number.value is not None
    assert kappa.number.value < 0
    at = reviews.closing(result.actor, result.round_id)
    assert (at.judge_light, at.holds) == ("red", True)
    held = result.close()
    assert (held.status, held.stage, held.step, held.checkpoint_id) == (RoundStatus.held, Stage.train, 4, None)
    assert result.waiting(result.round_id) is None, "no job until somebody says so"
    assert held.hold["said"] == health.sentence
    assert [figure["name"] for figure in held.hold["figures"]] == [
        health_measure.name for health_measure in health.reds()
    ]

    with pytest.raises(InvalidInput, match="The reason is empty"):
        judge_health.release(result.actor, result.round_id, "  \n")
    with pytest.raises(PermissionDenied):
        judge_health.release(rows.make_actor(result.project, Role.reviewer), result.round_id, "because")
    judge_health.release(result.actor, result.round_id, " The labels are people’s. ")
    with pytest.raises(Conflict, match="is running and not held"):
        judge_health.release(result.actor, result.round_id, "again")
    done = result.run(result.round_id, trains=True)
    assert (done.status, done.error) == (RoundStatus.done, None)
    assert done.checkpoint_id is not None
    assert done.hold["released"]["reason"] == "The labels are people’s."
    assert done.hold["released"]["who"] == result.actor.name
    after = judge_health.of_round(result.actor, result.round_id)
    assert after.sentence.startswith("Do not train the next round on this judge: ")
    assert after.sentence.partition(": ")[2] == health.sentence.partition(": ")[2]
    with reading() as db:
        event = db.scalars(select(tables.Event).where(tables.Event.verb == "let round train")).one()
    assert event.details["reason"] == "The labels are people’s."


def test_a_judge_whom_people_contradict_in_nothing_holds_no_round(tiny: Path) -> None:
    result = Judged(tiny)
    with reading() as db:
        label = tables.Label
        good = dict(db.execute(select(label.sample_id, label.machine_verdict)).tuples().all())
    acts = [reviews.Act(f"agree-{n:06}", DecisionKind(verdict), n) for n, verdict in good.items()]
    reviews.decide_many(result.actor, result.round_id, acts)
    assert judge_health.of_round(result.actor, result.round_id).light in (Light.ok, Light.amber)
    assert result.close().status is RoundStatus.running
    assert result.waiting(result.round_id).stage is Stage.train


def test_unknown_is_not_red_and_a_project_can_switch_the_hold_off(tiny: Path) -> None:
    result = Judged(tiny)
    result.decide(19, "1")
    health = judge_health.of_round(result.actor, result.round_id)
    kappa = next(measure for measure in health.measures if measure.name == "kappa")
    assert (kappa.light, kappa.number.value, kappa.number.n) == (Light.unknown, None, 19)
    assert kappa.missing.startswith("19 blind decisions at random and gold items; at least 20 are needed.")
    limits = judge_health.set_limits(result.actor, result.project.id, {"fewest": 10, "hold": False})
    assert (limits.fewest, limits.hold, limits.kappa_red) == (10, False, 0.2)
    assert judge_health.of_round(result.actor, result.round_id).light is Light.red
    assert result.close().status is RoundStatus.running
    assert result.waiting(result.round_id).stage is Stage.train
    with pytest.raises(InvalidInput, match="The limit kappa_red is wrong"):
        judge_health.set_limits(result.actor, result.project.id, {"kappa_red": 3})
    with pytest.raises(PermissionDenied):
        judge_health.set_limits(rows.make_actor(result.project, Role.reviewer), result.project.id, {"hold": True})
    assert judge_health.set_limits(result.actor, result.project.id, {"hold": None}).hold is True


def test_a_loop_without_people_is_not_held(tiny: Path) -> None:
    loop = Loop(recipe(), POLICY, tiny)
    round_id = loop.launch()
    assert loop.run(round_id).status is RoundStatus.running
    assert loop.waiting(round_id).stage is Stage.train
    health = judge_health.of_round(loop.actor, round_id)
    assert all(measure.light is not Light.red for measure in health.measures)
    assert "Nobody reviews this round" in next(
        measure.missing for measure in health.measures if measure.name == "kappa"
    )


def test_a_held_round_selects_again_and_can_be_cancelled(tiny: Path) -> None:
    result = Judged(tiny)
    result.decide(40, "1")
    result.close()
    reselect.reselect(result.actor, result.round_id, {"threshold": 0.1})
    again = result.run(result.round_id)
    assert (again.status, again.recipe["selector"]["threshold"]) == (RoundStatus.held, 0.1)
    rounds.cancel(result.actor, result.round_id)
    round_view = rounds.get(result.actor, result.round_id)
    assert (round_view.status, round_view.hold) == (RoundStatus.cancelled, {}), "it is held no more"


def test_who_will_decide_is_not_told_of_the_judge(tiny: Path) -> None:
    result = Judged(tiny)
    result.decide(40, "1")
    reviewer = rows.make_actor(result.project, Role.reviewer)
    hidden = judge_health.of_round(reviewer, result.round_id)
    assert (hidden.light, hidden.measures, hidden.sentence) == (Light.unknown, (), judge_health.WAITING)
    result.close()
    assert judge_health.of_round(reviewer, result.round_id).light is Light.red
