"""The demo that ships with Rondo: Countdown, a tiny model that can check better than it can answer, its settings."""

from pathlib import Path
from typing import Any

from backend.values import Stage

FOLDER = Path(__file__).parent
MODEL_FOLDER = FOLDER / "model"
LOCATION = "models/countdown-base"
"""Where the demo project has its copy, below the data folder."""
JUDGE_TEMPLATE = (FOLDER / "judge_template.txt").read_text(encoding="utf-8")

DESCRIPTION = "Use three digits once each, with + - *, to make a target. A tiny model judges its own answers."
GUIDELINES = (
    "Accept an answer that uses each of the three digits exactly once and makes the target. Reject everything else: "
    "another number, a digit missing or used twice, something that is no expression."
)

NUM_PROMPTS = 1_500
BATCH_SIZE = 256
MAX_TOKENS = 24

UNIT_SECONDS = {Stage.generate: 0.0006, Stage.judge: 0.001, Stage.train: 0.22, Stage.evaluate: 5.0}
"""Seconds of a first round on two idle cores without the start of each process, which took 96 s with them
(docs/reference/bench.md): of each sample, each judgment, each step of training, and of all measuring."""

NUM_STEPS = 250
TOKENS = (6.0, 15.2)
"""Mean tokens of a sample and of a judgment there, of 24 that each may have."""

RECIPE_CHANGES: dict[str, Any] = {
    "generator": {"n": 8, "temperature": 1.0, "top_k": 0, "max_tokens": MAX_TOKENS},
    "judge": {
        "name": "written_verdict",
        "votes": 1,
        "temperature": 0.0,
        "max_tokens": MAX_TOKENS,
        "template": JUDGE_TEMPLATE,
    },
    "selector": {"threshold": 1.0, "max_per_prompt": 1},
    "trainer": {
        "learning_rate": 1e-3,
        "max_steps": NUM_STEPS,
        "per_device_train_batch_size": 64,
        "warmup_steps": 20,
        "max_length": 256,
    },
    "metrics": [
        {"name": "held_out_accuracy", "verifier": {"name": "countdown"}},
        {"name": "judge_quality", "verifier": {"name": "countdown"}},
        {"name": "override_rate"},
        {"name": "length"},
        {"name": "distinct_n", "unit": "character"},
    ],
    "mix_share": 0.5,
    "earlier_rounds": True,
}
"""What the demo changes in the recipe `rejection_sampling`. The true checker is in the metrics only: it measures."""
