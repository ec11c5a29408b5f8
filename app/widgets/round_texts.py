"""A round's report as texts, for the page and for the file: what the templates show, and nothing that interprets."""

from datetime import datetime
from typing import Any

from app.widgets import drop_bars
from app.widgets.formats import count, duration, percent
from app.widgets.times import moment
from app.widgets.warning_said import lights
from backend.services.recipes import parts
from backend.services.recipes.knob_labels import label_of
from backend.services.round_report.shapes import (
    Category,
    ChangedMetric,
    Extreme,
    FunnelFlow,
    OpeningSection,
    SetKnob,
    Spread,
    StageTime,
    StepAsked,
    Texts,
    Warned,
)
from backend.values import JSON, LabelSource, LocalEngine, RoundStatus, WarningLevel

Shown = dict[str, Any]
BADGES = {
    RoundStatus.running: "accent",
    RoundStatus.review: "warn",
    RoundStatus.held: "bad",
    RoundStatus.done: "ok",
    RoundStatus.failed: "bad",
}
ENGINES = {LocalEngine.transformers: "transformers", LocalEngine.vllm: "vLLM"}
IN_TRASH = " (in the trash)"
PREVIEW = 160
WHOSE = {"made": "what it made", "start": "what it started from", "round": "the round", "other": "another checkpoint"}
UNKNOWN = "interval unknown"
BRANCH_WORDS = {"questions": "the judge answers the project's questions"}
"""What a link to a branch says where it is not "judge again"."""


def reopened(what: JSON) -> str:
    """That the review was opened again, by whom and why; empty where it was not."""
    if not what:
        return ""
    since = moment(datetime.fromisoformat(what["at"]))
    over = "It is closed again." if "closed_at" in what else "It is open."
    why = f"“{what['reason'].rstrip('.')}”"
    return (
        f"{what['who']} opened the review again on {since}: {why}. {over} Metrics, datasets and the "
        "checkpoint are of the labels before; a branch at the selection trains by those of now."
    )


def opening(report: OpeningSection) -> Shown:
    """The card on top, the warnings, the metrics and what was asked for."""
    head, asked = report.head, report.asked
    from_ = f"from round {head.parent_number}" if head.parent_number is not None else "from a base checkpoint"
    from_ += IN_TRASH if head.is_parent_in_trash else ""
    if head.branch_of_number is not None:
        from_ = f"a branch of round {head.branch_of_number}{IN_TRASH if head.is_origin_in_trash else ''}, {from_}"
    phase = f", phase {min(head.phase, head.phases - 1) + 1} of {head.phases}" if head.phases > 1 else ""
    author = f" by {head.created_by}" if head.created_by else ""
    is_open = head.finished_at is None
    ended = f"so far {duration(head.seconds)}" if is_open else f"took {duration(head.seconds)}"
    review = ("reviewed blind" if head.is_blind else "reviewed") if head.is_reviewed else "not reviewed"
    unknown = {metric.name for metric in report.measured.metrics if metric.value is None}
    return {
        "id": head.id,
        "title": f"Round {head.number}",
        "branch_of_id": None if head.is_origin_in_trash else head.branch_of_id,
        "branches": [{"id": head.id, "at": at, "words": BRANCH_WORDS.get(at, f"{at} again")} for at in head.branches],
        "status": str(head.status) if head.status is not RoundStatus.running else f"running: {head.stage}",
        "badge": BADGES.get(head.status, ""),
        "is_archived": head.is_archived,
        "reopened": reopened(head.reopened),
        "recipe": f"{head.title or head.recipe}{f' ({head.paper})' if head.paper else ''}{phase}",
        "from": from_,
        "parent_id": None if head.is_parent_in_trash else head.parent_id,
        "facts": f"Launched {moment(head.created_at)}{author}, {ended}. {head.num_prompts:,} prompts, "
        f"seed {head.seed}, {review}. Model folders are served by {ENGINES[head.engine]}.",
        "is_measured": any(metric.of == "made" and metric.value is not None for metric in report.measured.metrics),
        "checkpoint": head.checkpoint,
        "checkpoint_id": head.checkpoint_id,
        "error": head.error or "",
        "warnings": [_warning(warning) for warning in report.warnings],
        "lights": lights(report.lights, head.id),
        "has_warnings": bool(report.warnings or report.lights),
        "metrics": [measure(metric) for metric in report.measured.metrics if metric.value is not None],
        "metrics_missing": [line for line in report.measured.missing if _named(line) not in unknown],
        "unknown": [line for line in report.measured.missing if _named(line) in unknown],
        "num_unknown": f"{len(unknown)} metric{'' if len(unknown) == 1 else 's'} could not be computed",
        "steps": [_step(step) for step in asked.steps],
        "removed": list(asked.removed),
        "knobs": [_knob(knob, label_of(knob.name)) for knob in asked.knobs],
        "changed": sum(knob.differs for knob in asked.knobs)
        + sum(k.differs for step in asked.steps for k in step.knobs),
        "tuned": list(asked.tuned),
        "few_shot": list(asked.few_shot),
        "templates": [
            {
                "title": f"Step {template.step}, {template.knob}",
                "hash": template.content_hash[:12],
                "text": template.text,
            }
            for template in asked.templates
        ],
        "roles": [
            {"role": role.role, "id": role.checkpoint_id, "name": role.checkpoint, "kind": role.kind, "note": role.note}
            for role in asked.roles
        ],
        "sets": [
            {
                "use": entry.use.replace("_", " "),
                "id": entry.prompt_set_id,
                "name": entry.name,
                "count": count(entry.num_prompts),
            }
            for entry in asked.sets
        ],
        "stages": [_stage(stage) for stage in asked.stages],
        "asked_missing": list(asked.missing),
    }


def _warning(warned: Warned) -> Shown:
    low, high = warned.low, warned.high
    between = "" if low is None or high is None else f"95 % interval {low:.1%} to {high:.1%}"
    limit = "" if not warned.limit else f"limit {warned.limit:.0%}"
    return {
        "level": warned.level,
        "badge": "bad" if warned.level == WarningLevel.red else "warn",
        "text": warned.text,
        "numbers": ", ".join(filter(None, (between, limit, f"n {warned.n:,}" if warned.n and between else ""))),
        "href": warned.href,
    }


def _named(line: str) -> str:
    """The metric that a line about one begins with."""
    return line.split(" ", 1)[0]


def measure(number: ChangedMetric) -> Shown:
    """One metric with its interval and its change."""
    shares = _is_share(number)
    values = [_number(value, shares) for value in (number.low, number.high)]
    interval = f"{values[0]} to {values[1]}" if None not in (number.low, number.high) else UNKNOWN
    change, spread, tested = "–", "", ""
    if number.change is not None:
        unit = " points" if shares else ""
        change = f"{_number(number.change, shares, sign=True)}{unit} since {number.compared_with}"
        ends = [_number(value, shares, sign=True) for value in (number.change_low, number.change_high)]
        spread = f"{ends[0]} to {ends[1]}" if number.change_low is not None else UNKNOWN
    if number.p is not None:
        changed = f"{number.newly_right:,} newly right, {number.newly_wrong:,} newly wrong"
        tested = f"{changed}, p = {number.p:.2g} of this pair alone"
    return {
        "name": number.name.replace("_", " "),
        "of": number.checkpoint or WHOSE[number.of],
        "value": _number(number.value, shares) + (" %" if shares else ""),
        "interval": f"{interval}, n {number.n:,}",
        "change": change,
        "spread": spread,
        "tested": tested,
    }


def _is_share(measure: ChangedMetric) -> bool:
    """Whether the number reads as a share: those have an interval within 0 and 1."""
    return None not in (measure.value, measure.low) and 0 <= (measure.value or 0) <= 1 and "length" not in measure.name


def _number(value: float | None, is_share: bool, *, sign: bool = False) -> str:
    if value is None:
        return "–"
    plus = "+" if sign else ""
    return f"{value * 100:{plus}.1f}" if is_share else f"{value:{plus}.3g}"


def _knob(knob: SetKnob, label: str) -> Shown:
    usual = f"the recipe has {knob.default}" if knob.differs else ""
    return {"name": label, "value": knob.value, "usual": usual}


def _step(step_asked: StepAsked) -> Shown:
    knobs = [
        (knob.differs, _knob(knob, parts.label(step_asked.kind, step_asked.part, knob.name)))
        for knob in step_asked.knobs
    ]
    return {
        "line": step_asked.line,
        "state": step_asked.state,
        "knobs": [shown for _, shown in knobs],
        "changed": [shown for differs, shown in knobs if differs],
    }


def _stage(stage_time: StageTime) -> Shown:
    where = stage_time.worker + (
        f" on {stage_time.host}" if stage_time.host and stage_time.host not in stage_time.worker else ""
    )
    return {
        "job": stage_time.job_id,
        "what": stage_time.what,
        "status": str(stage_time.status) if stage_time.status else "now",
        "took": duration(stage_time.seconds),
        "worker": where,
        "started": moment(stage_time.started_at) if stage_time.started_at else "",
        "note": ", ".join(
            filter(None, (f"attempt {stage_time.attempts}" if stage_time.attempts > 1 else "", stage_time.error[:200]))
        ),
    }


def flow(shown_flow: FunnelFlow) -> Shown:
    """One way from prompts to rows, as a table."""
    return {
        "title": shown_flow.title,
        "stages": [
            {
                "name": stage.name,
                "count": f"{stage.count:,} {stage.unit}",
                "share": "" if stage.share is None else f"{percent(stage.share)} of the stage before",
                "width": 100 if stage.share is None else round(stage.share * 100),
                "href": stage.href,
                "drops": drop_bars.bars(
                    [(arm.reason, arm.count, arm.href) for arm in stage.dropped],
                    [(arm.reason, arm.count, arm.href) for arm in stage.joined],
                ),
                "arms": [
                    {"text": f"{arm.count:,} {arm.reason}", "href": arm.href, "sign": sign}
                    for sign, arms in (("−", stage.dropped), ("+", stage.joined))
                    for arm in arms
                ],
            }
            for stage in shown_flow.stages
        ],
    }


def texts(report: Texts, step: int | None = None) -> Shown:
    """The ways, the spread of one step's texts, and the ends of the list."""
    spread, all_ = chosen(report, step), report.spreads
    looked = (
        f"{all_.counted:,} texts"
        if all_.counted == all_.total
        else (f"{all_.counted:,} of {all_.total:,} texts, drawn evenly")
    )
    return {
        "flows": [flow(flow_) for flow_ in report.flows.flows],
        "flows_missing": list(report.flows.missing),
        "looked_at": f"From {looked}." if all_.counted else "",
        "spread": spread.name if spread else "",
        "categories": [category(entry) for entry in spread.categories] if spread else [],
        "spread_missing": [*all_.missing, *(spread.missing if spread else ())],
        "fewest": all_.fewest,
        "extremes": [_extreme(extreme) for extreme in report.extremes],
    }


def chosen(report: Texts, step: int | None) -> Spread | None:
    """The spread of that step; else the last that has scores, else the first."""
    spreads = report.spreads.spreads
    asked = [spread for spread in spreads if spread.step == step] if step is not None else []
    scored = [spread for spread in spreads if spread.scores]
    return next(iter(asked or scored[-1:] or spreads), None)


def category(spread: Category) -> Shown:
    between = f"{spread.low:.0%} to {spread.high:.0%}" if spread.low is not None and spread.high is not None else ""
    return {
        "key": spread.key,
        "value": spread.value,
        "n": count(spread.n),
        "judged": count(spread.judged),
        "accepted": "too few" if spread.accepted is None else percent(spread.accepted),
        "interval": between,
        "score": "too few" if spread.score is None else f"{spread.score:.3g}",
    }


def _extreme(extreme: Extreme) -> Shown:
    rows = [
        {
            "id": row.id,
            "score": "–" if row.score is None else f"{row.score:.3g}",
            "verdict": str(row.verdict) if row.verdict else "undecided",
            "by": "" if row.source == LabelSource.none else str(row.source),
            "spread": "" if row.spread is None else f"{row.spread:.2g}",
            "prompt": row.prompt[:PREVIEW],
            "text": row.text[:PREVIEW],
        }
        for row in extreme.rows
    ]
    return {"title": extreme.title, "rows": rows, "href": extreme.href, "missing": extreme.missing}
