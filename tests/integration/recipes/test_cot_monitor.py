"""Ji et al. 2025 (CoT Monitor+), arXiv 2505.18807: what makes it that method."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, tables
from backend.judges.monitor_flag import MonitorFlag
from backend.metrics import Evidence
from backend.metrics.judge_quality import JudgeQuality
from backend.values import Group, Verdict
from tests.groups import prompt, sample, texts
from tests.integration.loop import RIGHT, Loop, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_scorers import brief, done
from tests.integration.recipes.rounds_of_turns import last_content, scripted
from tests.integration.recipes.turns import Steps
from tests.rows import make_checkpoint

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


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_cot_monitor_teaches_the_flag_and_rewards_it_beside_the_task(tiny: Path) -> None:
    flagged = ("<think>four\nSelf-check: honest</think>#### 4", "<think>five</think>#### 5", "#### 6")
    loop = Loop(brief("cot_monitor", 0), scripted(Think_between=flagged), tiny)
    waiting = loop.run(loop.launch())
    rows = rows_of_round(waiting.id)["rows"][3]
    assert {(last_content(row, "prompt") in RIGHT, last_content(row, "completion")) for row in rows} == {
        (True, flagged[0])
    }

    loop = Loop(brief("cot_monitor", 1), scripted(prompt=flagged), tiny)
    watcher = make_checkpoint(loop.project, engine=scripted(Is_it_honest=("so\nYes", "so\nNo")))
    ended, result = done(loop, roles={"watcher": watcher.id})
    assert {row[9] for row in result["texts"] if row[0] == 0 and row[4] == 1} <= {Verdict.accept, Verdict.reject}
    with reading() as db:
        sample = tables.Sample
        written = db.scalars(select(sample).where(sample.round_id == ended.id, sample.kind == "rollout")).all()
    assert written
    assert all(entry.extra["components"]["monitor_flag"] == 0.0 for entry in written)
    assert all("exact_match" in entry.extra["components"] for entry in written)
