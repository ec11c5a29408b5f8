"""Every metric of a round with its interval, and how it changed.

A metric of the checkpoint that the round made is compared with the same one of the checkpoint that the round started
from; one of the round itself with that of the parent round.
"""

from collections import defaultdict
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.services.results.metric_differences import between
from backend.services.round_report.shapes import ChangedMetric, MetricsSection
from backend.translations import N_, gettext, ngettext
from backend.values import RoundStatus, SetUse, Stage

HOW = {
    "held_out_accuracy": N_("it needs held-out prompts with a known answer"),
    "pass_at": N_("it needs held-out prompts with a known answer"),
    "two_sample_accuracy": N_("it needs groups with a known answer and two samples or more"),
    "override_rate": N_("in a review people have to decide on samples that the judge labelled"),
    "judge_": N_("in a review people have to decide blind, or prompts need a known answer"),
    "score_ties": N_("it needs groups with two scored samples or more"),
    "distinct": N_("it needs texts of two words or more, or its knob unit set to character"),
    "correction": N_("it needs drafts and corrections with a known answer"),
}
"""By the beginning of a metric's name: what it takes."""


def takes(name: str) -> str:
    """What a metric of that name takes to be computed; empty where that is not known."""
    return gettext(next((text for start, text in HOW.items() if name.startswith(start)), ""))


def measured(db: Session, row: tables.Round) -> MetricsSection:
    """The round's metrics, those of what it made first."""
    metric, checkpoint = tables.Metric, tables.Checkpoint
    query = select(metric, checkpoint.name).outerjoin(checkpoint, checkpoint.id == metric.checkpoint_id)
    rows = db.execute(query.where(metric.round_id == row.id).order_by(metric.id)).all()
    starts = _before(db, row)
    parent = _of_round(db, row.parent_id)
    names = dict(
        db.execute(select(checkpoint.id, checkpoint.name).where(checkpoint.id == row.policy_id)).tuples().all()
    )
    measures: list[ChangedMetric] = []
    for metric_row, name in rows:
        if metric_row.checkpoint_id is None:
            old, with_ = parent.get(metric_row.name), "the parent round"
        elif metric_row.checkpoint_id == row.checkpoint_id:
            same = (old for old in starts.get(metric_row.name, ()) if _is_comparable(old.details, metric_row.details))
            old, with_ = next(same, None), names.get(row.policy_id, "")
        else:
            old, with_ = None, ""
        measures.append(_measure(db, row, metric_row, name or "", old, with_))
    order = ("made", "round", "start", "other")
    measures.sort(key=lambda measure: order.index(measure.of))
    return MetricsSection(tuple(measures), tuple(_missing(db, row, measures)))


def _before(db: Session, row: tables.Round) -> dict[str, list[tables.Metric]]:
    """The measurements of the checkpoint that the round started from, by name, newest first."""
    metric = tables.Metric
    where = (metric.checkpoint_id == row.policy_id, metric.project_id == row.project_id, metric.value.is_not(None))
    not_later = or_(metric.round_id <= row.id, metric.round_id == row.parent_id)
    by_name: dict[str, list[tables.Metric]] = defaultdict(list)
    for scalar in db.scalars(select(metric).where(*where, not_later).order_by(metric.id.desc())):
        by_name[scalar.name].append(scalar)
    return by_name


def _of_round(db: Session, round_id: int | None) -> dict[str, tables.Metric]:
    metric = tables.Metric
    if round_id is None:
        return {}
    query = select(metric).where(metric.round_id == round_id, metric.checkpoint_id.is_(None), metric.value.is_not(None))
    return {scalar.name: scalar for scalar in db.scalars(query)}


def _measure(
    db: Session, row: tables.Round, new: tables.Metric, name: str, old: tables.Metric | None, with_: str
) -> ChangedMetric:
    by = {row.policy_id: "start", row.checkpoint_id: "made"}  # a round need not make a checkpoint
    of = "round" if new.checkpoint_id is None else by.get(new.checkpoint_id, "other")
    if old is None or new.value is None or old.value is None or not _is_comparable(old.details, new.details):
        unknown: tuple[Any, ...] = ("", None, None, None, None, None, None, None)
        return ChangedMetric(new.name, of, name, new.value, new.low, new.high, new.n, *unknown)
    gap = between(db, old, new)
    gap_values = (gap.value, gap.low, gap.high, gap.p, gap.newly_right, gap.newly_wrong)
    return ChangedMetric(new.name, of, name, new.value, new.low, new.high, new.n, with_, old.value, *gap_values)


def _is_comparable(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether both were measured in the same way, where they say so: the same prompts, tokens and environment."""
    ways = [
        {name: v for name, v in details.get("measured_by", {}).items() if name != "metrics"} for details in (old, new)
    ]
    return ways[0] == ways[1]


def _missing(db: Session, row: tables.Round, measures: list[ChangedMetric]) -> list[str]:
    """Why there are no metrics, and what each that could not be computed takes."""
    messages = []
    if not measures:
        messages.append(_none_yet(row))
    used = tables.RoundPromptSet
    held_out = select(used.prompt_set_id).where(used.round_id == row.id, used.use == SetUse.held_out)
    has_made = any(measure.of == "made" and measure.value is not None for measure in measures)
    if row.status is RoundStatus.done and not has_made:
        if db.scalar(held_out.limit(1)) is None:
            messages.append(
                gettext("Nothing was measured of the checkpoint, because the round has no held-out prompts.")
            )
        elif row.checkpoint_id is None:
            messages.append(gettext("Nothing was measured of a checkpoint, because the round made none."))
    for measure in measures:
        if measure.value is None:
            messages.append(_not_computed(measure))
    return messages


def _not_computed(measure: ChangedMetric) -> str:
    """Begins with the metric's name, by which pages know it."""
    how = takes(measure.name)
    text = ngettext(
        "{metric} could not be computed from {number} row.",
        "{metric} could not be computed from {number} rows.",
        measure.n,
    )
    if how:
        text = ngettext(
            "{metric} could not be computed from {number} row: {how}.",
            "{metric} could not be computed from {number} rows: {how}.",
            measure.n,
        )
    return text.format(metric=measure.name, number=f"{measure.n:,}", how=how)


def _none_yet(row: tables.Round) -> str:
    if row.status in (RoundStatus.failed, RoundStatus.cancelled):
        text = gettext(
            "There are no metrics: the round failed in the stage {stage}, and they are computed at its end. Go on with "
            "it on the Jobs page."
        )
        if row.status is RoundStatus.cancelled:
            text = gettext(
                "There are no metrics: the round was cancelled in the stage {stage}, and they are computed at its end. "
                "Go on with it on the Jobs page."
            )
        return text.format(stage=gettext(str(row.stage)))
    if row.status is RoundStatus.done:
        return gettext("There are no metrics: its recipe names none. Add some to the recipe of the next round.")
    if row.stage is Stage.review or row.status is RoundStatus.review:
        return gettext(
            "There are no metrics yet: they are computed at the end of the round, after people have decided."
        )
    return gettext("There are no metrics yet: they are computed at the end of the round, after it has trained.")
