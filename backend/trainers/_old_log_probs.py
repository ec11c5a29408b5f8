"""The log-probabilities that the weights before training give to a dataset, kept beside the training's checkpoints."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.trainers import _folders
from backend.trainers._row_sft import OLD

if TYPE_CHECKING:
    from trl.trainer.sft_trainer import SFTTrainer


def add_old_log_probs(fitted: "SFTTrainer", output: Path) -> None:
    """Give each row of the training set the column `old_log_probs`: one number for each next token, 0 for the prompt's.

    They are computed in this process from the weights that the training starts from, before it begins, so they are
    those of the policy that wrote the samples where the samples came from these weights at temperature 1. A training
    that is resumed reads what the first attempt wrote.
    """
    file = _folders.old_log_probs(output)
    whose = (output / "identity").read_text(encoding="utf-8")
    rows = _read(file, whose)
    if rows is None:
        rows = _computed(fitted)
        _write(file, whose, rows)
    dataset: Any = fitted.train_dataset
    fitted.train_dataset = dataset.add_column(OLD, rows)


def _computed(fitted: "SFTTrainer") -> list[list[float]]:
    import torch

    dataset: Any = fitted.train_dataset
    model: Any = fitted.model
    collate: Any = fitted.data_collator
    size = fitted.args.per_device_train_batch_size
    needed = ("input_ids", "attention_mask", "labels")
    rows: list[list[float]] = []
    model.eval()
    with torch.no_grad(), fitted.accelerator.autocast():
        for start in range(0, len(dataset), size):
            some = [dataset[n] for n in range(start, min(start + size, len(dataset)))]
            batch = collate(some)
            inputs = {name: batch[name].to(model.device) for name in needed}
            log_probs = model(**inputs, use_cache=False, fused_lm_head=True).log_probs.float().cpu().tolist()
            rows += [line[: len(row["input_ids"]) - 1] for line, row in zip(log_probs, some, strict=True)]
    model.train()
    return rows


def _write(file: Path, whose: str, rows: list[list[float]]) -> None:
    import torch
    from safetensors.torch import save_file

    lengths = torch.tensor([len(row) for row in rows])
    values = torch.tensor([value for row in rows for value in row], dtype=torch.float32)
    temporary = file.with_suffix(".tmp")
    save_file({"lengths": lengths, "values": values}, temporary, metadata={"identity": whose})
    temporary.replace(file)


def _read(file: Path, whose: str) -> list[list[float]] | None:
    """What an earlier attempt of the same training wrote; None where there is nothing of it."""
    if not file.is_file():
        return None
    from safetensors import safe_open

    with safe_open(file, framework="pt") as opened:
        if (opened.metadata() or {}).get("identity") != whose:
            return None
        values, lengths = opened.get_tensor("values"), opened.get_tensor("lengths").tolist()
    return [piece.tolist() for piece in values.split(lengths)]
