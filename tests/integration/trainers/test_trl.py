"""Real TRL trainings of a tiny model, a few steps each: what they learn and leave."""

import json
import struct
from pathlib import Path
from typing import Any, get_args

import pytest
from tensorboardX.proto.event_pb2 import Event

from backend.engines.transformers import Transformers
from backend.errors import TrainerError
from backend.trainers.dpo import DPO, LossType
from backend.trainers.kto import KTO
from backend.trainers.sft import SFT
from backend.values import Sampling
from tests.integration.trainers.training import KNOBS, message, progress, rows, same, spec_for, train


@pytest.mark.parametrize("lora", [False, True])
@pytest.mark.parametrize("kind", [SFT, DPO, KTO])
def test_trains_and_leaves_a_model_that_answers(kind: type[Any], lora: bool, tiny: Path, tmp_path: Path):
    final = train(kind(**KNOBS, lora=lora), tiny, tmp_path / "out")
    assert (final / "adapter_config.json").is_file() == lora
    assert not (tmp_path / "out" / "final.tmp").exists()
    assert list((tmp_path / "out").glob("checkpoint-*")) == []
    if not lora:
        assert not same(final, tiny)
    with Transformers(model=str(final), device="cpu") as trained, Transformers(model=str(tiny), device="cpu") as base:
        sampling = Sampling(seed=1, max_tokens=8)
        after, before = (
            transformers.complete([message("user", "1 + 1 =")], sampling)[0][0] for transformers in (trained, base)
        )
    assert after.logprob != before.logprob
    record = json.loads((final / "train.json").read_text())
    assert (record["seed"], record["steps"], record["rows"], record["rows_used"]) == (2**40 + 3, 4, 16, 16)
    assert record["versions"]["trl"]


def test_progress_has_every_log_with_numbers(tiny: Path, tmp_path: Path):
    train(DPO(**KNOBS), tiny, tmp_path / "out")
    lines = progress(tmp_path / "out")
    assert [line["step"] for line in lines if line["metrics"]] == [1, 2, 4]
    assert {line["max_steps"] for line in lines} == {4}
    assert {"loss", "rewards/margins", "rewards/accuracies", "grad_norm"} <= set(lines[-1]["metrics"])
    [file] = (tmp_path / "out" / "runs").glob("*/events.out.tfevents.*")
    losses = [line["metrics"]["loss"] for line in lines if "loss" in line["metrics"]]
    assert scalars(file, "train/loss") == pytest.approx(losses, rel=1e-6)


def scalars(file: Path, tag: str) -> list[float]:
    """What TensorBoard would draw: events stand after their length and its checksum, before their own checksum."""
    data, at, values = file.read_bytes(), 0, []
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        event = Event.FromString(data[at + 12 : at + 12 + length])
        values += [value.simple_value for value in event.summary.value if value.tag == tag]
        at += 16 + length
    return values


def test_a_finished_training_returns_at_once(tiny: Path, tmp_path: Path):
    spec = spec_for(SFT(**KNOBS), tiny, tmp_path / "out")
    SFT(**KNOBS).main(spec)
    written = (tmp_path / "out/final/train.json").stat().st_mtime_ns
    SFT(**KNOBS).main(spec)
    assert (tmp_path / "out/final/train.json").stat().st_mtime_ns == written
    changed = SFT(**{**KNOBS, "max_steps": 5})
    with pytest.raises(TrainerError, match="holds the result of another training"):
        changed.main(spec_for(changed, tiny, tmp_path / "out"))


def test_sft_learns_the_completion_only(tiny: Path, tmp_path: Path):
    """With one batch of all rows, the first loss is the mean over the completions' tokens and end tokens."""
    import torch

    data = rows("prompt_completion", 4)
    train(SFT(**{**KNOBS, "max_steps": 1}), tiny, tmp_path / "out", data=data)
    with Transformers(model=str(tiny), device="cpu") as engine:
        summed, count = 0.0, 0
        for row in data:
            by_token = token_logprobs(engine, row["prompt"], row["completion"][0]["content"])
            summed, count = summed - float(by_token.sum()), count + len(by_token)
    assert torch.isclose(
        torch.tensor(progress(tmp_path / "out")[1]["metrics"]["loss"]), torch.tensor(summed / count), atol=1e-4
    )


def token_logprobs(engine: Transformers, prompt: Any, text: str) -> Any:
    """Log-probability of each completion token, end token included, from one plain forward pass."""
    import torch

    head = engine._encode([prompt])[0]
    tail = [*engine._tokenizer(text, add_special_tokens=False)["input_ids"], engine._tokenizer.eos_token_id]
    with torch.no_grad():
        logits = engine._model(input_ids=torch.tensor([head + tail])).logits[0].float()
    return logits.log_softmax(-1)[len(head) - 1 : -1].gather(1, torch.tensor(tail)[:, None])[:, 0]


WEIGHED = [
    {
        "prompt": message("user", prompt),
        "chosen": message("assistant", chosen),
        "rejected": message("assistant", rejected),
        "weight": weight,
    }
    for prompt, chosen, rejected, weight in [
        ("a", "yes", "n", 0.75),
        ("bb", "k", "nope", 0.25),
        ("c", "longer", "x", 0.0),
    ]
]


@pytest.mark.parametrize("batch", [1, 3])
def test_a_weight_multiplies_both_terms_of_its_example(batch: int, tiny: Path, other: Path, tmp_path: Path):
    """-w log sigmoid(beta delta) - alpha w/|y+| log pi(y+), worked out from plain forward passes."""
    import torch

    beta, alpha = 0.5, 0.8
    trainer = DPO(
        max_steps=1,
        learning_rate=1e-9,
        per_device_train_batch_size=batch,
        gradient_accumulation_steps=3 // batch,
        beta=beta,
        loss_type=("sigmoid", "sft"),
        loss_weights=(1.0, alpha),
        weigh_examples=True,
    )
    train(trainer, tiny, tmp_path / "out", data=WEIGHED, reference=other)
    expected = 0.0
    with (
        Transformers(model=str(tiny), device="cpu") as policy,
        Transformers(model=str(other), device="cpu") as reference,
    ):
        for row in WEIGHED:
            chosen, rejected, chosen_ref, rejected_ref = (
                token_logprobs(engine, row["prompt"], row[side][0]["content"])
                for engine in (policy, reference)
                for side in ("chosen", "rejected")
            )
            delta = (chosen.sum() - chosen_ref.sum()) - (rejected.sum() - rejected_ref.sum())
            term = -torch.nn.functional.logsigmoid(beta * delta) - alpha * chosen.mean()
            expected += row["weight"] * float(term) / 3
    assert progress(tmp_path / "out")[1]["metrics"]["loss"] == pytest.approx(expected, abs=1e-4)


def test_weights_of_one_equal_trls_own_loss_one_example_at_a_time(tiny: Path, other: Path, tmp_path: Path):
    data = [{**row, "weight": 1.0} for row in WEIGHED]
    knobs: dict[str, Any] = {
        "max_steps": 3,
        "logging_steps": 1,
        "learning_rate": 1e-3,
        "per_device_train_batch_size": 1,
        "loss_type": ("sigmoid", "sft"),
    }
    for name, weighed in (("plain", False), ("weighed", True)):
        train(DPO(**knobs, weigh_examples=weighed), tiny, tmp_path / name, data=data, reference=other)
    plain, weighed = (
        [line["metrics"]["loss"] for line in progress(tmp_path / name)[1:]] for name in ("plain", "weighed")
    )
    assert weighed == pytest.approx(plain, abs=1e-5)


def test_every_term_of_trl_can_be_trained(tiny: Path, other: Path, tmp_path: Path):
    terms = get_args(LossType)
    trainer = DPO(max_steps=1, loss_type=terms, label_smoothing=0.1, per_device_train_batch_size=3)
    train(trainer, tiny, tmp_path / "out", data=WEIGHED, reference=other)
    assert progress(tmp_path / "out")[1]["metrics"]["loss"] > 0
    assert len(terms) == len(set(terms)) == 15


def test_the_reference_is_the_policys_start_unless_named(tiny: Path, other: Path, tmp_path: Path):
    knobs = {**KNOBS, "max_steps": 1}
    train(DPO(**knobs), tiny, tmp_path / "own")
    train(DPO(**knobs), tiny, tmp_path / "named", reference=other)
    own, named = (progress(tmp_path / name)[1]["metrics"] for name in ("own", "named"))
    assert own["rewards/margins"] == 0
    assert abs(named["rewards/margins"]) > 1e-3


def test_an_adapter_goes_on_as_adapter_or_merged(tiny: Path, tmp_path: Path):
    first = train(SFT(**KNOBS, lora=True), tiny, tmp_path / "first")
    on = train(DPO(**KNOBS, lora=True), first, tmp_path / "on")
    assert json.loads((on / "adapter_config.json").read_text())["base_model_name_or_path"] == str(tiny)
    assert not (on / "ref").exists()
    answers = []
    for model, adapter in ((on, None), (tiny, str(on))):
        with Transformers(model=str(model), adapter=adapter, device="cpu") as engine:
            answers.append(engine.complete([message("user", "1 + 1 =")], Sampling(seed=1, max_tokens=8)))
    assert answers[0] == answers[1]
    # Against its own start the first margin is nil; against the base model it is not.
    assert progress(tmp_path / "on")[1]["metrics"]["rewards/margins"] == 0
    train(DPO(**KNOBS, lora=True), first, tmp_path / "base", reference=tiny)
    assert progress(tmp_path / "base")[1]["metrics"]["rewards/margins"] != 0
    merged = train(SFT(**KNOBS), first, tmp_path / "merged")
    assert (merged / "model.safetensors").is_file()
    assert not (merged / "adapter_config.json").exists()
