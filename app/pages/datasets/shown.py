"""What the page shows of a dataset, its rows and an export."""

import json
from collections.abc import Callable
from typing import Any

from app.pages.prompts.importing import short
from app.widgets import drop_bars
from app.widgets.times import moment
from app.widgets.value_words import word
from backend.machine import in_one_line
from backend.services import datasets
from backend.services.datasets import DatasetDetail, DatasetRow, DatasetView, cut_in_words
from backend.translations import gettext, ngettext
from backend.values import DatasetType

WORDS: dict[str, Callable[[Any], str]] = {"cut": cut_in_words, "machine": in_one_line}


def card_value(detail: DatasetDetail) -> dict[str, Any]:
    """What the card shows; texts only."""
    view = detail.view
    origins = ", ".join(f"{count:,} {gettext(origin)}" for origin, count in detail.origins.items())
    rows = ngettext("{number} row ({origins})", "{number} rows ({origins})", view.num_examples)
    facts = {k: v for k, v in detail.provenance.items() if v and k != "people"}
    return {
        "title": gettext("Dataset {number}").format(number=view.id),
        "type": word(view.type.replace("_", " ")),
        "rows": rows.format(number=f"{view.num_examples:,}", origins=origins),
        "round": view.round_number,
        "is_round_in_trash": view.is_round_in_trash,
        "round_id": view.round_id,
        "made": moment(view.created_at),
        "checkpoint": view.checkpoint,
        "checkpoint_id": view.checkpoint_id,
        "untrained": gettext("no checkpoint yet")
        if view.is_read
        else gettext("none: a later step of the round went on from its rows"),
        "hash": view.content_hash,
        "stale": _stale(view),
        "provenance": [
            {"name": gettext(k.replace("_", " ")), "value": WORDS.get(k, _fact)(v)} for k, v in facts.items()
        ],
    }


def _stale(view: DatasetView) -> str:
    """That the labels may be others by now; empty where they are not."""
    if view.stale_at is None:
        return ""
    text = gettext("Stale since {when}: the review was opened again. Its rows stay as a training read them.")
    return text.format(when=moment(view.stale_at))


def _fact(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {version}" for name, version in value.items() if version)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def funnel_value(detail: DatasetDetail) -> dict[str, Any]:
    """The stages from prompts to training rows; why rows fell out of each, and what is told beside that."""
    most = max((int(step["count"]) for step in detail.funnel), default=0) or 1
    return {"stages": [_stage(step, most) for step in detail.funnel]}


def _stage(step: dict[str, Any], most: int) -> dict[str, Any]:
    dropped = step.get("dropped") or {}
    beside = [
        f"{gettext(k)} {v:,}" for k, v in step.items() if k not in ("stage", "count", "dropped") and isinstance(v, int)
    ]
    beside += [cut_in_words(step["cut"])] if step.get("cut") else []
    unit = [gettext("counted in {unit}").format(unit=gettext(step["unit"]))] if dropped and step.get("unit") else []
    return {
        "name": gettext(str(step["stage"])),
        "count": f"{step['count']:,}",
        "width": round(100 * int(step["count"]) / most, 1),
        "drops": drop_bars.bars((gettext(str(reason)), int(count), "") for reason, count in dropped.items() if count),
        "beside": "; ".join([*beside, *unit]),
    }


def list_row(view: DatasetView) -> list[str]:
    """One dataset as the table shows it."""
    frozen = moment(view.created_at)
    number = gettext("{number} (in the trash)") if view.is_round_in_trash else "{number}"
    type, checkpoint = word(view.type.replace("_", " ")), view.checkpoint or "–"
    return [
        str(view.id),
        number.format(number=view.round_number),
        type,
        f"{view.num_examples:,}",
        checkpoint,
        frozen,
    ]


def table_row(row: DatasetRow) -> list[str]:
    """One training row as the table shows it."""
    label = "" if row.label is None else gettext("good") if row.label else gettext("bad")
    prompt, rejected = short(row.messages[-1]["content"] if row.messages else ""), short(row.rejected or "")
    return [str(row.position), prompt, short(row.completion), rejected, label, f"{row.weight:g}", gettext(row.origin)]


def whole_row(row: DatasetRow, type: DatasetType) -> str:
    """All of a row as text."""
    if type is DatasetType.language_modeling and not (row.messages and row.completion):
        parts = [f"{gettext('text')}:\n{datasets.plain(row.messages, row.completion)}"]
    else:
        parts = [f"{message['role']}:\n{message['content']}" for message in row.messages]
        side = gettext("chosen") if row.rejected is not None else gettext("completion")
        parts += [f"{side}:\n{row.completion}"]
    parts += [f"{gettext('rejected')}:\n{row.rejected}"] if row.rejected is not None else []
    none = gettext("none (the prompt’s own answer)") if row.completion else "–"
    ids = gettext("prompt {prompt}, sample {sample}")
    if row.rejected_id:
        ids = gettext("prompt {prompt}, sample {sample}, rejected sample {rejected}")
    values = {"prompt": row.prompt_id, "sample": row.sample_id or none, "rejected": row.rejected_id}
    return "\n\n".join([*parts, ids.format(**values)])
