"""Real TRL trainings of a tiny model, a few steps each."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from backend.engines.transformers import Transformers
from backend.errors import InvalidInput, TrainerError
from backend.trainers import Trainer, TrainSpec
from backend.trainers.dpo import DPO
from backend.trainers.kto import KTO
from backend.trainers.sft import SFT
from backend.values import Sampling
from tests.tiny import make_tiny_model

ROOT = Path(__file__).parents[3]
KNOBS: dict[str, Any] = {
    "max_steps": 4,
    "logging_steps": 2,
    "learning_rate": 2e-3,
    "per_device_train_batch_size": 4,
    "lora_r": 4,
}


def message(role: str, text: str) -> list[dict[str, str]]:
    return [{"role": role, "content": text}]


def rows(kind: str, count: int = 16) -> list[dict[str, Any]]:
    made = []
    for i in range(count):
        prompt, right, wrong = (
            message("user", f"{i} + 1 ="),
            message("assistant", str(i + 1)),
            message("assistant", "?"),
        )
        made.append(
            {
                "prompt_completion": {"prompt": prompt, "completion": right},
                "preference": {"prompt": prompt, "chosen": right, "rejected": wrong, "weight": i / count},
                "unpaired_preference": {"prompt": prompt, "completion": right if i % 2 else wrong, "label": i % 2 == 1},
            }[kind]
        )
    return made


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny", hidden=16, layers=1)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("models") / "other", hidden=16, layers=1, seed=1)


def spec_for(
    trainer: Trainer,
    policy: Path,
    folder: Path,
    *,
    data: list[dict[str, Any]] | None = None,
    reference: Path | None = None,
) -> TrainSpec:
    folder.mkdir(parents=True, exist_ok=True)
    dataset = folder.parent / f"{folder.name}.jsonl"
    lines = rows(trainer.trains_on) if data is None else data
    dataset.write_text("".join(json.dumps(row) + "\n" for row in lines))
    return TrainSpec(
        trainer=trainer.dump(),
        dataset=str(dataset),
        dataset_type=str(trainer.trains_on),
        policy=str(policy),
        reference=str(reference) if reference else None,
        output_dir=str(folder),
        seed=2**40 + 3,
    )


def train(trainer: Trainer, policy: Path, folder: Path, **more: Any) -> Path:
    trainer.main(spec_for(trainer, policy, folder, **more))
    return folder / "final"


def progress(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "progress.jsonl").read_text().splitlines()]


def tensors(final: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(next(iter(final.glob("*model.safetensors"))))


def same(left: Path, right: Path) -> bool:
    first, second = tensors(left), tensors(right)
    return first.keys() == second.keys() and all(bool((first[name] == second[name]).all()) for name in first)


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
        after, before = (one.complete([message("user", "1 + 1 =")], sampling)[0][0] for one in (trained, base))
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
        "max_steps": 3, "logging_steps": 1, "learning_rate": 1e-3, "per_device_train_batch_size": 1,
        "loss_type": ("sigmoid", "sft"),
    }  # fmt: skip
    for name, weighed in (("plain", False), ("weighed", True)):
        train(DPO(**knobs, weigh_examples=weighed), tiny, tmp_path / name, data=data, reference=other)
    plain, weighed = (
        [line["metrics"]["loss"] for line in progress(tmp_path / name)[1:]] for name in ("plain", "weighed")
    )
    assert weighed == pytest.approx(plain, abs=1e-5)


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


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "lora"), [(SFT, False), (DPO, True)])
def test_a_training_killed_midway_ends_in_the_same_weights(kind: type[Any], lora: bool, tiny: Path, tmp_path: Path):
    trainer = kind(**{**KNOBS, "max_steps": 60, "save_steps": 10, "lora": lora})
    straight = train(trainer, tiny, tmp_path / "straight")
    spec = spec_for(trainer, tiny, tmp_path / "killed")
    process = start(spec, tmp_path)
    wait_for(tmp_path / "killed/checkpoint-20/trainer_state.json", process)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "killed/final").exists()
    # A crash in the middle of a save leaves a folder without its last file.
    broken = tmp_path / "killed/checkpoint-59"
    broken.mkdir()
    (broken / "model.safetensors").write_bytes(b"half")
    trainer.main(spec)
    record = json.loads((tmp_path / "killed/final/train.json").read_text())
    # 10 where the kill met the last file of checkpoint-20 half-written.
    assert 10 <= record["resumed_from_step"] < 60
    assert same(straight, tmp_path / "killed/final")
    losses = [
        [(li["step"], li["metrics"]["loss"]) for li in progress(tmp_path / name) if li["metrics"]]
        for name in ("straight", "killed")
    ]
    assert losses[0] == losses[1]


def start(spec: TrainSpec, folder: Path) -> "subprocess.Popen[bytes]":
    file = folder / "spec.json"
    file.write_text(json.dumps(spec.to_json()))
    with (folder / "log.txt").open("wb") as log:
        return subprocess.Popen([sys.executable, "-m", "backend.trainers", str(file)], cwd=ROOT, stdout=log, stderr=log)


def wait_for(file: Path, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while not file.exists():
        assert process.poll() is None, "the training ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_the_process_says_in_its_last_line_why_it_failed(tiny: Path, tmp_path: Path):
    spec = spec_for(SFT(**KNOBS), tiny, tmp_path / "out", data=[])
    assert start(spec, tmp_path).wait() == 1
    assert (tmp_path / "log.txt").read_text().splitlines()[-1] == (
        "ERROR: The dataset is empty, so there is nothing to train on. Loosen the selector."
    )


def test_bad_data_is_refused_in_words(tiny: Path, tmp_path: Path):
    sft = SFT(**KNOBS)
    with pytest.raises(InvalidInput, match=r"Line 1 of .* is not a row with prompt, completion"):
        train(sft, tiny, tmp_path / "a", data=[{"prompt": []}])
    with pytest.raises(InvalidInput, match="trains on prompt_completion data, but the dataset is preference"):
        sft.main(spec_for(DPO(**KNOBS), tiny, tmp_path / "b"))
    with pytest.raises(InvalidInput, match=r"The dataset .* is not there"):
        sft.main(
            TrainSpec(sft.dump(), str(tmp_path / "no.jsonl"), "prompt_completion", str(tiny), None, str(tmp_path), 0)
        )


@pytest.mark.parametrize("kind", [SFT, DPO, KTO])
def test_prompts_that_fill_the_context_are_dropped_and_counted(kind: type[Any], tiny: Path, tmp_path: Path):
    long = {"prompt": message("user", "x" * 300)}
    data = [row | long if i < 6 else row for i, row in enumerate(rows(kind.trains_on))]
    final = train(kind(**KNOBS), tiny, tmp_path / "some", data=data)
    assert json.loads((final / "train.json").read_text())["rows_used"] == 10
    with pytest.raises(InvalidInput, match="All 16 rows were dropped"):
        train(kind(**KNOBS), tiny, tmp_path / "all", data=[row | long for row in data])


def test_a_loss_that_is_no_number_stops_the_training(tiny: Path, tmp_path: Path):
    with pytest.raises(TrainerError, match="The loss became nan at step"):
        train(SFT(**{**KNOBS, "learning_rate": 1e38, "max_grad_norm": 0.0, "max_steps": 20}), tiny, tmp_path / "out")
    assert not (tmp_path / "out/final").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a tiny file system")
def test_a_full_disk_is_named_and_the_training_resumes(tiny: Path, tmp_path: Path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", disk], check=False, capture_output=True
    ).returncode:
        pytest.skip("may not mount here")
    try:
        trainer = SFT(**{**KNOBS, "max_steps": 8})
        spec = spec_for(trainer, tiny, disk / "out")
        with pytest.raises(
            TrainerError, match=r"No space left in .*out while saving. A checkpoint takes about .* RONDO_DATA_DIR"
        ):
            trainer.main(spec)
        assert not (disk / "out/final").exists()
        assert not (disk / "out/final.tmp").exists()
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        trainer.main(spec)
        assert same(disk / "out/final", train(trainer, tiny, tmp_path / "elsewhere"))
    finally:
        subprocess.run(["umount", disk], check=True)


def test_another_spec_does_not_resume_from_these_checkpoints(tiny: Path, tmp_path: Path):
    trainer = SFT(**KNOBS)
    out = tmp_path / "out"
    train(trainer, tiny, out)
    shutil.rmtree(out / "final")
    (out / "checkpoint-3").mkdir()
    changed = SFT(**{**KNOBS, "learning_rate": 1e-3})
    changed.main(spec_for(changed, tiny, out))
    assert json.loads((out / "final/train.json").read_text())["resumed_from_step"] == 0
