"""The recipes of online RL with rewards of their own: what makes each that method."""

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from backend import recipes
from backend.engines import Engine
from backend.mixers.informative_prompts import InformativePrompts
from backend.trainers._masked import loss_mask
from backend.values import DatasetType, Example, Group, Messages, Past, Prompt, Reading, TrainingRow, Verdict
from tests.groups import prompt, sample, scored, texts

NAMES = (
    "serl",
    "know_rl",
    "decoupled_exploration_rewards",
    "oversampled_rl",
    "self_budgeter",
    "self_search_rl",
    "direct_reasoning_optimization",
    "reinforced_pretraining",
)


class Begun(Engine):
    """Log-probabilities of the two tokens of any text, by what was begun as the answer."""

    table: dict[str, tuple[float, ...]]

    def read(self, chats: Sequence[Messages], read: Sequence[str]) -> list[Reading]:
        return [Reading(self.table[chat[-1]["content"]]) for chat in chats]


del Engine.registry["begun"]


def trainer(name: str) -> Any:
    return recipes.get(name).of_kind("trainer")[-1]


def rewards(name: str, group: Group, engine: Engine | None = None) -> list[float | None]:
    """What the reward gives the texts of one group."""
    reward = trainer(name).reward
    judgments = reward.judge(engine, [group], seed=0)
    labels = [
        reward.label([judgment for judgment in judgments if judgment.sample_id == text.id]) for text in group.samples
    ]
    if trainer(name).reward_from == "score":
        return [score for score, _ in labels]
    return [None if verdict is None else float(verdict is Verdict.accept) for _, verdict in labels]


@pytest.mark.parametrize("name", NAMES)
def test_the_last_training_writes_its_texts_itself(name: str) -> None:
    assert trainer(name).trains_on is DatasetType.prompt_only
    assert trainer(name).name == "grpo"


def test_serl_trains_on_own_prompts_that_are_neither_too_easy_nor_too_hard_by_its_own_votes() -> None:
    """arXiv 2505.20347: 4 to 150 words, a list of words, the majority of 16, prompts kept in [0.2, 0.8]."""
    places = recipes.get("serl").places()
    rules, novelty = places[2].step.part.judges
    assert (rules.min_words, rules.max_words, rules.plain_start, novelty.below) == (4, 150, True, 0.7)
    assert {"image", "graph", "file", "draw"} <= set(rules.without)
    # Rows and votes are of adopted prompts, and the band looks at these votes.
    assert [places[n].source for n in (4, 5, 6, 7)] == [3, 3, 3, 3]
    assert (places[4].step.part.n, trainer("serl").num_generations) == (16, 16)
    assert (places[7].step.part.low, places[7].step.part.high) == (0.2, 0.8)
    assert not any(judge.needs_answer or judge.needs_engine for judge in recipes.get("serl").judges)
    assert rewards("serl", texts("#### 4", "#### 5", "#### 4", "")) == [1, 0, 1, None]
    assert rewards("serl", texts("#### 4", "#### 5")) == [0, 0]


def test_know_rl_rewards_a_stable_verdict_of_8_on_tasks_that_it_wrote() -> None:
    """arXiv 2510.11407."""
    recipe = recipes.get("know_rl")
    places = recipe.places()
    assert (places[3].step.part.n, trainer("know_rl").num_generations) == (8, 8)
    # The rows are the questions about its own tasks; consistent tasks are adopted, and shown in later rounds.
    assert (places[7].source, places[6].source) == (2, 0)
    assert places[0].step.part.reads_own
    assert not any(judge.needs_answer for judge in recipe.judges)
    replies = ("I could: feasible", "Infeasible.", "It is not infeasible but feasible", "hm")
    assert rewards("know_rl", texts(*replies)) == [1, 0, 1, None]
    # 6 of 8 agree, or 5 of 8.
    task, votes = sample(9, "Count to ten."), (Verdict.accept,) * 6 + (Verdict.reject,) * 2
    for verdicts, verdict in ((votes, Verdict.accept), (votes[1:] + votes[-1:], Verdict.reject)):
        checks = tuple(sample(n, verdict=entry) for n, entry in enumerate(verdicts))
        (judgment,) = places[5].step.part.judge(None, [Group(prompt(), checks, parent=task)], seed=0)
        assert (judgment.sample_id, judgment.verdict) == (9, verdict)


def test_decoupled_exploration_rewards_are_two_named_components_of_which_being_right_counts_more() -> None:
    """arXiv 2502.06773: demonstrations first; exploration and outcome are rewarded apart."""
    recipe = recipes.get("decoupled_exploration_rewards")
    assert [part.name for part in recipe.of_kind("trainer")] == ["sft", "grpo"]
    assert [phase.rounds for phase in recipe.phases] == [1, 1]
    reward = trainer("decoupled_exploration_rewards").reward
    group = texts("Wait, let me check. #### 5", "#### 4", "Wait, let me check. #### 4", answer="4")
    judgments = reward.judge(None, [group], seed=0)
    assert [reward.scores([judgment for judgment in judgments if judgment.sample_id == n]) for n in (1, 2)] == [
        {"exact_match": 0.0, "behavior_tags": 0.5},
        {"exact_match": 1.0, "behavior_tags": 0.0},
    ]
    # 0.2 * 2/4 for exploring, 1 for being right.
    assert rewards("decoupled_exploration_rewards", group) == pytest.approx([0.1, 1.0, 1.1])


def test_oversampled_rl_learns_trial_and_error_first_then_from_many_texts() -> None:
    """arXiv 2501.11651."""
    recipe = recipes.get("oversampled_rl")
    shown, judge, kept = recipe.phases[0].steps[1].part, recipe.phases[0].steps[2].part, recipe.phases[0].steps[3].part
    assert list(shown.conditions) == ["trial"]
    group = texts("Wait, to check: #### 4", "#### 4", "Wait, to check: #### 5", answer="4")
    judgments = judge.judge(None, [group], seed=0)
    labels = [
        judge.label([judgment for judgment in judgments if judgment.sample_id == text.id]) for text in group.samples
    ]
    assert [verdict for _, verdict in labels] == [Verdict.accept, Verdict.reject, Verdict.reject]
    assert kept.keep == "accepted"
    own = trainer("oversampled_rl")
    assert (own.num_generations, own.temperature, own.scale_rewards) == (64, 1.2, "none")
    assert own.entropy_coef > 0
    assert own.beta > 0
    assert (own.sync_ref_model, own.ref_model_sync_steps) == (True, 1)
    assert rewards("oversampled_rl", group) == [1, 1, 0]


def test_self_budgeter_states_a_budget_first_and_is_then_rewarded_for_keeping_to_it() -> None:
    """arXiv 2505.11274."""
    recipe = recipes.get("self_budgeter")
    stating = recipe.phases[0].steps[3].part
    right = Group(
        prompt(), (sample(1, "long #### 4", score=1.0, num_tokens=9), sample(2, "#### 4", score=1.0, num_tokens=5))
    )
    (row,) = stating.select([right], seed=0).examples
    assert row.completion == "<budget>5</budget>\n#### 4"
    # What it learns to state is what the reward reads.
    kept = row.completion or ""
    broken = kept.replace("5", "1")
    values = rewards("self_budgeter", texts(kept, broken, "#### 4", kept.replace("4", "9"), answer="4", num_tokens=21))
    # 6 of 25 characters stand behind the budget: 5 of 21 tokens.
    assert values == [1.5, 1.0, 1.0, 0.5]


THINK, SEARCH, RESULT = "<think>hm</think>\n", "<search>q</search>\n", "<information>r</information>\n"


@pytest.mark.parametrize(
    ("text", "reward"),
    [
        (f"{THINK}{SEARCH}{RESULT}{THINK}<answer>4</answer>", 1.0),
        (f"{THINK}{SEARCH}{RESULT}<answer>5</answer>", 0.2),
        (f"{THINK}<answer>4</answer>", 1.0),
        (f"{THINK}{SEARCH}<answer>4</answer>", 0.8),  # a query without results
        (f"{THINK}{RESULT}<answer>4</answer>", 0.8),  # results without a query
        (f"{SEARCH}{RESULT}so <answer>4</answer>", 0.8),
        ("<answer>4</answer>", 0.8),
        (f"{THINK}{SEARCH}{RESULT}It is 4.", 0.0),
        ("It is nothing.", 0.0),
    ],
)
def test_self_search_rl_rewards_the_form_and_the_answer(text: str, reward: float) -> None:
    """arXiv 2508.10874: queries and results are the policy's own words, in fields."""
    assert rewards("self_search_rl", texts(text, answer="4")) == [pytest.approx(reward)]


def test_self_search_rl_asks_for_its_fields_and_does_not_train_on_results() -> None:
    (example,) = recipes.get("self_search_rl").of_kind("selector")[0].select([texts(answer="4")], seed=0).examples
    assert example.messages[0]["content"].endswith("\n\nquestion")
    assert "<information>" in example.messages[0]["content"]
    tokens = ["<search>", "q", "</search>", "<information>", "r", "</information>", "<answer>", "4", "</answer>"]
    assert loss_mask(trainer("self_search_rl").mask_pattern, tokens) == [1, 1, 1, 1, 0, 1, 1, 1, 1]
    # Fields that are opened again and again and never closed take no time: each is looked at once.
    began = time.process_time()
    assert all(loss_mask(trainer("self_search_rl").mask_pattern, ["<information>" * 10_000]))
    assert time.process_time() - began < 1


def test_direct_reasoning_optimization_scores_the_reference_in_place_of_the_outcome() -> None:
    """arXiv 2506.13351: weighed by deviation, less the reasoning masked, with a length term; by the live policy."""
    own = trainer("direct_reasoning_optimization")
    assert (own.judge_by, own.reward.judges[0].form) == ("live", "r3")
    table = {"</think>": (-1.0, -4.0), "good</think>": (-1.0, -1.0), "bad</think>": (-1.0, -3.0)}
    group = texts("good</think>\nabcdefgh", "bad</think>\nabcd", answer="12345678")
    # Only the second token differs: weights 0 and 2, gains 3 and 1. Lengths 8 and 4 of 8: 1 and 0.5, times 0.1.
    values = rewards("direct_reasoning_optimization", group, Begun(table=table))
    assert values == pytest.approx([2 * 3 + 0.1, 2 * 1 + 0.05])


def test_direct_reasoning_optimization_leaves_out_prompts_that_are_out_of_reach_or_all_alike() -> None:
    recipe = recipes.get("direct_reasoning_optimization")
    judge, band = recipe.of_kind("judge")[0], recipe.of_kind("mixer")[0]
    far = math.log(0.01)
    table = {
        "</think>": (far, far),
        "a</think>": (far, -1.0),
        "b</think>": (far, -1.1),
        "c</think>": (far, far - 1),
        "d</think>": (far, far - 2),
    }
    groups = []
    for number, written in ((1, ("a</think>", "b</think>")), (2, ("c</think>", "d</think>"))):
        asked = texts(*written, answer="six seven")
        judgments = judge.judge(Begun(table=table), [asked], seed=0)
        labels = [judge.label([judgment]) for judgment in judgments]
        named = zip(asked.samples, labels, strict=True)
        groups.append(Group(prompt(id=number), tuple(replace(s, score=x, verdict=v) for s, (x, v) in named)))
    rows = [TrainingRow(Example(number, None), [], "") for number in (1, 2)]
    assert [row.example.prompt_id for row in band.mix(rows, groups, Past(), seed=0).rows] == [1]
    informative = recipe.of_kind("mixer")[1]
    assert isinstance(informative, InformativePrompts)
    gaps = [scored([1.0, 1.0 + gap], id=n) for n, gap in enumerate((0.5, 0.0, 2.0, 1.0), start=1)]
    rows = [TrainingRow(Example(number, None), [], "") for number in (1, 2, 3, 4)]
    assert [row.example.prompt_id for row in informative.mix(rows, gaps, Past(), seed=0).rows] == [1, 3, 4]


def test_reinforced_pretraining_rewards_a_thought_for_the_text_that_really_follows() -> None:
    """arXiv 2510.01265: log p with the thought less log p without, by the live policy; documents are all it needs."""
    recipe = recipes.get("reinforced_pretraining")
    source, rows = recipe.phases[0].steps[0].part, recipe.of_kind("selector")[0]
    document = Prompt(1, [{"role": "user", "content": "One goes out at night. Two follow it home. All of them sleep."}])
    asked = source.ask([], [document], limit=1, seed=0)
    assert all(group.prompt.answer in document.messages[0]["content"] for group in asked)
    assert all("Then write ####" in row.messages[0]["content"] for row in rows.select(asked, seed=0).examples)
    assert trainer("reinforced_pretraining").judge_by == "live"
    table = {"####": (-3.0, -2.0), "apt\n####": (-1.0, -1.0), "off\n####": (-4.0, -2.0)}
    group = texts("apt\n#### whatever", "off\n#### follows", answer="what follows")
    values = rewards("reinforced_pretraining", group, Begun(table=table))
    assert values == [3.0, -1.0]
    # What is subtracted is the same for all thoughts about one text: it does not move the advantages of its group.
    likelihoods = [math.fsum(table[begun]) for begun in ("apt\n####", "off\n####")]
    assert (values[0] or 0) - (values[1] or 0) == likelihoods[0] - likelihoods[1]
    assert trainer("reinforced_pretraining").scale_rewards == "none"
    # Only the thought is trained on.
    assert loss_mask(trainer("reinforced_pretraining").mask_pattern, ["so", "####", " what", " follows"]) == [
        1,
        1,
        0,
        0,
    ]
