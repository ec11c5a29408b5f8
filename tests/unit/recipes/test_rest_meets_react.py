"""Aksitov et al. 2023 (ReST meets ReAct), arXiv 2312.10003: what makes it that method."""

import pytest

from backend import recipes
from backend.generators.environment_rollout import EnvironmentRollout
from backend.judges.exact_match import ExactMatch
from backend.judges.pairwise_swapped import PairwiseSwapped
from backend.mixers.earlier_rounds import EarlierRounds
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe
from backend.selectors.above_threshold import AboveThreshold
from backend.selectors.best_versus_worst import BestVersusWorst
from backend.trainers.dpo import DPO
from backend.trainers.sft import SFT
from backend.values import Group, Verdict
from tests.groups import prompt, sample

RECIPE = recipes.get("rest_meets_react")
PLACES = RECIPE.places()
PARTS = [place.step.part for place in PLACES]


def test_an_agent_searches_in_several_turns():
    assert (PARTS[1].plays, PARTS[1].environment.name, PARTS[1].needs_documents) == (True, "document_search", True)
    assert RECIPE.answering()[0] == PARTS[1], "held-out prompts are played as well"


def test_models_rank_answers_and_steps_and_nobody_needs_to_know_the_answer():
    assert [part.name for part in PARTS[2:6]] == ["additive_rubric", "episode_steps", "sample", "pairwise_swapped"]
    assert not any(judge.needs_answer for judge in RECIPE.judges)
    assert all(judge.needs_engine for judge in RECIPE.judges)
    assert (PLACES[2].texts, PLACES[5].source, PLACES[5].texts) == ((1,), 3, (4,))


def test_only_the_best_text_of_a_step_is_trained_on_from_the_base():
    texts = [sample(n, score=score, verdict=Verdict.accept) for n, score in enumerate((-0.5, 0.8, 0.1), 1)]
    (kept,) = PARTS[6].select([Group(prompt(), tuple(texts), parent=sample(9), step=3)], seed=0).examples
    assert kept.sample_id == 2
    assert (PARTS[8].name, PARTS[8].start) == ("sft", "base")


def test_the_batch_grows_with_every_round():
    assert PARTS[7] == EarlierRounds(limit=0)


def test_people_decide_on_episodes_before_their_steps_are_taken_apart():
    assert RECIPE.gate() == 3


def test_episodes_are_trained_on_by_those_alone_who_know_whose_turn_it_is():
    steps = (PromptSet(), EnvironmentRollout(), PairwiseSwapped(), BestVersusWorst(), DPO())
    with pytest.raises(ValueError, match=r"Step 4 .* keeps episodes, of which Step 5 .* Train on them by sft"):
        Recipe(name="x", title="X", steps=steps)
    Recipe(name="x", title="X", steps=(PromptSet(), EnvironmentRollout(), ExactMatch(), AboveThreshold(), SFT()))
