"""A round's report as texts, for the page and for the file: what the templates show, and nothing that interprets."""

from typing import Any

from app.widgets import drop_bars
from app.widgets.formats import count, duration, percent
from app.widgets.times import moment
from app.widgets.warning_said import lights
from backend.services.recipes import parts
from backend.services.recipes.knob_labels import label_of
from backend.services.round_report.shapes import (
    Category,
    Extreme,
    Flow,
    Knob,
    Measure,
    Opening,
    Spread,
    StageTime,
    StepAsked,
    Texts,
    Warned,
)
from backend.values import LocalEngine, RoundStatus

Shown = dict[str, Any]
BADGES = {
    RoundStatus.running: "accent",
    RoundStatus.review: "warn",
    RoundStatus.held: "bad",
    RoundStatus.done: "ok",
    RoundStatus.failed: "bad",
}
ENGINES = {LocalEngine.transformers: "transformers", LocalEngine.vllm: "vLLM"}
PREVIEW = 160
WHOSE = {"made": "what it made", "start": "what it started from", "round": "the round", "other": "another checkpoint"}
UNKNOWN = "interval unknown"


def opening(report: Opening) -> Shown:
    """The card on top, the warnings, the metrics and what was asked for."""
    head, asked = report.head, report.asked
    from_ = f"from round {head.parent_number}" if head.parent_number is not None else "from a base checkpoint"
    if head.branch_of_number is not None:
        from_ = f"a branch of round {head.branch_of_number}, {from_}"
    phase = f", phase {min(head.phase, head.phases - 1) + 1} of {head.phases}" if head.phases > 1 else ""
    author = f" by {head.created_by}" if head.created_by else ""
    is_open = head.finished_at is None
    ended = f"so far {duration(head.seconds)}" if is_open else f"took {duration(head.seconds)}"
    review = ("reviewed blind" if head.is_blind else "reviewed") if head.is_reviewed else "not reviewed"
    return {
        "id": head.id,
        "title": f"Round {head.number}",
        "branch_of_id": head.branch_of_id,
        "branches": [{"id": head.id, "at": at, "words": f"{at} again"} for at in head.branches],
        "status": str(head.status) if head.status is not RoundStatus.running else f"running: {head.stage}",
        "badge": BADGES.get(head.status, ""),
        "recipe": f"{head.title or head.recipe}{f' ({head.paper})' if head.paper else ''}{phase}",
        "from": from_,
        "parent_id": head.parent_id,
        "facts": f"Launched {moment(head.created_at)}{author}, {ended}. {head.num_prompts:,} prompts, "
        f"seed {head.seed}, {review}. Model folders are served by {ENGINES[head.engine]}.",
        "checkpoint": head.checkpoint,
        "checkpoint_id": head.checkpoint_id,
        "error": head.error or "",
        "warnings": [_warning(one) for one in report.warnings],
        "lights": lights(report.lights, head.id),
        "has_warnings": bool(report.warnings or report.lights),
        "metrics": [measure(one) for one in report.measured.metrics],
        "metrics_missing": list(report.measured.missing),
        "steps": [_step(one) for one in asked.steps],
        "removed": list(asked.removed),
        "knobs": [_knob(one, label_of(one.name)) for one in asked.knobs],
        "changed": sum(one.differs for one in asked.knobs) + sum(k.differs for one in asked.steps for k in one.knobs),
        "tuned": list(asked.tuned),
        "templates": [
            {"title": f"Step {one.step}, {one.knob}", "hash": one.content_hash[:12], "text": one.text}
            for one in asked.templates
        ],
        "roles": [
            {"role": one.role, "id": one.checkpoint_id, "name": one.checkpoint, "kind": one.kind, "note": one.note}
            for one in asked.roles
        ],
        "sets": [
            {
                "use": one.use.replace("_", " "),
                "id": one.prompt_set_id,
                "name": one.name,
                "count": count(one.num_prompts),
            }
            for one in asked.sets
        ],
        "stages": [_stage(one) for one in asked.stages],
        "asked_missing": list(asked.missing),
    }


def _warning(one: Warned) -> Shown:
    low, high = one.low, one.high
    between = "" if low is None or high is None else f"95 % interval {low:.1%} to {high:.1%}"
    limit = "" if not one.limit else f"limit {one.limit:.0%}"
    return {
        "level": one.level,
        "badge": "bad" if one.level == "red" else "warn",
        "text": one.text,
        "numbers": ", ".join(filter(None, (between, limit, f"n {one.n:,}" if one.n and between else ""))),
        "href": one.href,
    }


def measure(one: Measure) -> Shown:
    """One metric with its interval and its change."""
    shares = _is_share(one)
    values = [_number(value, shares) for value in (one.low, one.high)]
    interval = f"{values[0]} to {values[1]}" if None not in (one.low, one.high) else UNKNOWN
    change, spread, tested = "–", "", ""
    if one.change is not None:
        unit = " points" if shares else ""
        change = f"{_number(one.change, shares, sign=True)}{unit} since {one.compared_with}"
        ends = [_number(value, shares, sign=True) for value in (one.change_low, one.change_high)]
        spread = f"{ends[0]} to {ends[1]}" if one.change_low is not None else UNKNOWN
    if one.p is not None:
        tested = f"{one.newly_right:,} newly right, {one.newly_wrong:,} newly wrong, p = {one.p:.2g}"
    return {
        "name": one.name.replace("_", " "),
        "of": one.checkpoint or WHOSE[one.of],
        "value": "could not be computed"
        if one.value is None
        else _number(one.value, shares) + (" %" if shares else ""),
        "interval": "" if one.value is None else f"{interval}, n {one.n:,}",
        "change": change,
        "spread": spread,
        "tested": tested,
    }


def _is_share(one: Measure) -> bool:
    """Whether the number reads as a share: those have an interval within 0 and 1."""
    return None not in (one.value, one.low) and 0 <= (one.value or 0) <= 1 and "length" not in one.name


def _number(value: float | None, is_share: bool, *, sign: bool = False) -> str:
    if value is None:
        return "–"
    plus = "+" if sign else ""
    return f"{value * 100:{plus}.1f}" if is_share else f"{value:{plus}.3g}"


def _knob(one: Knob, label: str) -> Shown:
    usual = f"the recipe has {one.default}" if one.differs else ""
    return {"name": label, "value": one.value, "usual": usual}


def _step(one: StepAsked) -> Shown:
    knobs = [(knob.differs, _knob(knob, parts.label(one.kind, one.part, knob.name))) for knob in one.knobs]
    return {
        "line": one.line,
        "state": one.state,
        "knobs": [shown for _, shown in knobs],
        "changed": [shown for differs, shown in knobs if differs],
    }


def _stage(one: StageTime) -> Shown:
    where = one.worker + (f" on {one.host}" if one.host and one.host not in one.worker else "")
    return {
        "job": one.job_id,
        "what": one.what,
        "status": str(one.status) if one.status else "now",
        "took": duration(one.seconds),
        "worker": where,
        "started": moment(one.started_at) if one.started_at else "",
        "note": ", ".join(filter(None, (f"attempt {one.attempts}" if one.attempts > 1 else "", one.error[:200]))),
    }


def flow(one: Flow) -> Shown:
    """One way from prompts to rows, as a table."""
    return {
        "title": one.title,
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
            for stage in one.stages
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
        "flows": [flow(one) for one in report.flows.flows],
        "flows_missing": list(report.flows.missing),
        "looked_at": f"From {looked}." if all_.counted else "",
        "spread": spread.name if spread else "",
        "categories": [category(one) for one in spread.categories] if spread else [],
        "spread_missing": [*all_.missing, *(spread.missing if spread else ())],
        "fewest": all_.fewest,
        "extremes": [_extreme(one) for one in report.extremes],
    }


def chosen(report: Texts, step: int | None) -> Spread | None:
    """The spread of that step; else the last that has scores, else the first."""
    spreads = report.spreads.spreads
    asked = [one for one in spreads if one.step == step] if step is not None else []
    scored = [one for one in spreads if one.scores]
    return next(iter(asked or scored[-1:] or spreads), None)


def category(one: Category) -> Shown:
    between = f"{one.low:.0%} to {one.high:.0%}" if one.low is not None and one.high is not None else ""
    return {
        "key": one.key,
        "value": one.value,
        "n": count(one.n),
        "judged": count(one.judged),
        "accepted": "too few" if one.accepted is None else percent(one.accepted),
        "interval": between,
        "score": "too few" if one.score is None else f"{one.score:.3g}",
    }


def _extreme(one: Extreme) -> Shown:
    rows = [
        {
            "id": row.id,
            "score": "–" if row.score is None else f"{row.score:.3g}",
            "verdict": str(row.verdict) if row.verdict else "undecided",
            "by": "" if row.source == "none" else str(row.source),
            "spread": "" if row.spread is None else f"{row.spread:.2g}",
            "prompt": row.prompt[:PREVIEW],
            "text": row.text[:PREVIEW],
        }
        for row in one.rows
    ]
    return {"title": one.title, "rows": rows, "href": one.href, "missing": one.missing}
