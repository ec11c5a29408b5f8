"""Runs a training so that it can be killed at any moment: `final/` appears whole or not at all."""

import contextlib
import hashlib
import json
import math
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.engines import _chat, _weights
from backend.errors import InvalidInput, RondoError, TrainerError
from backend.trainers import (
    TrainSpec,
    _folders,
    _hardware,
    _models,
    _optimizer,
    _preflight,
    _progress,
    _rows,
    final_folder,
)
from backend.trainers._identity import deciding, portable
from backend.trainers._inputs import Row, TrainerInputs
from backend.trainers._knobs import TRLKnobs
from backend.trainers._preflight import Ready
from backend.values import JSON, FailureKind

if TYPE_CHECKING:
    from transformers import Trainer as HFTrainer

LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets")


def run(trainer: TRLKnobs, spec: TrainSpec) -> None:
    """Train from the newest whole checkpoint, write `final/`, then remove the checkpoints."""
    output = Path(spec.output_dir)
    identity, anywhere = identify(spec), identify(spec, anywhere=True)
    # Of several processes each comes here, the folder is claimed by who started them, and the first one writes.
    is_alone = trainer.num_processes == 1
    if is_alone and _folders.is_finished(output, identity, anywhere):
        return _folders.remove_checkpoints(output)
    rows = _rows.read(trainer, spec)
    _weights.prepare_libraries()
    _hardware.check_ready(trainer)
    _hardware.check_devices(trainer, trainer.num_processes)
    output.mkdir(parents=True, exist_ok=True)
    if is_alone:
        _folders.claim(output, identity)
    weights = _models.load(trainer, spec)
    with explained(output, weights.checkpoint_bytes):
        started = time.monotonic()
        ready = prepared(trainer, spec, weights, rows)
        fitted = ready.fitted
        assert fitted is not None
        is_first = fitted.is_world_process_zero()
        if is_first:
            _preflight.note(output, trainer, spec, weights, ready)
        checkpoint = _folders.newest_checkpoint(output, trainer.resumes_with)
        for name in ("progress.jsonl", "samples.jsonl") if is_first else ():
            _progress.rewind(output / name, step=_folders.step_of(checkpoint) if checkpoint else -1)
        result = fitted.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        if fitted.state.global_step == 0:
            raise TrainerError(
                f"The {ready.rows_used} rows are too few for one optimizer step. Lower per_device_train_batch_size or "
                "gradient_accumulation_steps."
            )
        if not math.isfinite(result.training_loss):
            raise TrainerError("The loss became nan. Lower learning_rate, or look for broken rows in the dataset.")
        record = {
            "identity": identity,
            _folders.ANYWHERE: anywhere,
            "spec": spec.to_json(),
            "versions": {name: version(name) for name in LIBRARIES},
            "seed": spec.seed,
            "processes": trainer.num_processes,
            "seconds": round(time.monotonic() - started, 3),
            "resumed_from_step": _folders.step_of(checkpoint) if checkpoint else 0,
            "steps": fitted.state.global_step,
            "rows": len(rows),
            "rows_special": sum(failure.kind is FailureKind.special for failure in ready.left_out.values()),
            "rows_refused": sum(failure.kind is FailureKind.template for failure in ready.left_out.values()),
            "rows_used": ready.rows_used,
            "rows_repeated": trainer.repeated(len(fitted.train_dataset)),  # type: ignore[arg-type]
            "left_out": _rows.to_json(ready.left_out),
            "metrics": last_metrics(fitted.state.log_history) | {"train_loss": result.training_loss},
        }
        state = fitted.accelerator.get_state_dict(fitted.model) if trainer.strategy == "fsdp" else None
        if is_first:
            write_final(fitted, weights, output, record, trainer, state)
        fitted.accelerator.wait_for_everyone()
    if is_first:
        _folders.remove_checkpoints(output)


def preflight(trainer: TRLKnobs, spec: TrainSpec) -> None:
    """Do all that comes before the first step, and write what was found to `preflight.json` in the output folder.

    Of a trainer that writes its own texts TRL's trainer is not made: its judges would be loaded.
    """
    rows = _rows.read(trainer, spec)
    _weights.prepare_libraries()
    _hardware.check_ready(trainer)
    _hardware.check_devices(trainer, 1)  # this one looks at the rows alone
    output = Path(spec.output_dir)
    output.mkdir(parents=True, exist_ok=True)
    weights = _models.load(trainer, spec)
    with explained(output, weights.checkpoint_bytes):
        ready = prepared(trainer, spec, weights, rows, makes=not trainer.rewards)
        _preflight.write(output, trainer, spec, weights, ready)


def prepared(
    trainer: TRLKnobs, spec: TrainSpec, weights: TrainerInputs, rows: list[Row], *, makes: bool = True
) -> Ready:
    """Make TRL's trainer of the rows that can be trained on; raises `InvalidInput` where none can. Without `makes` the
    rows are looked at only."""
    most = arguments(trainer, spec, weights)["max_length"]
    left_out = _rows.special(weights.tokenizer, rows)
    left_out |= trainer.unfit(weights, [row for row in rows if row.number not in left_out], most)
    ordinary = _rows.without(rows, left_out)
    if not makes:
        left_out |= _rows.refused(weights.tokenizer, spec.policy, ordinary)
        ordinary = _rows.without(rows, left_out)
        return Ready(rows, ordinary, left_out, len(ordinary), most, None)
    try:
        fitted = build(trainer, spec, weights, ordinary)
    except _chat.REFUSALS:
        refused = _rows.refused(weights.tokenizer, spec.policy, ordinary)
        if not refused:
            raise
        left_out |= refused
        fitted = build(trainer, spec, weights, ordinary := _rows.without(rows, left_out))
    rows_used = trainer.rows_kept(fitted, ordinary)
    if rows_used == 0:
        raise InvalidInput(too_long(trainer, len(ordinary)))
    if rows_used < len(ordinary):
        left_out |= _rows.too_long(weights.tokenizer, ordinary, most, whole=trainer.drops_long)
    return Ready(rows, ordinary, left_out, rows_used, most, fitted)


def identify(spec: TrainSpec, *, anywhere: bool = False) -> str:
    """Hash what decides the result: the spec as far as it does, and the bytes of the dataset.

    anywhere: as it is on all machines, whatever their data folders are called.
    """
    file = Path(spec.dataset)
    if not file.is_file():
        raise InvalidInput(f"The dataset {file} is not there. Freeze the dataset again.")
    with file.open("rb") as opened:
        content = hashlib.file_digest(opened, "sha256").hexdigest()
    decides = portable(deciding(spec)) if anywhere else deciding(spec)
    if not decides["engines"]:
        del decides["engines"]  # a training that asks none has the identity it had before there were any
    return hashlib.sha256(json.dumps([decides, content], sort_keys=True).encode()).hexdigest()


def build(trainer: TRLKnobs, spec: TrainSpec, weights: TrainerInputs, rows: list[Row]) -> "HFTrainer":
    """Make the TRL trainer."""
    import datasets

    datasets.disable_progress_bars()
    try:
        fitted = trainer.make(arguments(trainer, spec, weights), weights, rows, spec)
    except StopIteration as error:
        # TRL looks at the first row after dropping those that are too long.
        raise InvalidInput(too_long(trainer, len(rows))) from error
    if trainer.keeps_optimizer:
        fitted.add_callback(_optimizer.callback(Path(_weights.locate(spec.policy))))
    file = Path(spec.output_dir) / "progress.jsonl"
    fitted.add_callback(_progress.callback(file, logs_few=trainer.logging_steps is None))
    fitted.add_callback(_progress.token_counter(fitted))
    if trainer.num_processes > 1:
        fitted.add_callback(_progress.completer(fitted))
    return fitted


def arguments(trainer: TRLKnobs, spec: TrainSpec, weights: TrainerInputs) -> dict[str, Any]:
    """Return what goes into the TRL config of every trainer."""
    import torch

    on_gpu = torch.cuda.is_available()
    same = (
        "learning_rate num_train_epochs max_steps per_device_train_batch_size gradient_accumulation_steps "
        "lr_scheduler_type warmup_steps weight_decay max_grad_norm save_steps save_total_limit "
        "gradient_checkpointing"
    )
    return {name: getattr(trainer, name) for name in same.split()} | {
        "output_dir": spec.output_dir,
        "logging_steps": trainer.logging_steps or _progress.LOGGING_STEPS,
        "seed": spec.seed % 2**32,  # NumPy takes no larger one
        "max_length": min(trainer.max_length, weights.context or trainer.max_length),
        "bf16": trainer.bf16 if trainer.bf16 is not None else _models.has_bf16(),
        "use_cpu": not on_gpu,
        "dataloader_pin_memory": on_gpu,
        "save_strategy": "steps",
        "logging_first_step": True,
        "logging_nan_inf_filter": False,
        "report_to": trainer.report_to,
        "disable_tqdm": True,
    }


def too_long(trainer: TRLKnobs, rows: int) -> str:
    """Say that nothing is left of the dataset."""
    what = "a text of each, with its prompt, is longer than" if trainer.drops_long else "their prompts alone fill"
    return (
        f"All {rows} rows were dropped: {what} max_length ({trainer.max_length}) or the model's "
        "context. Raise max_length, or choose a model with a longer context."
    )


def write_final(
    fitted: "HFTrainer", weights: TrainerInputs, output: Path, record: JSON, trainer: TRLKnobs, state: Any = None
) -> None:
    """Write weights, tokenizer and record aside, and the optimizer's state if it is kept, then give them their name.

    record: goes into train.json. state: all weights, where the model of this process holds a share of them.
    """
    folder = _folders.unfinished(output)
    model: Any = fitted.accelerator.unwrap_model(fitted.model)
    if trains_adapter(model):
        # TRL may have added a second adapter, a frozen copy that served as the reference.
        model.save_pretrained(folder, selected_adapters=["default"], state_dict=state)
        file = folder / "adapter_config.json"
        config = json.loads(file.read_text(encoding="utf-8"))
        config["base_model_name_or_path"] = _models.portable(weights.base)
        file.write_text(json.dumps(config, indent=2), encoding="utf-8")
    else:
        model.config.use_cache = True
        if getattr(model.config, "output_router_logits", False):
            # Switched on for the load balancing of a mixture of experts; a model cannot be sampled with it.
            model.config.output_router_logits = False
        model.save_pretrained(folder, state_dict=state)
    # Trainers change the padding of theirs; the policy's own goes on unchanged.
    _weights.load_tokenizer(_weights.locate(record["spec"]["policy"])).save_pretrained(folder)
    if trainer.keeps_optimizer:
        _optimizer.save(fitted.optimizer, folder)
    trainer.write_beside(fitted, folder)
    (folder / "train.json").write_text(json.dumps(record, indent=2), encoding="utf-8")
    _folders.sync(folder)
    folder.rename(final_folder(str(output)))


def trains_adapter(model: Any) -> bool:
    from peft import PeftModel

    return isinstance(model, PeftModel)


def last_metrics(history: list[dict[str, Any]]) -> dict[str, float]:
    """Return the newest logged value of each metric."""
    merged: dict[str, float] = {}
    for entry in history:
        merged |= {name: value for name, value in entry.items() if isinstance(value, int | float)}
    return {name: value for name, value in merged.items() if math.isfinite(value)}


@contextlib.contextmanager
def explained(output: Path, checkpoint_bytes: int) -> Iterator[None]:
    """Turn a full disk and a full GPU into sentences; a full disk gets back what the last save took."""
    import torch
    from safetensors import SafetensorError

    try:
        yield
    except RondoError:
        raise
    except torch.OutOfMemoryError as error:
        raise TrainerError(
            "The GPU ran out of memory. Lower per_device_train_batch_size (and raise gradient_accumulation_steps), "
            "or switch on gradient_checkpointing or lora."
        ) from error
    except (OSError, RuntimeError, SafetensorError) as error:
        if not _folders.is_full_disk(error, output):
            raise
        _folders.remove_broken(output)
        raise TrainerError(
            f"No space left in {output} while saving. A checkpoint takes about {checkpoint_bytes / 2**20:,.0f} MB: "
            "free that much three times over, or set RONDO_DATA_DIR to a larger disk, then resume."
        ) from error
