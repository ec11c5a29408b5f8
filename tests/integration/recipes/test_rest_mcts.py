"""Zhang et al. 2024, arXiv 2406.03816: what makes the recipe ReST-MCTS*."""

from pathlib import Path

import pytest
from sqlalchemy import select

from app.widgets import sample_card
from backend import recipes
from backend.db import reading, tables
from backend.generators.tree_search import TreeSearch
from backend.judges.exact_match import ExactMatch
from backend.judges.from_children import FromChildren
from backend.judges.noted import Noted
from backend.judges.step_value import StepValue
from backend.pipeline.bind import engine_for
from backend.prompt_sources.ask import Ask
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe, Step
from backend.selectors.above_threshold import AboveThreshold
from backend.selectors.best_versus_worst import BestVersusWorst
from backend.selectors.tree_traces import TreeTraces
from backend.selectors.value_rows import ValueRows
from backend.services.plans.sizes import sizes
from backend.services.recipes import round_roles
from backend.services.samples import chain as sample_chain
from backend.services.samples import detail
from backend.trainers.dpo import DPO
from backend.trainers.orpo import ORPO
from backend.trainers.sft import SFT
from backend.trainers.step_scorer import StepScorer
from backend.values import RoundStatus, Stage
from tests.integration.loop import RIGHT, Loop, dying, rows_of_round
from tests.integration.recipes.rounds_of_trees import SOLVER, small, tree_of
from tests.integration.recipes.rounds_of_trees import tiny as tiny  # a fixture


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


@pytest.mark.slow
@pytest.mark.on_sqlite
def test_rest_mcts_trains_scorer_and_policy_and_the_next_search_is_led_by_the_scorer(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Loop(small("rest_mcts", {"branch": 3, "budget": 3, "max_tokens": 9}), SOLVER, tiny)
    first = loop.launch()
    ended = loop.run(first, trains=True)
    assert ended.status is RoundStatus.done, ended.error
    result = rows_of_round(first)

    steps = tree_of(first)
    assert [row.parent_id is None for row in steps if row.position == 0] == [True] * 3
    below = [row for row in steps if row.parent_id is not None]
    by_id = {row.id: row for row in steps}
    assert below
    for row in below:
        assert row.messages[-1] == {"role": "assistant", "content": by_id[row.parent_id].text}
        assert by_id[row.parent_id].extra["is_expanded"]
    assert {row.extra["value"] for row in steps} == {None}, "no scorer led the first search"
    assert all(0.0 <= row.score <= 1.0 for row in steps if row.score is not None)
    values, traces = result["rows"][3], result["rows"][5]
    assert len(values) == sum(row.score is not None for row in steps)
    assert {row["prompt"][0]["content"] for row in (*values, *traces)} <= set(RIGHT)
    assert {row["value"] for row in values} == {round(row.score, 9) for row in steps if row.score is not None}
    assert all(len(row["prompt"]) == 1 for row in (*values, *traces))
    assert traces
    for row in traces:
        assert row["completion"][0]["content"].endswith(f"#### {RIGHT[row['prompt'][0]['content']]}")
    with reading() as db:
        scorer, policy = db.scalars(select(tables.Checkpoint).order_by(tables.Checkpoint.id).offset(2)).all()
        noted = db.get_one(tables.Round, first).steps
    assert [(checkpoint.name, checkpoint.kind) for checkpoint in (scorer, policy)] == [
        ("round-1-scorer", "scorer"),
        ("round-1", "full"),
    ]
    assert noted["1"] == {"groups": None, "batches": 3}
    # A step's place in its tree and what it is worth, as its page shows them.
    child = next(row for row in below if row.score is not None)
    chain = sample_chain.read(loop.actor, child.id)
    assert [row.id for row in chain.above] == [child.parent_id]
    shown = detail.detail(loop.actor, child.id)
    assert shown.label.score == child.score
    assert sample_card.title(shown).startswith("Step of a text (in the search: no value, ")
    assert sample_chain.read(loop.actor, child.parent_id).questions[0].answers

    second = loop.launch()
    with dying(monkeypatch) as kills:
        disturbed = loop.run(second, trains=True)
    assert (disturbed.status, disturbed.error) == (RoundStatus.done, None)
    assert kills[0] > 8
    assert rows_of_round(second) == result
    assert [row.extra for row in tree_of(second)] == [row.extra for row in steps]

    third = loop.launch(parent_id=first)
    assert loop.run(third).stage is Stage.train
    led = tree_of(third)
    with engine_for(scorer.id) as engine:
        row = next(row for row in led if not row.extra["is_expanded"] and row.parent_id is None)
        with reading() as db:
            prompt = db.scalar(
                select(tables.Prompt.messages)
                .join(tables.Group, tables.Group.prompt_id == tables.Prompt.id)
                .join(tables.Sample, tables.Sample.group_id == tables.Group.id)
                .where(tables.Sample.id == row.id)
            )
        (rate,) = engine.rate([prompt], [row.text])
    assert row.extra["value"] == pytest.approx(rate, abs=1e-4)
    with reading() as db:
        bound = db.scalars(select(tables.RoundRole).where(tables.RoundRole.round_id == third)).all()
    assert [(round_role.role, round_role.step, round_role.checkpoint_id) for round_role in bound] == [
        ("scorer", -1, scorer.id)
    ]
