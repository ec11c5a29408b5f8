"""Feng et al. 2024, arXiv 2404.07017: what makes the recipe self-motivated learning."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, tables
from backend.values import Group, RoundStatus, Verdict
from tests.groups import prompt, sample
from tests.integration.loop import RIGHT, Loop, rows_of_round
from tests.integration.test_rounds_scored import SOLVER, learned, rewarded
from tests.integration.test_rounds_scored import tiny as tiny  # a fixture


def test_the_scorer_learns_right_above_wrong_samples_and_the_verifier_is_no_reward() -> None:
    recipe = recipes.get("self_motivated_learning")
    _, answers, verifier, pairs, scorer, _, training = (step.part for step in recipe.phases[0].steps)
    assert (answers.n, verifier.name) == (8, "exact_match")
    written = ("so: #### 4", "#### 5", "well: #### 5", "#### 4")
    right = [text.endswith("4") for text in written]
    samples = [
        sample(n, text, score=float(is_right), verdict=Verdict.accept if is_right else Verdict.reject)
        for n, (text, is_right) in enumerate(zip(written, right, strict=True), start=1)
    ]
    group = Group(replace(prompt(), answer="4"), tuple(samples))
    scores = {completion.id: completion.score for completion in group.samples}
    rows = pairs.select([group], seed=0).examples
    assert {(scores[row.sample_id], scores[row.rejected_id]) for row in rows} == {(1.0, 0.0)}
    assert (scorer.name, scorer.trains_on) == ("reward_model", "preference")
    assert (training.reward.name, training.judge_by, training.needs_answer) == ("reward_model", "scorer", False)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_self_motivated_learning_rewards_by_what_it_learned_of_right_and_wrong(tiny: Path) -> None:
    loop = Loop(learned("self_motivated_learning"), SOLVER, tiny)
    round_id = loop.launch()
    ended = loop.run(round_id, trains=True)
    assert ended.status is RoundStatus.done, ended.error
    pairs, prompts = rows_of_round(round_id)["rows"].values()
    for row in pairs:
        right = f"#### {RIGHT[row['prompt'][0]['content']]}"
        assert row["chosen"][0]["content"] == right != row["rejected"][0]["content"]
    assert len(prompts) == len(RIGHT)
    with reading() as db:
        role = db.scalars(select(tables.RoundRole)).one()
        kinds = [db.get_one(tables.Checkpoint, n).kind for n in (role.checkpoint_id, ended.checkpoint_id)]
    assert (role.role, kinds) == ("scorer", ["scorer", "full"])
    assert len(rewarded(round_id)) >= 2
