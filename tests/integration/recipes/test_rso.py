"""Liu et al. 2023 (RSO), arXiv 2309.06657: pairs of the policy's own texts, drawn by a fixed scorer's rewards."""

import re
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, tables
from backend.recipes import Recipe
from backend.services.recipes import recipe_yaml
from backend.values import RoundStatus
from tests.integration.loop import RIGHT, Loop, rows_of_round
from tests.integration.test_rounds_scored import SMALL, SOLVER
from tests.integration.test_rounds_scored import tiny as tiny  # a fixture

RECIPE = recipes.get("rso")


def test_pairs_are_drawn_from_the_policys_own_texts_by_a_fixed_scorer():
    assert RECIPE.lines() == [
        "1. prompt source: prompt_set, works on: the round's prompt sets",
        "2. generator: sample, works on: prompt_set (step 1), by: policy",
        "3. judge: reward_model, works on: sample (step 2), by: scorer",
        "4. selector: drawn_pairs, works on: sample (step 2)",
        "5. trainer: dpo, works on: the rows of step 4, starts from: policy, makes: policy",
    ]


def test_eight_of_sixty_four_texts_make_four_pairs():
    generator, selector = RECIPE.generator, RECIPE.selector
    assert (generator.n, generator.temperature, generator.top_k) == (64, 0.7, 40)
    assert (selector.draw, selector.temperature, selector.ranking) == (8, 0.5, "first_round")


def test_the_scorers_numbers_are_drawn_by_as_they_are():
    """Algorithm 1 takes differences of rewards over beta: a number per prompt's deviation would be another method."""
    assert RECIPE.judge.normalize == "none"


def test_loss_is_that_of_dpo_with_the_papers_gamma():
    assert (RECIPE.trainer.loss_type, RECIPE.trainer.beta) == (("sigmoid",), 0.05)


def first_scorer() -> Recipe:
    """The recipe of docs/how-to/train-a-scorer.md with one training step from the tiny model."""
    text = (Path(__file__).parents[3] / "docs/how-to/train-a-scorer.md").read_text()
    (shown,) = (match for match in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "name: first_scorer" in match)
    recipe = Recipe.model_validate(recipe_yaml.read(shown))
    return recipe.with_changes({"sample": {"n": 2}, "trainer": SMALL | {"start": "base"}, "metrics": []})


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_rso_draws_its_pairs_by_the_scorer_that_the_documented_round_before_made(tiny: Path) -> None:
    """Liu et al. 2023: of the policy's own texts, the chosen one is what the fixed scorer puts higher."""
    loop = Loop(first_scorer(), SOLVER, tiny)
    first = loop.launch()
    ended = loop.run(first, trains=True)
    assert (ended.status, ended.error, ended.checkpoint_id) == (RoundStatus.done, None, None)
    loop.recipe = recipes.get("rso").with_changes(
        {"sample": {"n": 4}, "dpo": SMALL | {"start": "base"}, "metrics": [], "drawn_pairs": {"drop_truncated": False}}
    )
    second = loop.launch(parent_id=first)
    ended = loop.run(second, trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    prompt, sample, label = tables.Prompt, tables.Sample, tables.Label
    with reading() as db:
        scorer = db.scalars(select(tables.RoundRole).where(tables.RoundRole.round_id == first)).one()
        judged_by = set(db.scalars(select(tables.Judgment.checkpoint_id).where(tables.Judgment.step == 2)))
        query = select(prompt.text, sample.text, label.score).where(sample.round_id == second)
        query = query.join(sample, sample.prompt_id == prompt.id).join(label, label.sample_id == sample.id)
        scores = {(asked, text): score for asked, text, score in db.execute(query)}
        trained = db.get_one(tables.Checkpoint, ended.checkpoint_id)
    assert scorer.checkpoint_id in judged_by
    (pairs,) = rows_of_round(second)["rows"].values()
    written = Counter(asked for asked, _ in scores)
    several = {asked for asked, texts in written.items() if texts > 1}
    assert set() < {row["prompt"][0]["content"] for row in pairs} == several < set(RIGHT), (
        "of one text there is no pair"
    )
    for row in pairs:
        asked, chosen, rejected = (row[side][0]["content"] for side in ("prompt", "chosen", "rejected"))
        assert {chosen, rejected} == {"#### 4", "#### 5"}
        assert scores[asked, chosen] > scores[asked, rejected]
    assert (trained.name, trained.kind) == ("round-2", "full")
