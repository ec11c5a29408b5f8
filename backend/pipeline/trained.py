"""What a finished training left: the checkpoint's columns, the rows it used and those that it left out."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.config import settings
from backend.db import tables
from backend.db.many import in_chunks
from backend.engines._wrapper import innermost
from backend.pipeline import left_out, model_check
from backend.pipeline.stage import StageContext
from backend.translations import gettext, ngettext
from backend.values import JSON, SCORER, Failure, FailureKind

logger = logging.getLogger("rondo.pipeline")


def columns(parent: tables.Checkpoint, final: Path, *, is_scorer: bool) -> dict[str, Any]:
    """The columns of the checkpoint whose weights lie in a folder, below the data folder.

    It answers by itself, whatever its parent answers by.
    """
    is_adapter = (settings().folder / final / "adapter_config.json").exists()
    served = {"adapter": str(final)} if is_adapter else {"model": str(final), "adapter": None}
    return {
        "kind": SCORER if is_scorer else "adapter" if is_adapter else "full",
        "role": "reward" if is_scorer else "policy",
        "engine": innermost(parent.engine) | served | ({"head": "score"} if is_scorer else {}),
        "details": rows_used(settings().folder / final),
    }


def checks(final: Path) -> JSON:
    """What is found of the new model, for its details."""
    return model_check.stored(model_check.of_engine({"model": str(final)}))


def report_rows(stage: StageContext, final: Path, step: int) -> None:
    """Say how many rows the training used and why it left others out, in the log and among the job's metrics."""
    used = rows_used(final)
    logger.info("%s", say_rows(used))
    special, refused = used.get("rows_special", 0), used.get("rows_refused", 0)
    too_long = used["rows"] - used["rows_used"] - special - refused
    dropped = {"rows_too_long": too_long, "rows_special": special, "rows_refused": refused}
    if any(dropped.values()):
        stage.progress.metrics(step, {name: count for name, count in dropped.items() if count})


def rows_used(final: Path) -> dict[str, int]:
    """How many rows the training was given, how many held special tokens as text, and how many it used.

    TRL drops those whose prompt fills max_length.
    """
    record = json.loads((final / "train.json").read_text(encoding="utf-8"))
    return {name: record[name] for name in ("rows", "rows_special", "rows_refused", "rows_used") if name in record}


def rows_left_out(db: Session, dataset_id: int, final: Path) -> list[left_out.LeftOutItem]:
    """The rows that the trainer left out, with their prompt and sample."""
    record = json.loads((final / "train.json").read_text(encoding="utf-8"))
    reasons = {number: Failure(FailureKind(kind), why) for number, kind, why in record.get("left_out", [])}
    items = []
    for some in in_chunks(sorted(reasons)):
        row, sample = tables.Example, tables.Sample
        query = (
            select(row.position, row.prompt_id, row.sample_id, sample.group_id)
            .outerjoin(sample, sample.id == row.sample_id)
            .where(row.dataset_id == dataset_id, row.position.in_(some))
            .order_by(row.position)
        )
        items += [
            left_out.LeftOutItem(reasons[position], group_id, prompt_id, sample_id, position=position)
            for position, prompt_id, sample_id, group_id in db.execute(query)
        ]
    return items


def say_rows(used: Mapping[str, int]) -> str:
    """What `rows_used` found, in words."""
    rows, kept, special = used["rows"], used["rows_used"], used.get("rows_special", 0)
    if kept == rows:
        return gettext("All {rows} rows used").format(rows=f"{rows:,}")
    parts = [gettext("{number} of {rows} rows used").format(number=f"{kept:,}", rows=f"{rows:,}")]
    refused = used.get("rows_refused", 0)
    if too_long := rows - kept - special - refused:
        text = ngettext("{number} was too long for max_length", "{number} were too long for max_length", too_long)
        parts.append(text.format(number=f"{too_long:,}"))
    if special:
        text = ngettext(
            "{number} holds a special token of the model as text",
            "{number} hold a special token of the model as text",
            special,
        )
        parts.append(text.format(number=f"{special:,}"))
    if refused:
        text = ngettext(
            "{number} was refused by the chat template", "{number} were refused by the chat template", refused
        )
        parts.append(text.format(number=f"{refused:,}"))
    return "; ".join(parts)
