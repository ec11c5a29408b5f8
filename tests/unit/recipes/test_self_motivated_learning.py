"""Feng et al. 2024, arXiv 2404.07017: what makes the recipe self-motivated learning."""

from dataclasses import replace

from backend import recipes
from backend.values import Group, Verdict
from tests.groups import prompt, sample


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
