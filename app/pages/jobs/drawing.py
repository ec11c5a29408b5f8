"""Jobs in texts: a row of the table, and the card of the chosen one."""

from typing import Any

from app.widgets.formats import done_of, duration, percent
from app.widgets.value_words import word
from backend.machine import in_one_line
from backend.services.rounds.job_views import JobView
from backend.translations import N_, gettext, ngettext
from backend.values import JSON, JobStatus, Stage

BADGES = {JobStatus.running: "accent", JobStatus.done: "ok", JobStatus.failed: "bad"}
OUTSIDE = {
    "try": N_("try a prompt"),
    "repair": N_("rewrite a sample"),
    "preflight": N_("look at a training"),
    "preview": N_("preview a round"),
    "rewrite": N_("rewrite a judge's template"),
    "arena": N_("judge the matches of an arena"),
    "judge_bench": N_("try judges on a bench"),
    "export": N_("export samples"),
    "export_dataset": N_("export a dataset"),
    "import": N_("import samples"),
    "merge": N_("merge an adapter"),
    "fetch": N_("fetch a dataset of the hub"),
    "gguf": N_("write a GGUF file"),
    "push": N_("push to the hub"),
    "scan": N_("scan a dataset"),
    "near_duplicates": N_("look for near-duplicates"),
    "embeddings": N_("make vectors of samples"),
}
"""Jobs outside rounds, by their kind."""
AGAIN, TUNE = "retry", "tune"
"""Jobs that ask again for what was left out, and those that try changes out before a round begins."""


def table_row(job: JobView) -> list[str]:
    """One job as the table shows it."""
    return [
        str(job.id),
        str(job.round_number) if job.round_number is not None else "–",
        gettext(OUTSIDE[job.kind]) if job.kind in OUTSIDE else _stage(job),
        word(job.status),
        f"{percent(job.fraction, 0)} ({done_of(job.done, job.total, job.unit)})" if job.total else "–",
        duration(job.seconds),
        duration(job.seconds_left),
        rate(job),
        ", ".join(f"{name} {number(value)}" for name, value in list(job.last_metrics.items())[:3]),
    ]


def card_value(job: JobView, machine: JSON | None = None) -> dict[str, Any]:
    """What the card shows of a job and what it ended on; texts only."""
    does = gettext("try changes out") if job.kind == TUNE else job.step or word(job.stage)
    of_round = gettext("{what}, round {number}")
    if job.kind == AGAIN:
        of_round = gettext("{what}, round {number}, what was left out")
    outside = OUTSIDE.get(job.kind or "")
    what = gettext(outside) if outside else of_round.format(what=does, number=job.round_number)
    attempt = gettext("attempt {number}").format(number=job.attempt)
    by = gettext("by {name}").format(name=job.created_by)
    facts = [attempt if job.attempt > 1 else "", by if job.created_by else ""]
    facts += [gettext("on {name}").format(name=job.executor_id) if job.executor_id else ""]
    helped = ngettext("with {number} more worker", "with {number} more workers", job.helpers)
    facts += [helped.format(number=job.helpers) if job.helpers else ""]
    return {
        "title": gettext("Job {id}: {what}").format(id=job.id, what=what),
        "round_id": job.round_id,
        "training": _training(job),
        "preview": f"previews?preview={job.preview_id}" if job.preview_id is not None else "",
        "status": word(job.status),
        "badge": BADGES.get(job.status, ""),
        "facts": ", ".join(fact for fact in facts if fact),
        "percent": round(job.fraction * 100),
        "progress": _progress(job),
        "waits_for": job.waits_for,
        "machine": in_one_line(machine or {}),
        "metrics": [{"name": name, "value": number(value)} for name, value in job.last_metrics.items()],
    }


def _training(job: JobView) -> str:
    """Where a training is looked at more closely."""
    if job.stage is not Stage.train or job.preview_id is not None:
        return ""
    return "training" if job.round_id is None else f"training?rounds={job.round_id}"


def _stage(job: JobView) -> str:
    """What a job of a round does."""
    does = job.step or word(job.stage)
    again = gettext("{what} again").format(what=does)
    return {AGAIN: again, TUNE: gettext("try out")}.get(job.kind or "", does)


def _progress(job: JobView) -> str:
    parts = [done_of(job.done, job.total, job.unit) if job.total else ""]
    if job.status is JobStatus.running:
        left = gettext("{time} left").format(time=duration(job.seconds_left))
        parts += [rate(job) if job.rate else "", left if job.seconds_left else ""]
        parts += [gettext("{time} so far").format(time=duration(job.seconds))]
    took = gettext("took {time}").format(time=duration(job.seconds))
    parts += [took if job.finished_at and job.seconds is not None else ""]
    waits = (
        gettext("Waits in the queue.") if job.status is JobStatus.queued else gettext("Ended before it did anything.")
    )
    return ", ".join(part for part in parts if part) or waits


def rate(job: JobView) -> str:
    """`3.4 prompts/s`; a slow one per minute."""
    if not job.rate:
        return "–"
    unit = word(job.unit)
    return f"{job.rate:,.1f} {unit}/s" if job.rate >= 1 else f"{job.rate * 60:,.1f} {unit}/min"


def number(value: object) -> str:
    """Four digits that matter, whole numbers in full; what is not a number says so."""
    if value is None:
        return gettext("not a number")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"{value:,.0f}"  # a count, such as that of tokens
    return f"{value:.4g}" if isinstance(value, float) else str(value)
