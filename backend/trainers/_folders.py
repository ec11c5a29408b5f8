"""The folders of a training: which are whole, which are left over from a crash, and whether the disk is full."""

import errno
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from backend.errors import TrainerError
from backend.trainers import final_folder

STATE = "trainer_state.json"  # written last by transformers
CHECKPOINT_FILES = (STATE, "optimizer.pt", "scheduler.pt", "rng_state.pth")
OF_SEVERAL = {"optimizer.pt": ("optimizer.bin", "latest"), "rng_state.pth": ("rng_state_0.pth",)}
"""Other names that these files have where several processes trained: by FSDP, by DeepSpeed, by any."""
COMPLETE = "complete"
"""Lies in a checkpoint once all of several processes have written theirs."""
ANYWHERE = "identity_anywhere"
"""What `train.json` has of the same training on all machines."""
NEARLY_FULL = 16 * 2**20


def is_finished(output: Path, identity: str, anywhere: str = "") -> bool:
    """Say whether `final/` is there; raises if it is the result of something else.

    anywhere: the identity on all machines, whatever their data folders are called: it may have been fetched.
    """
    record = final_folder(str(output)) / "train.json"
    if not record.is_file():
        return False
    known = json.loads(record.read_text(encoding="utf-8"))
    if known["identity"] != identity and known.get(ANYWHERE) != anywhere:
        raise TrainerError(f"{output} holds the result of another training. Choose another output folder.")
    return True


def claim(output: Path, identity: str) -> None:
    """Note whose checkpoints lie here; those of another spec, and half-written ones, are removed."""
    note = output / "identity"
    if not note.is_file() or note.read_text(encoding="utf-8") != identity:
        for folder in checkpoints(output):
            shutil.rmtree(folder)
        note.write_text(identity, encoding="utf-8")
    remove_broken(output)


def checkpoints(output: Path) -> list[Path]:
    """Return TRL's checkpoint folders, newest first."""
    folders = [path for path in output.glob("checkpoint-*") if path.is_dir() and path.name[11:].isdigit()]
    return sorted(folders, key=step_of, reverse=True)


def step_of(checkpoint: Path) -> int:
    return int(checkpoint.name.removeprefix("checkpoint-"))


def newest_checkpoint(output: Path, also: Sequence[str] = ()) -> Path | None:
    """Return the newest whole checkpoint, of those that have these files, too."""
    whole = (folder for folder in checkpoints(output) if is_whole(folder))
    return next((folder for folder in whole if all((folder / name).is_file() for name in also)), None)


def is_whole(checkpoint: Path) -> bool:
    """Say whether a checkpoint was neither cut off in writing nor in deleting."""
    weights = any((checkpoint / name).is_file() for name in ("model.safetensors", "adapter_model.safetensors"))
    if not (weights or any(checkpoint.glob("*.safetensors.index.json"))):
        return False
    wanted = [(name, *OF_SEVERAL.get(name, ())) for name in CHECKPOINT_FILES]
    if not all(any((checkpoint / name).is_file() for name in names) for names in wanted):
        return False
    try:
        state = json.loads((checkpoint / STATE).read_text(encoding="utf-8"))
    except ValueError:
        return False
    return bool(state.get("global_step") == step_of(checkpoint))


def remove_broken(output: Path) -> None:
    """Remove what a crash left half-written: it can never be used and takes room."""
    for folder in checkpoints(output):
        if not is_whole(folder):
            shutil.rmtree(folder)
    shutil.rmtree(unfinished(output), ignore_errors=True)


def remove_checkpoints(output: Path) -> None:
    """Remove what a finished training was resumed from."""
    for folder in checkpoints(output):
        shutil.rmtree(folder)
    old_log_probs(output).unlink(missing_ok=True)


def old_log_probs(output: Path) -> Path:
    """What the weights before training said of the dataset, for losses that compare with them."""
    return output / "old_log_probs.safetensors"


def unfinished(output: Path) -> Path:
    return output / "final.tmp"


def is_full_disk(error: BaseException, output: Path) -> bool:
    """Say whether a failed save met a full disk; torch and safetensors have no error of their own for it."""
    for cause in causes(error):
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if "No space left" in str(cause) or "os error 28" in str(cause):
            return True
    torn = "PytorchStreamWriter" in str(error) or "unexpected pos" in str(error)
    return torn and shutil.disk_usage(output).free < NEARLY_FULL


def causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def sync(folder: Path) -> None:
    """Bring a folder's files to the disk, so that a later rename cannot come before them."""
    for path in [*folder.rglob("*"), folder]:
        sync_one(path)


def sync_one(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
