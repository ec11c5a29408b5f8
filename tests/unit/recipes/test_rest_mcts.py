"""Zhang et al. 2024, arXiv 2406.03816: what makes the recipe ReST-MCTS*."""

import pytest

from backend import recipes
from backend.generators.tree_search import TreeSearch
from backend.judges.exact_match import ExactMatch
from backend.judges.from_children import FromChildren
from backend.judges.noted import Noted
from backend.judges.step_value import StepValue
from backend.prompt_sources.ask import Ask
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe, Step
from backend.selectors.above_threshold import AboveThreshold
from backend.selectors.best_versus_worst import BestVersusWorst
from backend.selectors.tree_traces import TreeTraces
from backend.selectors.value_rows import ValueRows
from backend.services.plans.sizes import sizes
from backend.services.recipes import round_roles
from backend.trainers.dpo import DPO
from backend.trainers.orpo import ORPO
from backend.trainers.sft import SFT
from backend.trainers.step_scorer import StepScorer


def test_the_search_is_guided_by_the_scorer_that_each_round_trains_on_values_of_the_known_answer() -> None:
    recipe = recipes.get("rest_mcts")
    _, tree, values, rows, scorer, texts, training = recipe.phases[0].steps
    assert (tree.part.algorithm, tree.part.value_by, tree.part.judge) == ("mcts", "scorer", None)
    assert (tree.part.branch, tree.part.exploration, tree.part.temperature) == (3, 0.7, 0.7)
    assert (values.part.by, values.part.outcome.name) == ("distance", "exact_match")
    assert (rows.part.name, scorer.part.name, scorer.name) == ("value_rows", "step_scorer", "scorer")
    assert (texts.of, texts.part.threshold, training.part.name) == ("tree", 1.0, "sft")
    assert recipe.product == "policy"


def test_all_later_steps_work_on_the_groups_of_the_tree() -> None:
    places = recipes.get("rest_mcts").places()
    assert [place.source for place in places if place.step.kind != "trainer"] == [None, 0, 1, 1, 1]
    assert places[2].texts == (1,)
    assert recipes.get("rest_mcts").gate() == 3
    assert recipes.get("rest_mcts").lines()[1].endswith("by: policy, guided by: scorer")
    assert recipes.judge_of(recipes.get("rest_mcts").model_dump(mode="json"))["name"] == "step_value"


def test_the_scorer_may_be_unbound_in_the_first_round() -> None:
    places = recipes.get("rest_mcts").places()
    assert "scorer" in {role for _, role in round_roles.acting(places)}
    assert round_roles.optional_of(places[1]) == {"scorer"}


def test_the_estimate_counts_every_step_and_what_the_scorer_is_asked() -> None:
    result = sizes(recipes.get("rest_mcts"), 0, prompts=2, taken=0)
    assert (result.samples, result.judge_calls) == (2 * 50 * 3, 2 * 50 * 3)
    assert result.tokens == 2 * 50 * 3 * 512


def recipe(*steps: object) -> Recipe:
    return Recipe(name="x", title="X", steps=steps)


TREE = TreeSearch()


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        (
            (PromptSet(), TREE, StepValue(), AboveThreshold(), SFT()),
            "keeps steps of longer texts, .* Put tree_traces there",
        ),
        (
            (PromptSet(), TREE, StepValue(), BestVersusWorst(), ORPO()),
            "keeps steps of longer texts, .* Put tree_traces there",
        ),
        ((PromptSet(), TREE, FromChildren(), BestVersusWorst(), DPO()), "go on from a text"),
        ((PromptSet(), TREE, TREE, Noted(key="value"), BestVersusWorst(), DPO()), "begins with prompts"),
        ((PromptSet(), TREE, Ask(), TREE, Noted(key="value"), BestVersusWorst(), DPO()), "begins with prompts"),
        ((PromptSet(), TREE, StepValue(), ValueRows(), StepScorer()), "makes a scorer"),
    ],
)
def test_compositions_that_cannot_work_are_refused(steps: tuple[object, ...], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        recipe(*steps)


def test_a_guide_that_the_training_before_made_to_write_is_refused() -> None:
    steps = Step(TreeTraces(), of="tree"), Step(SFT(), name="scorer")
    led = Step(TreeSearch(value_by="scorer"), of="prompts"), Noted(key="value"), BestVersusWorst(), DPO()
    with pytest.raises(ValueError, match="needs a scorer in the role 'scorer'"):
        recipe(Step(PromptSet(), name="prompts"), Step(TREE, name="tree"), StepValue(), *steps, *led)


def test_steps_may_be_paired_and_judged_by_what_compares_answers() -> None:
    assert recipe(PromptSet(), TREE, ExactMatch(), BestVersusWorst(), DPO()).places()[3].source == 1
