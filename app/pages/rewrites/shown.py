"""What the page says of rewriting a judge's template, as texts."""

from app.widgets.as_of import as_of
from app.widgets.times import moment
from backend.services.rewrites.shapes import ChangedExample, Estimate, Offer, RewriteRow, RewriteView
from backend.values import JSON, JobStatus

BADGES = {JobStatus.running: "accent", JobStatus.done: "ok", JobStatus.failed: "bad"}
HOW = (
    "The rewrite saw only the labels of the first line; no prompt is on both sides. Intervals at 95 %, by drawing "
    "prompts again; the gain's is paired. A reply without a verdict agrees with nobody."
)


def offer(offered: Offer | None, problem: str) -> JSON:
    """What a rewrite would take, or why there is none."""
    if offered is None:
        return {"said": problem, "kind": "warn"}
    if offered.why_not:
        return {"said": offered.why_not, "kind": "warn", "note": as_of(offered.as_of)}
    return {
        "said": f"The judge {offered.judge} ({offered.judge_name}) is asked at most {offered.calls:,} times, the "
        "model that "
        f"writes at most {offered.rewrites} times. It sees {offered.seen:,} labels of people; {offered.unseen:,} "
        "stay unseen "
        "and decide whether its template is kept.",
        "kind": "plain",
        "note": " ".join(filter(None, (offered.note, as_of(offered.as_of)))),
    }


def choice(row: RewriteRow) -> tuple[str, int]:
    """A rewrite in the list of them."""
    word = {True: "kept", False: "not kept", None: str(row.status)}[row.is_kept]
    return f"Rewrite {row.id}: round {row.round_number}, {moment(row.created_at)}, {word}", row.id


def nothing(missing: str) -> JSON:
    """What stands where no rewrite is shown."""
    return {"message": missing or "No template of this project was rewritten yet."}


def rewrite(view: RewriteView) -> JSON:
    """A rewrite as far as it is."""
    value: JSON = {
        "id": view.id,
        "title": f"Rewrite {view.id}: {view.judge} of round {view.round_number}",
        "badge": BADGES.get(view.status, ""),
        "status": str(view.status),
        "about": f"judged by {view.judge_name}, written by {view.reflector}; by {view.created_by or 'somebody'}, "
        f"{moment(view.created_at)}",
        "progress": _progress(view),
        "error": view.error or "",
        "links": _links(view),
    }
    outcome = view.outcome
    if outcome is None:
        return value
    return value | {
        "said": outcome.message,
        "verdict": "ok" if outcome.is_kept else "warn",
        "word": "kept" if outcome.is_kept else "not kept",
        "sides": [
            {
                "name": f"{side.labels:,} {name} labels, {side.prompts:,} prompts",
                "before": number(side.before),
                "after": number(side.after),
                "gain": gain(outcome.gain) if name == "unseen" else "",
            }
            for name, side in (("seen", outcome.seen), ("unseen", outcome.unseen))
        ],
        "note": outcome.note,
        "how": f"{_written(outcome.written, outcome.refused)} {outcome.calls:,} judge replies were asked for. {HOW}",
        "pieces": [{piece.kind: piece.text} for piece in outcome.pieces],
        "examples": [_example(example) for example in outcome.examples],
    }


def number(value: Estimate) -> str:
    """`62.5 % (48.1 to 75.0)`."""
    if value.value is None:
        return "unknown"
    if value.low is None or value.high is None:
        return f"{value.value:.1%}, interval unknown"
    return f"{value.value * 100:.1f} % ({value.low * 100:.1f} to {value.high * 100:.1f})"


def gain(value: Estimate) -> str:
    """`+12.5 points (+2.1 to +22.9)`."""
    if value.value is None:
        return "unknown"
    if value.low is None or value.high is None:
        return f"{value.value * 100:+.1f} points, interval unknown"
    return f"{value.value * 100:+.1f} points ({value.low * 100:+.1f} to {value.high * 100:+.1f})"


def _written(written: int, refused: int) -> str:
    lost = f", {refused} of them refused since they lost a placeholder" if refused else ""
    return f"{written} templates were written{lost}."


def _progress(view: RewriteView) -> str:
    if view.is_over:
        return ""
    if view.status is JobStatus.queued:
        return f"Job {view.job_id} waits in the queue. A worker takes it next."
    return f"{view.done:,} of at most {view.total:,} judge calls"


def _links(view: RewriteView) -> list[JSON]:
    links = [{"target": f"round?round={view.round_id}", "text": f"Round {view.round_number}", "kind": ""}]
    if view.job_id is not None:
        links.append({"target": f"jobs?job={view.job_id}", "text": "Job and log", "kind": ""})
    if view.outcome is not None and view.outcome.is_kept:
        target = f"new-round?rewrite={view.id}"
        links.insert(0, {"target": target, "text": "Use this template in the next round", "kind": "rondo-primary"})
    return links


def _example(example: ChangedExample) -> JSON:
    return {
        "badge": "ok" if example.is_right else "bad",
        "word": "newly right" if example.is_right else "newly wrong",
        "people": f"People {'accept' if example.accepts else 'reject'} it.",
        "target": f"samples?sample={example.sample_id}",
        "prompt": example.prompt,
        "text": example.text,
        "before": example.before,
        "after": example.after,
    }
