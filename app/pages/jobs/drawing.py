"""Jobs in texts: a row of the table, and the card of the chosen one."""

from typing import Any

from app.widgets.formats import duration
from backend.machine import in_one_line
from backend.services.rounds.job_views import JobView
from backend.values import JSON, JobStatus, Stage

BADGES = {JobStatus.running: "accent", JobStatus.done: "ok", JobStatus.failed: "bad"}
OUTSIDE = {
    "try": "try a prompt",
    "repair": "rewrite a sample",
    "preflight": "look at a training",
    "preview": "preview a round",
    "rewrite": "rewrite a judge's template",
    "arena": "judge the matches of an arena",
    "judge_bench": "try judges on a bench",
    "export": "export samples",
    "export_dataset": "export a dataset",
    "import": "import samples",
    "merge": "merge an adapter",
    "fetch": "fetch a dataset of the hub",
    "gguf": "write a GGUF file",
    "push": "push to the hub",
    "scan": "scan a dataset",
    "near_duplicates": "look for near-duplicates",
    "embeddings": "make vectors of samples",
}
"""Jobs outside rounds, by their kind."""
AGAIN, TUNE = "retry", "tune"
"""Jobs that ask again for what was left out, and those that try changes out before a round begins."""


def table_row(job: JobView) -> list[str]:
    """One job as the table shows it."""
    return [
        str(job.id),
        str(job.round_number) if job.round_number is not None else "–",
        OUTSIDE.get(job.kind or "", _stage(job)),
        str(job.status),
        f"{job.fraction:.0%} ({job.done:,} of {job.total:,} {job.unit})" if job.total else "–",
        duration(job.seconds),
        duration(job.seconds_left),
        rate(job),
        ", ".join(f"{name} {number(value)}" for name, value in list(job.last_metrics.items())[:3]),
    ]


def card_value(job: JobView, machine: JSON | None = None) -> dict[str, Any]:
    """What the card shows of a job and what it ended on; texts only."""
    again = ", what was left out" if job.kind == AGAIN else ""
    does = "try changes out" if job.kind == TUNE else job.step or job.stage
    what = OUTSIDE.get(job.kind or "", f"{does}, round {job.round_number}{again}")
    facts = [f"attempt {job.attempt}" if job.attempt > 1 else "", f"by {job.created_by}" if job.created_by else ""]
    facts += [f"on {job.executor_id}" if job.executor_id else ""]
    facts += [f"with {job.helpers} more worker{'s' if job.helpers > 1 else ''}" if job.helpers else ""]
    return {
        "title": f"Job {job.id}: {what}",
        "round_id": job.round_id,
        "training": _training(job),
        "preview": f"previews?preview={job.preview_id}" if job.preview_id is not None else "",
        "status": str(job.status),
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
    does = job.step or str(job.stage)
    return {AGAIN: f"{does} again", TUNE: "try out"}.get(job.kind or "", does)


def _progress(job: JobView) -> str:
    parts = [f"{job.done:,} of {job.total:,} {job.unit}" if job.total else ""]
    if job.status is JobStatus.running:
        parts += [rate(job) if job.rate else "", f"{duration(job.seconds_left)} left" if job.seconds_left else ""]
    parts += [f"{duration(job.seconds)} so far" if job.status is JobStatus.running else ""]
    parts += [f"took {duration(job.seconds)}" if job.finished_at and job.seconds is not None else ""]
    waits = "Waits in the queue." if job.status is JobStatus.queued else "Ended before it did anything."
    return ", ".join(part for part in parts if part) or waits


def rate(job: JobView) -> str:
    """`3.4 prompts/s`; a slow one per minute."""
    if not job.rate:
        return "–"
    return f"{job.rate:,.1f} {job.unit}/s" if job.rate >= 1 else f"{job.rate * 60:,.1f} {job.unit}/min"


def number(value: object) -> str:
    """Four digits that matter; what is not a number says so."""
    if value is None:
        return "not a number"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
