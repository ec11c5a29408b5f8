"""Zelikman et al. 2022 (STaR), arXiv 2203.14465: what makes it that method."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, tables
from backend.values import DatasetType, Group, Stage, Verdict
from tests.groups import prompt, texts
from tests.integration.loop import RIGHT, SOLVER, Loop, both, star
from tests.integration.loop import tiny as tiny  # a fixture

RECIPE = recipes.get("star")
PLACES = RECIPE.places()
ASK = PLACES[4].step.part


def labelled(group: Group) -> Group:
    """As the recipe's judge labels it."""
    judge = PLACES[2].step.part
    judgments = {j.sample_id: j for j in judge.judge(None, [group], seed=0)}
    samples = (replace(s, score=judgments[s.id].score, verdict=judgments[s.id].verdict) for s in group.samples)
    return replace(group, samples=tuple(samples))


def test_only_what_was_answered_wrongly_gets_one_try_with_the_answer_as_a_hint():
    right, wrong = labelled(texts("#### 4", answer="4")), labelled(texts("#### 5", answer="4"))
    reply = ASK.ask([right, wrong], [prompt(answer="4")], limit=1, seed=0)
    assert len(reply) == 1
    assert "The right answer is 4." in reply[0].prompt.messages[0]["content"]
    assert PLACES[5].step.part.n == 1


def test_the_hint_is_not_trained_on():
    (group,) = ASK.ask([labelled(texts("#### 5", answer="4"))], [prompt(answer="4")], limit=1, seed=0)
    assert group.trained == prompt().messages


def test_every_round_trains_the_base_on_both_tries():
    trainer = PLACES[8]
    assert (trainer.step.part.name, trainer.step.part.start) == ("sft", "base")
    assert trainer.rows == (3, 7)
    assert trainer.step.part.trains_on is DatasetType.prompt_completion


def test_people_decide_before_hints_are_given():
    assert RECIPE.gate() == 3


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_star_hints_what_failed_and_trains_the_base_without_the_hint(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Loop(star(), SOLVER, tiny)
    ended, result = both(loop, monkeypatch, trains=True)
    first = {row[1]: row for row in result["texts"] if row[0] == 0}
    failed = sum(row[9] is not Verdict.accept for row in first.values())
    hinted = [row for row in result["texts"] if row[0] == 4]
    assert (len(first), len(hinted), result["steps"]) == (5, failed, {"4": None})
    assert 0 < failed < 5
    assert all("The right answer is" in row[2][0]["content"] and row[3] for row in hinted)
    # The last dataset holds both tries; nobody reads the hint.
    before, after = result["rows"][3], result["rows"][7]
    assert len(before) == 5 - failed
    assert after[: len(before)] == before
    assert len(after) == len(before) + sum(row[9] is Verdict.accept for row in hinted)
    asked = {row["prompt"][0]["content"] for row in after}
    assert asked <= set(RIGHT)
    assert {row["completion"][0]["content"] for row in after} <= {f"#### {answer}" for answer in RIGHT.values()}
    with reading() as db:
        checkpoint = db.get_one(tables.Checkpoint, ended.checkpoint_id)
        stages = db.execute(
            select(tables.Job.stage, tables.Job.step).where(tables.Job.round_id == ended.id).order_by(tables.Job.id)
        ).all()
    # Sampled from the policy, trained from the base.
    assert checkpoint.parent_id == loop.base.id
    assert [tuple(row) for row in stages] == [
        (Stage.generate, 1),
        (Stage.judge, 2),
        (Stage.select, 3),
        (Stage.generate, 5),
        (Stage.judge, 6),
        (Stage.select, 7),
        (Stage.train, 8),
        (Stage.evaluate, 9),
    ]
    assert ended.counts["kept"] == len(after)
    assert ended.counts["funnel"][5]["earlier steps"] == len(before)
