"""Rounds whose recipe is no row of slots: scripted texts, real training, killed at every transaction and run again."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from backend.db import reading, tables
from backend.generators.sample import Sample
from backend.judges.additive_rubric import AdditiveRubric
from backend.judges.exact_match import ExactMatch
from backend.prompt_sources.ask import Ask
from backend.prompt_sources.prompt_set import PromptSet
from backend.prompt_sources.widest import Widest
from backend.recipes import Step
from backend.selectors.above_threshold import AboveThreshold
from backend.selectors.best_versus_worst import BestVersusWorst
from backend.trainers.dpo import DPO
from backend.trainers.sft import SFT
from backend.values import RoundStatus, Stage
from tests.integration.loop import (
    JUDGE,
    SOLVER,
    TRAINING,
    Loop,
    both,
    dying,
    meta_rewarding,
    of_steps,
    rows_of_round,
    star,
)
from tests.integration.loop import tiny as tiny  # a fixture


@pytest.mark.parametrize(("recipe", "engine"), [(star, SOLVER), (meta_rewarding, JUDGE)])
def test_killed_in_every_transaction_it_makes_the_same(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, recipe: Any, engine: dict[str, Any]
) -> None:
    both(Loop(recipe(), engine, tiny), monkeypatch, trains=False)


def test_two_roles_answer_the_same_questions_and_each_text_is_judged_once(tiny: Path) -> None:
    judge = AdditiveRubric(votes=1)
    recipe = of_steps(
        PromptSet(),
        Sample(n=2),
        judge,
        Step(Sample(n=2), by="other"),
        judge,
        Step(BestVersusWorst(), roles=("other",)),
        DPO(**TRAINING, start="base"),
    )
    loop = Loop(recipe, JUDGE, tiny)
    # The same checkpoint in both roles: texts at the same place are told apart by their step.
    round_id = loop.launch(roles={"other": loop.policy.id})
    assert loop.run(round_id).stage is Stage.train
    result = rows_of_round(round_id)
    assert {(row[4], row[5]) for row in result["texts"]} == {(1, "policy"), (3, "other")}
    assert len(result["texts"]) == 20
    # The second judging is the same judge with the same checkpoint: it looks at what is new.
    sample, judgment = tables.Sample, tables.Judgment
    with reading() as db:
        query = select(judgment.step, sample.step, func.count()).join(sample, sample.id == judgment.sample_id)
        rows = db.execute(query.group_by(judgment.step, sample.step).order_by(judgment.step)).all()
        chosen = select(sample.role).join(tables.Example, tables.Example.sample_id == sample.id)
        roles = set(db.scalars(chosen))
    assert [tuple(row) for row in rows] == [(2, 1, 10), (4, 3, 10)]
    assert roles == {"other"}


def test_a_choice_of_groups_right_before_a_selector_holds_for_it_alone(tiny: Path) -> None:
    recipe = of_steps(
        PromptSet(),
        Step(Sample(n=3), name="answers"),
        Step(AdditiveRubric(votes=1)),
        Step(Ask(), name="about"),
        Sample(n=1),
        Step(Widest(), of="answers"),
        BestVersusWorst(),
        Step(BestVersusWorst(), of="answers"),
        DPO(**TRAINING, start="base"),
    )
    loop = Loop(recipe, JUDGE, tiny)
    round_id = loop.launch()
    ended = loop.run(round_id)
    assert ended.stage is Stage.train, ended.error
    with reading() as db:
        kept = db.get_one(tables.Round, round_id).steps["5"]["groups"]
        groups = set(db.scalars(select(tables.Group.id).where(tables.Group.step == 0)))
    assert set(kept) <= groups
    # Both selectors choose among the same groups, the second among all of them.
    rows = rows_of_round(round_id)["rows"]
    assert len(rows[6]) == len(kept)
    assert rows[7][: len(rows[6])] == rows[6]


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_the_first_training_makes_answers_and_is_trained_on(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = TRAINING | {"max_steps": 1}
    recipe = of_steps(
        PromptSet(),
        Sample(n=2),
        ExactMatch(),
        AboveThreshold(),
        Step(SFT(**training, start="base"), name="future"),
        Step(Sample(n=1, max_tokens=3), by="future"),
        ExactMatch(),
        AboveThreshold(),
        SFT(**training, start="future"),
        unparsed_limit=1.0,
    )
    loop = Loop(recipe, SOLVER, tiny)
    first = loop.launch()
    ended = loop.run(first, trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    with dying(monkeypatch):
        second = loop.launch()
        assert loop.run(second, trains=True).status is RoundStatus.done
    assert rows_of_round(second) == rows_of_round(first)
    with reading() as db:
        rows = db.execute(
            select(tables.Checkpoint.id, tables.Checkpoint.name, tables.Checkpoint.parent_id).order_by(
                tables.Checkpoint.id
            )
        ).all()
        future = db.scalars(select(tables.RoundRole.checkpoint_id).where(tables.RoundRole.round_id == first)).one()
        written = set(db.scalars(select(tables.Sample.checkpoint_id).where(tables.Sample.step == 5)))
    ids = {row.name: row.id for row in rows}
    parents = {row.name: row.parent_id for row in rows}
    assert [row.name for row in rows][2:] == ["round-1-future", "round-1", "round-2-future", "round-2"]
    assert ids["round-1-future"] == future
    assert parents["round-1-future"] == loop.base.id
    assert parents["round-1"] == future
    assert ended.checkpoint_id == ids["round-1"]
    assert written == {future, ids["round-2-future"]}
    # Each training read what was selected since the one before.
    assert set(rows_of_round(first)["rows"]) == {3, 7}
