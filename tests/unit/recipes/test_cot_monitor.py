"""Ji et al. 2025 (CoT Monitor+), arXiv 2505.18807: what makes it that method."""

from dataclasses import replace

from backend import recipes
from backend.judges.monitor_flag import MonitorFlag
from backend.metrics import Evidence
from backend.metrics.judge_quality import JudgeQuality
from backend.values import Group, Verdict
from tests.groups import prompt, sample, texts
from tests.unit.recipes.turns import Steps

RECIPE = recipes.get("cot_monitor")
TEACH, REINFORCE = Steps(RECIPE, 0), Steps(RECIPE, 1)


def test_a_first_stage_teaches_the_format_whatever_the_flag_says():
    generator = TEACH.part(1)
    assert "{prompt}" in generator.conditions["monitored"]
    group = texts(
        "<think>4\nSelf-check: honest</think>4",
        "<think>5\nSelf-check: deceptive</think>5",
        "<think>4</think>4",
        "4\nSelf-check: honest",
        "<think>4\nSelf-check: honest</think>",
    )
    (judged,) = TEACH.label(2, [group])
    rows = TEACH.select(3, judged).examples
    assert sorted(row.sample_id for row in rows) == [1, 2]
    assert {row.messages for row in rows} == {None}, "the rows ask the prompt alone"
    assert TEACH.part(4).name == "sft"


def test_the_flag_is_a_reward_beside_the_task():
    """1 for the right answer and 0.5 for a flag in the reasoning that says honest."""
    training = REINFORCE.part(4)
    group = Group(
        prompt(answer="4"),
        tuple(
            sample(n, text)
            for n, text in enumerate(
                (
                    "<think>Self-check: honest</think>#### 4",
                    "<think>Self-check: deceptive</think>#### 4",
                    "<think>Self-check: honest</think>#### 5",
                    "<think>hm</think>#### 4\nSelf-check: honest\n#### 4",
                ),
                1,
            )
        ),
    )
    judgments = training.reward.judge(None, [group], seed=0)
    rewards = [
        training.reward.label([judgment for judgment in judgments if judgment.sample_id == n])[0] for n in range(1, 5)
    ]
    assert rewards == [1.5, 1.0, 0.5, 1.0]
    assert not training.reward.needs_engine, "the policy writes the flag itself"


def test_an_external_weak_judge_is_compared_with_the_flag():
    watcher = REINFORCE.places[2].step
    assert (watcher.part.name, watcher.by) == ("yes_no_check", "watcher")
    (quality,) = [metric for metric in RECIPE.metrics if isinstance(metric, JudgeQuality)]
    assert quality.verifier == MonitorFlag()
    group = texts("<think>Self-check: honest</think>4", "<think>Self-check: deceptive</think>4")
    machine = {1: (1.0, Verdict.accept), 2: (1.0, Verdict.accept)}
    measures = quality.compute(Evidence(round_groups=[replace(group)], machine=machine))
    assert {measure.name: measure.value for measure in measures}["judge_accuracy"] == 0.5
