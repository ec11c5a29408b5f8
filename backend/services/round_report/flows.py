"""The way from prompts to training rows: how many got to each stage, and why the others did not."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.services.round_report.shapes import Arm, Flows, FlowStage, FunnelFlow
from backend.translations import gettext, ngettext
from backend.values import JOINED, JSON, RoundStatus

UNITS = {"adopted prompts": "prompts", "prompts": "prompts", "training rows": "rows"}
"""What stages count that count no samples and name no unit."""
NO_VERDICT = "no verdict in any reply"


def flows(db: Session, row: tables.Round, *, is_hidden: bool) -> Flows:
    """One way for each dataset of the round, oldest first; without any as far as it came.

    `is_hidden`: the person may not know what the judge said; what depends on it is left out.
    """
    dataset = tables.Dataset
    query = select(dataset.id, dataset.step, dataset.type, dataset.funnel, dataset.num_examples)
    rows = db.execute(query.where(dataset.round_id == row.id).order_by(dataset.step, dataset.id)).all()
    if rows and not is_hidden:
        flows_ = [
            FunnelFlow(_title(step, str(type_), number), id_, _stages(row.id, id_, funnel))
            for id_, step, type_, funnel, number in rows
        ]
        return Flows(tuple(flows_), ())
    so_far = _so_far(row, is_hidden=is_hidden)
    if not so_far:
        return Flows((), (gettext("There is no text yet. They appear here when the first step has ended."),))
    return Flows(
        (FunnelFlow(gettext("So far"), None, _stages(row.id, None, so_far)),), (_why(row, is_hidden=is_hidden),)
    )


def _why(row: tables.Round, *, is_hidden: bool) -> str:
    if is_hidden:
        return gettext(
            "What the judge said is hidden from you until the review is over, so that it sways nobody who decides."
        )
    if row.status in (RoundStatus.failed, RoundStatus.cancelled):
        return gettext(
            "The round stopped in the stage {stage}, before it selected. Go on with it on the Jobs page."
        ).format(stage=gettext(str(row.stage)))
    if row.counts.get("funnel"):
        return gettext("No dataset of this round is kept.")
    return gettext("Nothing is selected yet: the way ends where the round is now.")


def _title(step: int, type_: str, number: int) -> str:
    text = ngettext(
        "Step {step}: {number} row of the type {type}", "Step {step}: {number} rows of the type {type}", number
    )
    return text.format(step=step + 1, number=f"{number:,}", type=gettext(type_.replace("_", " ")))


def _so_far(row: tables.Round, *, is_hidden: bool) -> list[JSON]:
    counts = row.counts
    if counts.get("samples") is None:
        return []
    samples, unparsed = int(counts["samples"]), counts.get("unparsed")
    stages: list[JSON] = [
        {"stage": "prompts", "count": int(counts.get("prompts") or 0), "dropped": counts.get("left_out") or {}},
        {"stage": "samples", "count": samples, "dropped": {}},
    ]
    if unparsed is not None and not is_hidden:
        dropped = {NO_VERDICT: int(unparsed)} if unparsed else {}
        stages.append({"stage": "judged", "count": max(samples - int(unparsed), 0), "dropped": dropped})
    return stages


def _stages(round_id: int, dataset_id: int | None, funnel: list[Any]) -> tuple[FlowStage, ...]:
    """The funnel as a round or dataset keeps it, with shares and links. What the funnel says of the prompts that were
    left out is said where texts are missing for it."""
    stages: list[FlowStage] = []
    before = 0
    unasked: tuple[Arm, ...] = ()
    for entry in funnel:
        name, count, dropped = str(entry["stage"]), int(entry["count"]), dict(entry.get("dropped") or {})
        arms = tuple(Arm(str(why), int(n), _href(round_id, name, str(why))) for why, n in dropped.items() if n)
        joined = tuple(Arm(text, int(entry[key]), _rows(dataset_id)) for key, text in JOINED.items() if entry.get(key))
        if name == "prompts":
            arms, unasked = (), arms
        if name == "samples":
            arms = unasked
        if name == "labelled" and stages and before > count:
            arms += (Arm("no label", before - count, f"samples?round={round_id}&verdict=undecided"),)
        unit = str(entry.get("unit") or UNITS.get(name, "samples"))
        share = _share(name, count, before, sum(arm.count for arm in arms), sum(arm.count for arm in joined))
        href = _rows(dataset_id) if name in ("selected", "training rows") else _of_stage(round_id, name)
        stages.append(FlowStage(name, count, unit, share if stages else None, arms, joined, href))
        before = count
    return tuple(stages)


def _share(name: str, count: int, before: int, dropped: int, joined: int) -> float | None:
    """How much of the stage before got here. Where the unit changes, it is told by what fell out: of the texts that
    were asked for, of what a selector looked at, of the rows that were its own."""
    if name == "samples":  # what fell out are prompts
        return max(0, before - dropped) / before if before else None
    if name in ("selected", "training rows"):
        own = count - joined
        return own / (own + dropped) if own + dropped else None
    return min(1.0, count / before) if before else None


def _href(round_id: int, stage: str, reason: str) -> str:
    """Where the rows of a reason are. A selector's reason is of no filter: all that it looked at is opened."""
    if reason == NO_VERDICT:
        return f"samples?round={round_id}&only=is_unparsed"
    if stage in ("prompts", "judged"):
        return f"jobs?left_out={round_id}"
    if "truncated" in reason or "cut off" in reason:
        return f"samples?round={round_id}&only=is_truncated"
    if "reject" in reason and not reason.startswith("same text"):
        by = "&source=person" if "by a person" in reason else "&source=judge" if "by the judge" in reason else ""
        return f"samples?round={round_id}&verdict=reject{by}"
    return f"samples?round={round_id}&verdict=accept,reject"


def _of_stage(round_id: int, name: str) -> str:
    if name == "labelled":
        return f"samples?round={round_id}&verdict=accept,reject"
    if name == "judged":
        return f"samples?round={round_id}&source=judge,person"
    return f"samples?round={round_id}"


def _rows(dataset_id: int | None) -> str:
    return f"datasets?dataset={dataset_id}" if dataset_id is not None else "datasets"
