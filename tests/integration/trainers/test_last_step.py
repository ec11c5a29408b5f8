"""The last step of a training is a point of its curves, and its tokens are those of all passes, resumed or not."""

import json
from pathlib import Path
from typing import Any

import pytest

from backend.judges.brevity import Brevity
from backend.trainers import _progress
from backend.trainers.cpo import CPO
from backend.trainers.distill import Distill
from backend.trainers.dpo import DPO
from backend.trainers.grpo import GRPO
from backend.trainers.hidden_state_sft import HiddenStateSFT
from backend.trainers.kto import KTO
from backend.trainers.negative_aware_sft import NegativeAwareSFT
from backend.trainers.orpo import ORPO
from backend.trainers.reward_model import RewardModel
from backend.trainers.rloo import RLOO
from backend.trainers.sft import SFT
from backend.trainers.soft_target_sft import SoftTargetSFT
from backend.trainers.step_scorer import StepScorer
from tests.integration.trainers.online import DATA, SMALL, samples
from tests.integration.trainers.training import kill, progress, rows, train

STEPS, RATE = 4, 1e-3
KNOBS: dict[str, Any] = {
    "max_steps": STEPS,
    "save_steps": 3,
    "logging_steps": 10,
    "learning_rate": RATE,
    "per_device_train_batch_size": 2,
}
"""Two passes over the four rows, fewer steps than `logging_steps`."""
WRITING = SMALL | {"max_steps": STEPS, "logging_steps": 10, "learning_rate": RATE}
FOUR = rows("prompt_completion", 4)
WEIGHED = [row | {"weight": n / 4} for n, row in enumerate(FOUR)]
VALUED = [row | {"value": n / 4} for n, row in enumerate(FOUR)]
LABELLED = [row | {"weight": n / 4} for n, row in enumerate(rows("unpaired_preference", 4))]
PAIRS = rows("preference", 4)
COUNTING: list[Any] = [
    pytest.param(SFT(**KNOBS), FOUR, id="sft"),
    pytest.param(SFT(**KNOBS, weigh_examples=True), WEIGHED, id="sft-weighed"),
    pytest.param(DPO(**KNOBS), PAIRS, id="dpo"),
    pytest.param(KTO(**KNOBS), LABELLED, id="kto"),
    pytest.param(RewardModel(**KNOBS), PAIRS, id="reward_model"),
    pytest.param(SoftTargetSFT(**KNOBS, reference="reference"), WEIGHED, id="soft_target_sft"),
    pytest.param(NegativeAwareSFT(**KNOBS), LABELLED, id="negative_aware_sft"),
]
"""Those whose TRL trainer counts tokens in each batch."""
OTHERS: list[Any] = [
    pytest.param(
        HiddenStateSFT(**KNOBS, reference="reference"), [{"text": f"text {n}"} for n in range(4)], id="hidden"
    ),
    pytest.param(StepScorer(**KNOBS), VALUED, id="step_scorer"),
    pytest.param(ORPO(**KNOBS), PAIRS, id="orpo"),
    pytest.param(CPO(**KNOBS, loss_type="simpo", cpo_alpha=0.0, beta=2.0), PAIRS, id="cpo"),
    pytest.param(Distill(**KNOBS, max_completion_length=3), FOUR, id="distill"),
    pytest.param(GRPO(**WRITING, reward=Brevity()), DATA, id="grpo"),
    pytest.param(RLOO(**WRITING, reward=Brevity()), DATA, id="rloo"),
]


def points(folder: Path) -> list[dict[str, Any]]:
    return [line for line in progress(folder) if line["metrics"]]


@pytest.mark.parametrize(("trainer", "data"), [*COUNTING, *OTHERS])
def test_the_last_step_is_logged(trainer: Any, data: Any, tiny: Path, other: Path, tmp_path: Path):
    train(trainer, tiny, tmp_path / "out", data=data, reference=other)
    logged = points(tmp_path / "out")
    assert [(line["step"], line["max_steps"]) for line in logged] == [(1, STEPS), (STEPS, STEPS)]
    assert logged[-1]["metrics"]["learning_rate"] == pytest.approx(RATE / STEPS)
    assert progress(tmp_path / "out")[-1]["step"] == STEPS


@pytest.mark.parametrize(
    ("steps", "points_at"), [(8, [*range(1, 9)]), (_progress.FEW_STEPS + 1, [1, 10, 20, 30, 40, 50, 51])]
)
def test_each_of_few_steps_is_logged_where_nobody_said_how_often(
    steps: int, points_at: list[int], tiny: Path, tmp_path: Path
):
    trainer = SFT(**{name: knob for name, knob in KNOBS.items() if name != "logging_steps"} | {"max_steps": steps})
    again = SFT.model_validate(trainer.model_copy(update={"warmup_steps": 2.0}).model_dump(mode="json"))
    train(again, tiny, tmp_path / "out", data=FOUR)
    logged = points(tmp_path / "out")
    assert [line["step"] for line in logged] == points_at
    if steps == 8:
        rates = [line["metrics"]["learning_rate"] for line in logged]
        assert (rates[0], max(rates)) == (0, pytest.approx(RATE))
        assert rates.index(max(rates)) == 2


@pytest.mark.parametrize(("trainer", "data"), COUNTING)
def test_tokens_are_those_of_all_passes(trainer: Any, data: Any, tiny: Path, other: Path, tmp_path: Path):
    """The pre-flight counts those of one pass. Broken off after step 3, which no point was logged at, it counts on."""
    kill(trainer, tiny, tmp_path / "killed", data=data, reference=other)
    final = train(trainer, tiny, tmp_path / "killed", data=data, reference=other)
    assert json.loads((final / "train.json").read_text())["resumed_from_step"] == 3
    tokens = json.loads((tmp_path / "killed/preflight.json").read_text())["tokens"]
    assert points(tmp_path / "killed")[-1]["metrics"]["num_tokens"] == 2 * tokens > 0


def test_tokens_of_texts_that_it_writes_are_those_of_all_steps(tiny: Path, tmp_path: Path):
    trainer = GRPO(**WRITING | {"save_steps": 3}, reward=Brevity())
    kill(trainer, tiny, tmp_path / "killed", data=DATA)
    train(trainer, tiny, tmp_path / "killed", data=DATA)
    written = samples(tmp_path / "killed")
    assert {line["step"] for line in written} == {1, 2, 3, 4}
    texts = sum(line["num_tokens"] for line in written)
    prompts = points(tmp_path / "killed")[-1]["metrics"]["num_tokens"] - texts
    assert prompts > 0
    assert prompts % len(written) == 0, "each prompt is as long as the others"
