"""Tiny trainings for tests: data, a spec, and what a run left."""

import json
from pathlib import Path
from typing import Any

import pytest

from backend.trainers import Trainer, TrainSpec, _folders, _run

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
    results = []
    for i in range(count):
        prompt, right, wrong = (
            message("user", f"{i} + 1 ="),
            message("assistant", str(i + 1)),
            message("assistant", "?"),
        )
        results.append(
            {
                "prompt_completion": {"prompt": prompt, "completion": right},
                "preference": {"prompt": prompt, "chosen": right, "rejected": wrong, "weight": i / count},
                "unpaired_preference": {
                    "prompt": prompt,
                    "completion": right if i % 2 else wrong,
                    "label": i % 2 == 1,
                    "rate": 0.5,
                },
            }[kind]
        )
    return results


def spec_for(
    trainer: Trainer,
    policy: Path,
    folder: Path,
    *,
    data: list[dict[str, Any]] | None = None,
    reference: Path | None = None,
    dataset_type: str = "",
) -> TrainSpec:
    folder.mkdir(parents=True, exist_ok=True)
    dataset = folder.parent / f"{folder.name}.jsonl"
    lines = rows(trainer.trains_on) if data is None else data
    dataset.write_text("".join(json.dumps(row) + "\n" for row in lines))
    return TrainSpec(
        trainer=trainer.dump(),
        dataset=str(dataset),
        dataset_type=dataset_type or str(trainer.trains_on),
        policy=str(policy),
        reference=str(reference) if reference else None,
        output_dir=str(folder),
        seed=2**40 + 3,
    )


def train(trainer: Trainer, policy: Path, folder: Path, **more: Any) -> Path:
    trainer.main(spec_for(trainer, policy, folder, **more))
    return folder / "final"


class Dead(BaseException):
    """Stands for the process's death."""


def die(*_: Any) -> None:
    raise Dead


def kill(trainer: Trainer, policy: Path, folder: Path, **more: Any) -> None:
    """Train until the last step is done, and die while its checkpoint is saved: the one before is whole."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(_run, "write_final", die)
        with pytest.raises(Dead):
            train(trainer, policy, folder, **more)
    newest = _folders.newest_checkpoint(folder)
    assert newest is not None
    (newest / _folders.STATE).unlink()


def straight_and_killed(trainer: Trainer, policy: Path, folder: Path, **more: Any) -> tuple[Path, Path]:
    """Return the final weights of two trainings, in `straight` and in `killed`: the second died and was resumed.

    It is asserted that it went on from step 2 of 4 and ended in the same weights.
    """
    straight = train(trainer, policy, folder / "straight", **more)
    kill(trainer, policy, folder / "killed", **more)
    final = train(trainer, policy, folder / "killed", **more)
    assert json.loads((final / "train.json").read_text())["resumed_from_step"] == 2
    assert same(straight, final)
    return straight, final


def progress(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "progress.jsonl").read_text().splitlines()]


def tensors(final: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(next(iter(final.glob("*model.safetensors"))))


def same(left: Path, right: Path) -> bool:
    first, second = tensors(left), tensors(right)
    return first.keys() == second.keys() and all(bool((first[name] == second[name]).all()) for name in first)
