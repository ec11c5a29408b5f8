"""What can be said of online training without torch."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from backend.config import settings
from backend.judges.brevity import Brevity
from backend.judges.from_children import FromChildren
from backend.judges.majority_vote import MajorityVote
from backend.judges.written_verdict import WrittenVerdict
from backend.trainers import Trainer, TrainSpec
from backend.trainers._rl import order
from backend.trainers._rows import read
from backend.trainers._run import identify
from backend.trainers.grpo import GRPO


def grpo(**knobs) -> GRPO:
    return GRPO(**{"reward": Brevity()} | knobs)


def test_is_written_and_read_with_its_reward():
    trainer = grpo(reward=WrittenVerdict(votes=3), judge_by="teacher", delta=4.0)
    assert Trainer.load(json.loads(json.dumps(trainer.dump()))) == trainer
    assert trainer.asked_roles == ("teacher",)
    assert grpo(judge_by="teacher").asked_roles == (), "who computes asks nobody"


@pytest.mark.parametrize(
    ("knobs", "reply"),
    [
        ({"num_generations": 1}, "greater than or equal to 2"),
        ({"num_generations": 3}, "8 completions, which are no whole groups of num_generations = 3"),
        ({"gradient_accumulation_steps": 2, "steps_per_generation": 3}, "one is a multiple of the other"),
        ({"num_iterations": 2, "save_steps": 3}, "save_steps is 3, but a generation is trained on for 2 optimizer"),
        ({"sync_ref_model": True}, "only with beta above 0"),
        ({"sync_ref_model": True, "beta": 0.1, "lora": True}, "and without lora"),
        ({"reward": FromChildren()}, "judges by other texts than the group that is written"),
    ],
)
def test_what_cannot_work_is_refused_with_a_way_out(knobs, reply):
    with pytest.raises(ValidationError, match=reply):
        grpo(**knobs)


def test_a_generation_is_so_many_completions_for_so_many_steps():
    four = grpo(per_device_train_batch_size=4, gradient_accumulation_steps=2)
    assert (four.completions, four.period) == (8, 1)
    assert (grpo(steps_per_generation=4).completions, grpo(steps_per_generation=4).period) == (32, 4)
    assert grpo(num_iterations=3).period == 3
    # 10 steps of 2 passes, 4 passes a generation of 16 completions: 5 generations.
    knobs = {"gradient_accumulation_steps": 2, "per_device_train_batch_size": 4, "steps_per_generation": 4}
    assert grpo(max_steps=10, **knobs).rollouts(prompts=99) == 5 * 16
    # Twice through 5 prompts, 2 prompts a generation: 2 whole generations each time.
    assert grpo(num_generations=4, num_train_epochs=2).rollouts(prompts=5) == 4 * 8


def test_rows_are_shuffled_for_each_pass_and_the_rest_of_a_pass_is_left_out():
    numbers = order(5, 2, 5, seed=1)
    assert len(numbers) == 10
    passes = [numbers[:4], numbers[4:8]]
    assert all(len(set(entry)) == 4 for entry in passes)
    assert passes[0] != passes[1]
    assert numbers[:4] == order(2, 2, 5, seed=1), "the order does not depend on how long the training is"
    assert order(3, 2, 5, seed=2) != order(3, 2, 5, seed=1)


def test_rows_bring_the_known_answer_and_metadata_beside_the_prompt(tmp_path: Path):
    rows = [{"prompt": [], "answer": "4", "metadata": {"level": 2}, "other": 1}, {"prompt": []}]
    (tmp_path / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    trainer = grpo()
    spec = TrainSpec(trainer.dump(), str(tmp_path / "data.jsonl"), "prompt_only", "m", None, str(tmp_path), 1)
    assert [(row.columns, row.notes) for row in read(trainer, spec)] == [
        ({"prompt": []}, {"answer": "4", "metadata": {"level": 2}}),
        ({"prompt": []}, {}),
    ]
    # Who judges is part of what decides the result; a training that asks nobody is what it was.
    asked = TrainSpec(**spec.to_json() | {"engines": {"judge": {"name": "scripted"}}})
    assert identify(asked) != identify(spec)


def test_how_an_endpoint_is_asked_is_no_part_of_what_decides_a_training(tmp_path: Path):
    """It may be checked again while a training that it judges is interrupted."""
    (tmp_path / "data.jsonl").write_text('{"prompt": []}\n')
    trainer = grpo()
    spec = TrainSpec(trainer.dump(), str(tmp_path / "data.jsonl"), "prompt_only", "m", None, str(tmp_path), 1)
    server = {"name": "openai", "base_url": "http://127.0.0.1:1/v1", "model": "m"}

    def of(engine: dict[str, Any]) -> str:
        return identify(TrainSpec(**spec.to_json() | {"engines": {"judge": engine}}))

    checked = server | {"prompt_logprobs": True, "timeout": 9.0, "api_key_env": "RONDO_OTHER_API_KEY"}
    assert of(checked) == of(server)
    around = {"name": "scaffold", "template": "{prompt}"}
    assert of(around | {"inner": checked}) == of(around | {"inner": server})
    assert of(server | {"model": "another"}) != of(server)
    assert of(server | {"send_defaults": True}) != of(server)
    # On a machine whose data folder lies elsewhere the same training is known by what lies in it.
    moved, here = ("checkpoints/a/final", str(settings().folder / "checkpoints/a/final"))
    there, ours = (TrainSpec(**spec.to_json() | {"policy": policy, "reference": policy}) for policy in (moved, here))
    assert identify(there) != identify(ours)
    assert identify(there, anywhere=True) == identify(ours, anywhere=True) == identify(there)


def test_the_verdict_can_be_the_reward():
    assert grpo(reward=MajorityVote(), reward_from="verdict").reward_from == "verdict"
