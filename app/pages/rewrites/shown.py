"""What the page says of rewriting a judge's template, as texts."""

from app.widgets.times import moment
from backend.services.rewrites.shapes import Example, Number, Offer, RewriteRow, RewriteView
from backend.values import JSON, JobStatus

BADGES = {JobStatus.running: "accent", JobStatus.done: "ok", JobStatus.failed: "bad"}
HOW = (
    "The rewrite saw only the labels of the first line; no prompt is on both sides. Intervals at 95 %, by drawing "
    "prompts again; the gain's is paired. A reply without a verdict agrees with nobody."
)


def offer(found: Offer | None, problem: str) -> JSON:
    """What a rewrite would take, or why there is none."""
    if found is None:
        return {"said": problem, "kind": "warn"}
    if found.why_not:
        return {"said": found.why_not, "kind": "warn"}
    return {
        "said": f"The judge {found.judge} ({found.judge_name}) is asked at most {found.calls:,} times, the model that "
        f"writes at most {found.rewrites} times. It sees {found.seen:,} labels of people; {found.unseen:,} stay unseen "
        "and decide whether its template is kept.",
        "kind": "plain",
        "note": found.note,
    }


def choice(row: RewriteRow) -> tuple[str, int]:
    """A rewrite in the list of them."""
    word = {True: "kept", False: "not kept", None: str(row.status)}[row.is_kept]
    return f"Rewrite {row.id}: round {row.round_number}, {moment(row.created_at)}, {word}", row.id


def nothing(missing: str) -> JSON:
    """What stands where no rewrite is shown."""
    return {"message": missing or "No template of this project was rewritten yet."}


def rewrite(found: RewriteView) -> JSON:
    """A rewrite as far as it is."""
    said: JSON = {
        "id": found.id,
        "title": f"Rewrite {found.id}: {found.judge} of round {found.round_number}",
        "badge": BADGES.get(found.status, ""),
        "status": str(found.status),
        "about": f"judged by {found.judge_name}, written by {found.reflector}; by {found.created_by or 'somebody'}, "
        f"{moment(found.created_at)}",
        "progress": _progress(found),
        "error": found.error or "",
        "links": _links(found),
    }
    outcome = found.outcome
    if outcome is None:
        return said
    return said | {
        "said": outcome.said,
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
        "pieces": [{one.kind: one.text} for one in outcome.pieces],
        "examples": [_example(one) for one in outcome.examples],
    }


def number(value: Number) -> str:
    """`62.5 % (48.1 to 75.0)`."""
    if value.value is None:
        return "unknown"
    if value.low is None or value.high is None:
        return f"{value.value:.1%}, interval unknown"
    return f"{value.value * 100:.1f} % ({value.low * 100:.1f} to {value.high * 100:.1f})"


def gain(value: Number) -> str:
    """`+12.5 points (+2.1 to +22.9)`."""
    if value.value is None:
        return "unknown"
    if value.low is None or value.high is None:
        return f"{value.value * 100:+.1f} points, interval unknown"
    return f"{value.value * 100:+.1f} points ({value.low * 100:+.1f} to {value.high * 100:+.1f})"


def _written(written: int, refused: int) -> str:
    lost = f", {refused} of them refused since they lost a placeholder" if refused else ""
    return f"{written} templates were written{lost}."


def _progress(found: RewriteView) -> str:
    if found.is_over:
        return ""
    if found.status is JobStatus.queued:
        return f"Job {found.job_id} waits in the queue. A worker takes it next."
    return f"{found.done:,} of at most {found.total:,} judge calls"


def _links(found: RewriteView) -> list[JSON]:
    links = [{"target": f"round?round={found.round_id}", "text": f"Round {found.round_number}", "kind": ""}]
    if found.job_id is not None:
        links.append({"target": f"jobs?job={found.job_id}", "text": "Job and log", "kind": ""})
    if found.outcome is not None and found.outcome.is_kept:
        target = f"new-round?rewrite={found.id}"
        links.insert(0, {"target": target, "text": "Use this template in the next round", "kind": "rondo-primary"})
    return links


def _example(one: Example) -> JSON:
    return {
        "badge": "ok" if one.is_right else "bad",
        "word": "newly right" if one.is_right else "newly wrong",
        "people": f"People {'accept' if one.accepts else 'reject'} it.",
        "target": f"samples?sample={one.sample_id}",
        "prompt": one.prompt,
        "text": one.text,
        "before": one.before,
        "after": one.after,
    }
