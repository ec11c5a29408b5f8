"""The opening of a round's report as texts: its head, its warnings, its metrics, and what was asked for."""

from datetime import datetime

from app.widgets.formats import count, duration, percent
from app.widgets.role_words import role_note, role_word
from app.widgets.round_texts import UNKNOWN, Shown, between
from app.widgets.times import moment
from app.widgets.value_words import metric_name, word
from app.widgets.warning_said import beside_light, lights
from backend.services.recipes import parts
from backend.services.recipes.knob_labels import label_of
from backend.services.round_report.shapes import ChangedMetric, Head, OpeningSection, SetKnob, StageTime, StepAsked
from backend.translations import N_, gettext, ngettext, pgettext
from backend.values import JSON, LocalEngine, RoundStatus, SetUse

BADGES = {
    RoundStatus.running: "accent",
    RoundStatus.review: "warn",
    RoundStatus.held: "bad",
    RoundStatus.done: "ok",
    RoundStatus.failed: "bad",
}
ENGINES = {LocalEngine.transformers: "transformers", LocalEngine.vllm: "vLLM"}
IN_TRASH = N_(" (in the trash)")
WHOSE = {
    "made": N_("what it made"),
    "start": N_("what it started from"),
    "round": N_("the round"),
    "other": N_("another checkpoint"),
}
BRANCH_WORDS = {"questions": N_("the judge answers the project's questions")}
"""What a link to a branch says where it is not "judge again"."""


def reopened(what: JSON) -> str:
    """That the review was opened again, by whom and why; empty where it was not."""
    if not what:
        return ""
    since = moment(datetime.fromisoformat(what["at"]))
    over = gettext("It is closed again.") if "closed_at" in what else gettext("It is open.")
    return gettext(
        "{name} opened the review again on {since}: “{reason}”. {state} Metrics, datasets and the checkpoint are of "
        "the labels before; a branch at the selection trains by those of now."
    ).format(name=what["who"], since=since, reason=what["reason"].rstrip("."), state=over)


def opening(report: OpeningSection) -> Shown:
    """The card on top, the warnings, the metrics and what was asked for."""
    head, asked = report.head, report.asked
    from_ = gettext("from a base checkpoint")
    if head.parent_number is not None:
        from_ = gettext("from {name}").format(name=gettext("round {number}").format(number=head.parent_number))
    from_ += gettext(IN_TRASH) if head.is_parent_in_trash else ""
    if head.branch_of_number is not None:
        in_trash = gettext(IN_TRASH) if head.is_origin_in_trash else ""
        from_ = gettext("a branch of round {number}{in_trash}, {origin}").format(
            number=head.branch_of_number, in_trash=in_trash, origin=from_
        )
    phase = gettext(", phase {number} of {whole}") if head.phases > 1 else ""
    phase = phase.format(number=min(head.phase, head.phases - 1) + 1, whole=head.phases)
    unknown = {metric.name for metric in report.measured.metrics if metric.value is None}
    return {
        "id": head.id,
        "title": gettext("Round {number}").format(number=head.number),
        "branch_of_id": None if head.is_origin_in_trash else head.branch_of_id,
        "branches": [{"id": head.id, "at": at, "words": _branch_words(at)} for at in head.branches],
        "status": _status(head),
        "badge": BADGES.get(head.status, ""),
        "is_archived": head.is_archived,
        "reopened": reopened(head.reopened),
        "recipe": f"{head.title or head.recipe}{f' ({head.paper})' if head.paper else ''}{phase}",
        "from": from_,
        "parent_id": None if head.is_parent_in_trash else head.parent_id,
        "facts": _facts(head),
        "is_measured": any(metric.of == "made" and metric.value is not None for metric in report.measured.metrics),
        "checkpoint": head.checkpoint,
        "checkpoint_id": head.checkpoint_id,
        "error": head.error or "",
        "warnings": [beside_light(warning) for warning in report.warnings],
        "lights": lights(report.lights, head.id, report.warnings),
        "has_warnings": bool(report.warnings or report.lights),
        "metrics": [measure(metric) for metric in report.measured.metrics if metric.value is not None],
        "metrics_missing": [line for line in report.measured.missing if _named(line) not in unknown],
        "unknown": [line for line in report.measured.missing if _named(line) in unknown],
        "num_unknown": ngettext(
            "{number} metric could not be computed", "{number} metrics could not be computed", len(unknown)
        ).format(number=len(unknown)),
        "steps": [_step(step) for step in asked.steps],
        "removed": list(asked.removed),
        "knobs": [_knob(knob, label_of(knob.name)) for knob in asked.knobs],
        "changed": sum(knob.differs for knob in asked.knobs)
        + sum(k.differs for step in asked.steps for k in step.knobs),
        "tuned": list(asked.tuned),
        "few_shot": list(asked.few_shot),
        "templates": [
            {
                "title": gettext("Step {number}, {knob}").format(number=template.step, knob=template.knob),
                "hash": template.content_hash[:12],
                "text": template.text,
            }
            for template in asked.templates
        ],
        "roles": [
            {
                "role": role_word(role.role),
                "id": role.checkpoint_id,
                "name": role.checkpoint,
                "kind": gettext(role.kind),
                "note": role_note(role.note),
            }
            for role in asked.roles
        ],
        "sets": [
            {
                "use": _use(entry.use),
                "id": entry.prompt_set_id,
                "name": entry.name,
                "count": count(entry.num_prompts),
            }
            for entry in asked.sets
        ],
        "stages": [_stage(stage) for stage in asked.stages],
        "asked_missing": list(asked.missing),
    }


def _use(use: str) -> str:
    """What a round does with a prompt set: words that stand for something else elsewhere."""
    words = {
        SetUse.sample: pgettext("use", "sample"),
        SetUse.held_out: pgettext("use", "held out"),
        SetUse.mix: pgettext("use", "mix"),
    }
    return words[SetUse(use)]


def _branch_words(at: str) -> str:
    return gettext(BRANCH_WORDS[at]) if at in BRANCH_WORDS else gettext("{stage} again").format(stage=word(at))


def _status(head: Head) -> str:
    if head.status is not RoundStatus.running:
        return word(head.status)
    return gettext("running: {stage}").format(stage=word(head.stage))


def _facts(head: Head) -> str:
    """When it was launched and by whom, how long it took, and how it was asked for."""
    launched = gettext("Launched {when} by {name}") if head.created_by else gettext("Launched {when}")
    took = gettext("so far {time}") if head.finished_at is None else gettext("took {time}")
    review = gettext("not reviewed")
    if head.is_reviewed:
        review = gettext("reviewed blind") if head.is_blind else gettext("reviewed")
    if head.is_review_skipped:
        review = gettext("not reviewed, as a branch that begins after the review")
    return gettext(
        "{launched}, {took}. {number} prompts, seed {seed}, {review}. Model folders are served by {engine}."
    ).format(
        launched=launched.format(when=moment(head.created_at), name=head.created_by),
        took=took.format(time=duration(head.seconds)),
        number=f"{head.num_prompts:,}",
        seed=head.seed,
        review=review,
        engine=ENGINES[head.engine],
    )


def _named(line: str) -> str:
    """The metric that a line about one begins with."""
    return line.split(" ", 1)[0]


def measure(number: ChangedMetric) -> Shown:
    """One metric with its interval and its change."""
    shares = _is_share(number)
    values = [_number(value, shares) for value in (number.low, number.high)]
    interval = between(*values) if None not in (number.low, number.high) else gettext(UNKNOWN)
    change, spread, tested = "–", "", ""
    if number.change is not None:
        # Else it is a checkpoint, which has a name of its own.
        start = gettext(number.compared_with) if number.of == "round" else number.compared_with
        since = gettext("{number} points since {start}") if shares else gettext("{number} since {start}")
        change = since.format(number=_number(number.change, shares, sign=True), start=start)
        ends = [_number(value, shares, sign=True) for value in (number.change_low, number.change_high)]
        spread = between(*ends) if number.change_low is not None else gettext(UNKNOWN)
    if number.p is not None:
        text = gettext("{right} newly right, {wrong} newly wrong, p = {p}; interval and p of this pair alone")
        counts = {"right": f"{number.newly_right:,}", "wrong": f"{number.newly_wrong:,}"}
        tested = text.format(**counts, p=f"{number.p:.2g}")
    return {
        "name": metric_name(number.name),
        "of": number.checkpoint or gettext(WHOSE[number.of]),
        "value": percent(number.value) if shares else _number(number.value, shares),
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
    usual = gettext("the recipe has {value}").format(value=knob.default) if knob.differs else ""
    return {"name": label, "value": knob.value, "usual": usual}


def _step(step_asked: StepAsked) -> Shown:
    knobs = [
        (knob.differs, _knob(knob, parts.label(step_asked.kind, step_asked.part, knob.name)))
        for knob in step_asked.knobs
    ]
    return {
        "line": step_asked.line,
        "state": gettext(step_asked.state),
        "knobs": [shown for _, shown in knobs],
        "changed": [shown for differs, shown in knobs if differs],
    }


def _stage(stage_time: StageTime) -> Shown:
    where = stage_time.worker
    if stage_time.host and stage_time.host not in stage_time.worker:
        where = gettext("{worker} on {machine}").format(worker=stage_time.worker, machine=stage_time.host)
    attempts = gettext("attempt {number}").format(number=stage_time.attempts) if stage_time.attempts > 1 else ""
    return {
        "job": stage_time.job_id,
        "what": gettext(stage_time.what),
        "status": word(stage_time.status) if stage_time.status else gettext("now"),
        "took": duration(stage_time.seconds),
        "worker": where,
        "started": moment(stage_time.started_at) if stage_time.started_at else "",
        "note": ", ".join(filter(None, (attempts, stage_time.error[:200]))),
    }
