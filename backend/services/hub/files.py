"""Which files a push sends: of a checkpoint its weights and what loads them, of a dataset its rows; and a card."""

import json
import shutil
from pathlib import Path
from typing import Literal

from sqlalchemy import select

from backend.config import settings
from backend.db import reading, tables
from backend.engines import _weights
from backend.engines._wrapper import innermost, is_wrapper
from backend.errors import Conflict, InvalidInput
from backend.jobs import ACTIVE
from backend.pipeline import bind
from backend.services.access import Actor
from backend.services.checkpoints import model_cards
from backend.services.checkpoints.model_cards import README
from backend.services.datasets import dataset_cards, exports, scans
from backend.services.datasets.export_result import Export, Format
from backend.values import JSON

SENT = (
    "*.safetensors",
    "*.safetensors.index.json",
    "config.json",
    "generation_config.json",
    "adapter_config.json",
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.*",
    "merges.txt",
    "chat_template.*",
    "additional_chat_templates/*",
)
"""What loads a model. Records of trainings, states of optimizers and rows stay here."""
ROWS = ("data/train.jsonl", "data/train.parquet")
FoundRows = Literal["refuse", "leave_out", "mask", "keep"]
PART = ".part-push-"
"""How the name of a folder begins that is being sent from; the job's id follows."""
ADAPTER = "adapter_config.json"
BASE = "base_model_name_or_path"


def refuse_soon(row: tables.Checkpoint) -> None:
    """As `refuse_checkpoint`, unless its files would have to be fetched for it: then the worker looks."""
    if not bind.lies_elsewhere(row.engine):
        refuse_checkpoint(row)


def refuse_checkpoint(row: tables.Checkpoint) -> Path:
    """The folder of a checkpoint that can be pushed; raises `InvalidInput` with the reason for another one."""
    if is_wrapper(row.engine):
        raise InvalidInput(
            f"{row.name} is a way to use a model, and the hub keeps weights. Push the checkpoint inside."
        )
    engine = innermost(row.engine)
    if engine.get("name") != "transformers":
        raise InvalidInput(f"{row.name} has no weights here: something else serves it. Push a checkpoint with weights.")
    place = engine.get("adapter") or engine["model"]
    for part in filter(None, (engine.get("adapter"), engine["model"])):
        bind.resolve(part)
    folder = Path(_weights.locate(place))
    if not folder.is_dir():
        raise InvalidInput(f"{row.name} is on the hub already, as {place}. Push a checkpoint that was made here.")
    if engine.get("adapter") and model_cards.hub_name(engine) == "":
        raise InvalidInput(
            f"{row.name} is an adapter on a model that is not on the hub, so nobody else could load it. Merge it into "
            "its base, and push the merged checkpoint."
        )
    _weights.check(str(folder))
    return folder


def of_checkpoint(actor: Actor, row: tables.Checkpoint, part: Path) -> dict[str, Path]:
    """The files of a checkpoint by their names on the hub; what is written for it goes into the folder `part`."""
    folder = refuse_checkpoint(row)
    paths = sorted({path for pattern in SENT for path in folder.glob(pattern) if path.is_file()})
    files = {str(path.relative_to(folder)): path for path in paths}
    if ADAPTER in files:
        # Its path on this machine means nothing elsewhere, and is not published.
        config = _weights.read_json(folder / ADAPTER) | {BASE: model_cards.hub_name(innermost(row.engine))}
        files[ADAPTER] = _written(part / ADAPTER, json.dumps(config, indent=1, ensure_ascii=False))
    return files | {README: _written(part / README, model_cards.of_checkpoint(actor, row.id))}


def of_dataset(
    actor: Actor, dataset_id: int, format: Format, found_rows: FoundRows, part: Path, reason: str = ""
) -> tuple[dict[str, Path], JSON]:
    """The rows of a dataset as one file, and its card; and how many rows there are, were found and were left out.

    Raises `Conflict` with what the checks found where such rows are neither left out nor asked for.
    """
    scans.ensure(actor, dataset_id)
    exported = exports.export(
        actor,
        dataset_id,
        format=format,
        leave_out=found_rows in ("leave_out", "mask"),
        handling=None if found_rows == "refuse" else found_rows,
        reason=reason,
        asks=True,
    )
    if found_rows == "refuse" and exported.findings:
        raise Conflict(
            f"The checks of dataset {dataset_id} found rows that deserve a look: {_found(exported)}. Push it again "
            "without these rows (leave_out), or with them (keep)."
        )
    name = f"data/train.{format}"
    # Exports of before are removed in time; this one has to stay until it is sent.
    rows = Path(shutil.copyfile(exported.path, part / f"train.{format}"))
    card = dataset_cards.of_dataset(actor, dataset_id, file=name, exported=exported)
    counts = {
        "rows": exported.num_rows,
        "findings": {finding.check: finding.count for finding in exported.findings},
        "left_out": exported.left_out,
        "scan": list(exported.scan_lines),
    }
    return {name: rows, README: _written(part / README, card)}, counts


def _found(exported: Export) -> str:
    return "; ".join(f"{finding.count:,} rows: {finding.meaning}" for finding in exported.findings)


def folder_for(job_id: int) -> Path:
    """An empty folder for what a job writes to send it. Those of jobs that were killed go."""
    top = settings().folder / "exports"
    job = tables.Job
    with reading() as db:
        at_work = set(db.scalars(select(job.id).where(job.status.in_(ACTIVE), job.id != job_id)))
    for path in top.glob(f"{PART}*"):
        number = path.name.removeprefix(PART)
        if not number.isdecimal() or int(number) not in at_work:
            shutil.rmtree(path, ignore_errors=True)
    folder = top / f"{PART}{job_id}"
    folder.mkdir(parents=True)
    return folder


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
