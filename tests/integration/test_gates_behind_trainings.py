"""Rounds in which a training stands before the step that people decide before."""

import pytest

from backend.db import reading, session, tables
from backend.errors import InvalidInput
from backend.generators.sample import Sample
from backend.judges.brevity import Brevity
from backend.judges.exact_match import ExactMatch
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe
from backend.schedules.rising_threshold import RisingThreshold
from backend.selectors.above_threshold import AboveThreshold
from backend.selectors.all_prompts import AllPrompts
from backend.selectors.best_versus_worst import BestVersusWorst
from backend.services import reviews, rounds
from backend.services.rounds import review_scope
from backend.trainers.dpo import DPO
from backend.trainers.grpo import GRPO
from backend.trainers.sft import SFT
from backend.values import DatasetType, Role, RoundStatus, Stage
from tests import rows

pytestmark = pytest.mark.usefixtures("database")
STEPS = PromptSet(), AllPrompts(), GRPO(reward=Brevity()), Sample(), ExactMatch(), BestVersusWorst(), DPO()
GATE = 5


def make_round(**columns: object) -> tables.Round:
    project = rows.make_project()
    recipe = Recipe(name="x", title="X", steps=STEPS)
    assert recipe.gate() == GATE
    round_: tables.Round = rows.make_round(project, recipe=recipe.model_dump(mode="json"), is_reviewed=True, **columns)
    return round_


@pytest.mark.parametrize(
    ("stage", "step", "is_before"),
    [
        (Stage.select, 1, True),
        (Stage.train, 2, True),
        (Stage.judge, 4, True),
        (Stage.review, 5, False),
        (Stage.select, 5, False),
        (Stage.train, 6, False),
        (Stage.evaluate, 7, False),
    ],
)
def test_nothing_is_told_of_a_round_that_trains_on_its_way_to_people(stage: Stage, step: int, is_before: bool) -> None:
    assert review_scope.is_before_people(make_round(stage=stage, step=step)) is is_before


def test_closing_keeps_what_was_trained_on_before_people_decided() -> None:
    round_ = make_round(status=RoundStatus.review, stage=Stage.review, step=GATE)
    for step in (1, GATE):
        dataset = rows.make_dataset(round_, DatasetType.prompt_only, [])
        with session() as db:
            db.get_one(tables.Dataset, dataset.id).step = step
    with reading() as db:
        actor = rows.make_actor(db.get_one(tables.Project, round_.project_id), Role.curator)
    reviews.close(actor, round_.id)
    with reading() as db:
        assert [entry.step for entry in db.query(tables.Dataset)] == [1]


def test_a_schedule_that_names_no_knob_is_said_and_not_unexpected() -> None:
    steps = PromptSet(), Sample(), ExactMatch(), AboveThreshold(), SFT()
    recipe = Recipe(name="x", title="X", steps=steps, schedule=RisingThreshold(knob="treshold"))
    project = rows.make_project()
    round_ = rows.make_round(project, recipe=recipe.model_dump(mode="json"), status=RoundStatus.done)
    actor = rows.make_actor(project, Role.curator)
    with pytest.raises(InvalidInput, match="The schedule rising_threshold cannot change this recipe"):
        rounds.defaults(actor, project.id, round_.id)
