"""A real training on episodes in an environment, through TRL's own loop: the policy acts, is answered, and answers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.environments import Environment
from backend.environments.calculator import CalculatorWorld
from backend.judges.exact_match import ExactMatch
from backend.trainers.environment_grpo import EnvironmentGRPO
from backend.trainers.sft import SFT
from tests.integration.trainers.training import message, progress, same, train
from tests.tiny import make_tiny_model

ACTS, SAYS, RIGHT, WRONG = "Action: calculate[2+3]", "Observation: 5", "Answer: 5", "Answer: 6"
ASKED = message("user", "2+3?")


def episode(answer: str) -> list[dict[str, str]]:
    return [*message("assistant", ACTS), *message("user", SAYS), *message("assistant", answer)]


class Bare(CalculatorWorld):
    """A calculator of which nobody is told: a tiny model learns the chat by heart."""

    def reset(self, **row: Any) -> str | None:
        assert row["answer"] == "5"
        return None


class BareCalculator(Environment):
    def make(self) -> Bare:
        return Bare()


@pytest.fixture(autouse=True)
def no_trace() -> Iterator[None]:
    yield
    Environment.registry.pop("bare_calculator", None)


def test_the_policy_plays_and_learns_what_it_wrote_itself(tmp_path: Path) -> None:
    tiny = make_tiny_model(tmp_path / "tiny", hidden=32, layers=1, spread=0.05)
    lesson = SFT(max_steps=60, learning_rate=2e-2, per_device_train_batch_size=2, lr_scheduler_type="linear")
    known = [{"prompt": ASKED, "completion": episode(answer)} for answer in (RIGHT, WRONG)]
    knows = train(lesson, tiny, tmp_path / "lesson", data=known)
    trainer = EnvironmentGRPO(
        environment=BareCalculator(),
        reward=ExactMatch(),
        max_turns=3,
        num_generations=4,
        max_steps=1,
        per_device_train_batch_size=8,
        max_completion_length=70,
        learning_rate=1e-3,
    )
    rows = [{"prompt": ASKED, "answer": "5", "metadata": {}} for _ in range(2)]
    final = train(trainer, knows, tmp_path / "rl", data=rows)
    lines = [json.loads(line) for line in (tmp_path / "rl" / "samples.jsonl").read_text().splitlines()]
    assert len(lines) == 8
    worth = {f"assistant: {ACTS}\n\nuser: {SAYS}\n\nassistant: {answer}": answer == RIGHT for answer in (RIGHT, WRONG)}
    played = [line for line in lines if line["text"] in worth]
    assert {line["text"] for line in played} == set(worth), [line["text"] for line in lines]
    for line in played:
        assert (line["reward"], line["finish_reason"]) == (float(worth[line["text"]]), "stop")
    assert all(line["reward"] is None for line in lines if line["finish_reason"] == "length")
    assert any(line["advantage"] > 0 for line in played)
    assert not same(final, knows), "it learned"
    # An end token stands behind each text of the policy, and a mark before each turn: only the texts are in the loss.
    own = len(ACTS) + len(RIGHT) + 2
    assert all(line["num_tokens"] == own + len(SAYS) + 2 for line in played)
    values = {name: value for line in progress(tmp_path / "rl") for name, value in line["metrics"].items()}
    assert {
        "rewards/exact_match/mean",
        "tools/call_frequency",
        "episodes/unfinished",
        "episodes/texts",
    } <= values.keys()
    if len(played) == 8:
        assert (values["completions/mean_length"], values["tools/call_frequency"], values["episodes/texts"]) == (
            own,
            1,
            2,
        )
    assert "parse_response" not in (final / "tokenizer_config.json").read_text()
    assert "set chat = namespace" not in "".join(file.read_text() for file in final.glob("*.jinja"))
