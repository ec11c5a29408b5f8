"""What the page of checkpoints shows: the lineage with its numbers, and the card of one of them; texts only."""

from typing import Any

from app.pages.checkpoints import merging
from app.pages.checkpoints.uses import shown_use
from app.widgets import drop_bars
from app.widgets.formats import duration, percent
from app.widgets.role_words import role_word
from app.widgets.times import moment
from app.widgets.value_words import metric_name, word
from backend.machine import in_one_line
from backend.services.checkpoints import SCORER, CheckpointDetail, CheckpointRow, MetricNumber
from backend.translations import gettext, ngettext
from backend.values import JOINED, JSON

FIRST_METRICS = ("held_out_accuracy", "pass_at_8")


def table_value(rows: list[CheckpointRow], doubtful: set[int]) -> dict[str, Any]:
    """The lineage; `doubtful` ones learned from work that was removed later."""
    metric_names = {name for row in rows for name in row.metrics}
    names = [name for name in FIRST_METRICS if name in metric_names] + sorted(metric_names - set(FIRST_METRICS))
    return {
        "metrics": [metric_name(name) for name in names],
        "rows": [
            {
                "id": row.id,
                "name": row.name,
                "indent": min(row.depth, 12) * 18,
                "is_child": row.depth > 0,
                "is_doubtful": row.id in doubtful,
                "kind": _kind(row) if row.role == "policy" else f"{_kind(row)}, {role_word(row.role)}",
                "round": _round(row) if row.round_number else _made_by(row),
                "cells": [_number(row.metrics.get(name), name) for name in names],
            }
            for row in rows
        ],
    }


def _round(row: CheckpointRow) -> str:
    text = gettext("round {number} (in the trash)") if row.is_round_in_trash else gettext("round {number}")
    return text.format(number=row.round_number)


def _kind(row: CheckpointRow) -> str:
    return gettext("endpoint") if row.is_endpoint and row.kind == "base" else word(row.kind)


def _made_by(row: CheckpointRow) -> str:
    return gettext("merged") if row.is_merged else gettext("registered")


def _number(number: MetricNumber | None, name: str) -> dict[str, str]:
    if number is None or number.value is None:
        return {"value": "–", "interval": ""}
    is_share = number.low is not None and 0 <= number.value <= 1 and "length" not in name
    low, high = ("" if x is None else f"{x * 100:.1f}" if is_share else f"{x:.3g}" for x in (number.low, number.high))
    text = gettext("{low} to {high}, n {number}") if low and high else "n {number}"
    interval = text.format(low=low, high=high, number=f"{number.n:,}")
    return {"value": percent(number.value) if is_share else f"{number.value:.3g}", "interval": interval}


SELF_JUDGED = "the policy itself"
"""What stands where a judge would, if a round named none."""


def detail_value(detail: CheckpointDetail) -> dict[str, Any]:
    row, seconds = detail.row, detail.job_seconds
    examples = ngettext("{number} {kind} row", "{number} {kind} rows", detail.num_examples)
    return {
        "id": row.id,
        "can_chat": row.kind != SCORER,
        "is_measured": bool(row.metrics),
        "side": f"c{row.id}" if row.round_id is None or row.is_round_in_trash else f"r{row.round_id}",
        "name": row.name,
        "kind": gettext("{kind} checkpoint, role {role}, served by {engine}").format(
            kind=_kind(row), role=role_word(row.role), engine=row.engine
        ),
        "made": moment(row.created_at),
        "location": row.location,
        "size": f"{detail.num_bytes / 1e6:,.1f} MB" if detail.num_bytes else "",
        "ancestors": " ← ".join((row.name, *detail.ancestors)),
        "uses": [shown_use(use) for use in detail.uses],
        "merged": merging.made_of(detail.details),
        "is_registered": row.round_id is None and not row.is_merged,
        "is_made": row.round_id is not None,
        "round": _round(row),
        "is_round_in_trash": row.is_round_in_trash,
        "round_id": row.round_id,
        "recipe": detail.recipe,
        "policy": detail.policy,
        "reference": detail.reference,
        "judge": gettext(SELF_JUDGED) if detail.judge == SELF_JUDGED else detail.judge,
        "dataset": detail.dataset_id,
        "examples": examples.format(
            number=f"{detail.num_examples:,}", kind=word(detail.dataset_type.replace("_", " "))
        ),
        "hash": detail.content_hash[:12],
        "funnel": [_step(step) for step in detail.funnel],
        "people": [vars(person) for person in detail.people],
        "job": detail.job_id,
        "training": ", ".join([*([duration(seconds)] if seconds else []), *_last_step(detail.job_metrics)]),
        "rows": detail.training_rows,
        "libraries": ", ".join(f"{k} {v}" for k, v in detail.provenance.get("libraries", {}).items() if v),
        "machine": in_one_line(detail.details.get("machine", {})),
    }


def _last_step(metrics: JSON) -> list[str]:
    """What a training logged last, under TRL's names. Its tokens are those of all passes up to that step."""
    texts = []
    for name, value in metrics.items():
        if not isinstance(value, int | float):
            continue
        if name == "num_tokens":
            text = ngettext("{number} token up to this step", "{number} tokens up to this step", round(value))
            texts.append(text.format(number=f"{round(value):,}"))
        else:
            texts.append(f"{name} {value:,}" if isinstance(value, int) else f"{name} {value:.4g}")
    return texts


def _step(step: dict[str, Any]) -> dict[str, Any]:
    dropped = [(gettext(str(reason)), int(count), "") for reason, count in step.get("dropped", {}).items() if count]
    joined = [(gettext(text), int(step[key]), "") for key, text in JOINED.items() if step.get(key)]
    return {"stage": gettext(step["stage"]), "count": f"{step['count']:,}", "drops": drop_bars.bars(dropped, joined)}
