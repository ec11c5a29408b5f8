"""What can be said of the trainers without torch."""

import errno
import json
import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from backend.errors import TrainerError
from backend.trainers import Trainer, TrainSpec, _folders, _progress
from backend.trainers._rows import read
from backend.trainers._run import identify
from backend.trainers.sft import SFT
from backend.values import DatasetType


def test_is_found_by_name_with_its_dataset_type():
    trainer = Trainer.load({"name": "sft", "learning_rate": 1e-4})
    assert trainer == SFT(learning_rate=1e-4)
    assert trainer.trains_on is DatasetType.prompt_completion
    with pytest.raises(ValidationError, match="greater than 0"):
        SFT(learning_rate=0)


def spec(tmp_path: Path, trainer: Trainer, rows: list[dict[str, object]]) -> TrainSpec:
    dataset = tmp_path / "data.jsonl"
    dataset.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return TrainSpec(trainer.dump(), str(dataset), str(trainer.trains_on), "m", None, str(tmp_path), 1)


def test_identity_follows_what_decides_the_result(tmp_path: Path):
    train_spec = spec(tmp_path, SFT(), [{"prompt": [], "completion": []}])
    moved = TrainSpec(**{**train_spec.to_json(), "output_dir": "/elsewhere"})
    assert identify(train_spec) == identify(moved)
    assert identify(train_spec) != identify(TrainSpec(**{**train_spec.to_json(), "seed": 2}))
    (tmp_path / "data.jsonl").write_text("{}\n")
    assert identify(train_spec) != identify(spec(tmp_path, SFT(), [{"prompt": [], "completion": []}]))


def test_rows_keep_the_needed_columns_and_the_order(tmp_path: Path):
    data = [{"prompt": [], "completion": [], "example_id": i, "n": i} for i in range(3)]
    assert [row.columns for row in read(SFT(), spec(tmp_path, SFT(), data))] == [{"prompt": [], "completion": []}] * 3


def checkpoint(output: Path, step: int, *, missing: str = "", state: str | None = None) -> Path:
    folder = output / f"checkpoint-{step}"
    folder.mkdir()
    for name in {*_folders.CHECKPOINT_FILES, "model.safetensors"} - {missing}:
        (folder / name).write_text(json.dumps({"global_step": step}) if state is None else state)
    return folder


def test_only_whole_checkpoints_are_resumed_from(tmp_path: Path):
    whole = checkpoint(tmp_path, 9)
    checkpoint(tmp_path, 10, missing="trainer_state.json")  # killed while saving
    checkpoint(tmp_path, 100, missing="model.safetensors")  # killed while deleting
    checkpoint(tmp_path, 11, missing="optimizer.pt")
    checkpoint(tmp_path, 12, state='{"global_')
    (tmp_path / "checkpoint-x").mkdir()
    assert _folders.newest_checkpoint(tmp_path) == whole
    _folders.remove_broken(tmp_path)
    assert _folders.checkpoints(tmp_path) == [whole]


def test_checkpoints_of_another_spec_are_removed(tmp_path: Path):
    _folders.claim(tmp_path, "one")
    checkpoint(tmp_path, 1)
    _folders.claim(tmp_path, "one")
    assert len(_folders.checkpoints(tmp_path)) == 1
    _folders.claim(tmp_path, "two")
    assert _folders.checkpoints(tmp_path) == []


def test_a_result_of_something_else_is_not_taken(tmp_path: Path):
    assert not _folders.is_finished(tmp_path, "one")
    (tmp_path / "final").mkdir()
    assert not _folders.is_finished(tmp_path, "one")
    (tmp_path / "final/train.json").write_text('{"identity": "one"}')
    assert _folders.is_finished(tmp_path, "one")
    with pytest.raises(TrainerError, match="result of another training"):
        _folders.is_finished(tmp_path, "two")


def test_progress_is_rewound_to_the_step_resumed_from(tmp_path: Path):
    file = tmp_path / "progress.jsonl"
    _progress.rewind(file, step=3)
    assert not file.exists()
    file.write_text(
        "".join(f'{{"step": {i}, "max_steps": 9, "metrics": {{}}}}\n' for i in range(6)) + '{"step": 2, "ma'
    )
    _progress.rewind(file, step=3)
    assert [json.loads(line)["step"] for line in file.read_text().splitlines()] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)"), True),
        (OSError(errno.EACCES, "Permission denied"), False),
        (RuntimeError("PytorchStreamWriter failed writing file"), False),
    ],
)
def test_a_full_disk_is_recognized(error: Exception, full: bool, tmp_path: Path):
    assert _folders.is_full_disk(error, tmp_path) is full


def test_a_full_disk_is_recognized_behind_another_error(tmp_path: Path):
    with pytest.raises(OSError) as cause:
        os.write(os.open("/dev/full", os.O_WRONLY), b"x")
    error = RuntimeError("unexpected pos 64 vs 0")
    error.__cause__ = cause.value
    assert _folders.is_full_disk(error, tmp_path)
