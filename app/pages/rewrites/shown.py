"""What the page says of rewriting a judge's template, as texts."""

from app.widgets.as_of import as_of
from app.widgets.formats import percent, points
from app.widgets.times import moment
from app.widgets.value_words import word
from backend.services.rewrites.shapes import ChangedExample, Estimate, Offer, RewriteRow, RewriteView
from backend.translations import N_, gettext, ngettext
from backend.values import JSON, JobStatus

BADGES = {JobStatus.running: "accent", JobStatus.done: "ok", JobStatus.failed: "bad"}
HOW = N_(
    "The rewrite saw only the labels of the first line; no prompt is on both sides. Intervals at 95%, by drawing "
    "prompts again; the gain's is paired. A reply without a verdict agrees with nobody."
)


def offer(offered: Offer | None, problem: str) -> JSON:
    """What a rewrite would take, or why there is none."""
    if offered is None:
        return {"said": problem, "kind": "warn"}
    if offered.why_not:
        return {"said": offered.why_not, "kind": "warn", "note": as_of(offered.as_of)}
    text = gettext(
        "The judge {judge} ({name}) is asked at most {calls} times, the model that writes at most {rewrites} times. It "
        "sees {seen} labels of people; {unseen} stay unseen and decide whether its template is kept."
    )
    counts = {"calls": offered.calls, "seen": offered.seen, "unseen": offered.unseen}
    told = text.format(
        judge=offered.judge,
        name=offered.judge_name,
        rewrites=offered.rewrites,
        **{name: f"{number:,}" for name, number in counts.items()},
    )
    return {"said": told, "kind": "plain", "note": " ".join(filter(None, (offered.note, as_of(offered.as_of))))}


def choice(row: RewriteRow) -> tuple[str, int]:
    """A rewrite in the list of them."""
    state = {True: gettext("kept"), False: gettext("not kept"), None: word(row.status)}[row.is_kept]
    text = gettext("Rewrite {id}: round {number}, {when}, {status}")
    return text.format(id=row.id, number=row.round_number, when=moment(row.created_at), status=state), row.id


def nothing(missing: str) -> JSON:
    """What stands where no rewrite is shown."""
    return {"message": missing or gettext("No template of this project was rewritten yet.")}


def rewrite(view: RewriteView) -> JSON:
    """A rewrite as far as it is."""
    value: JSON = {
        "id": view.id,
        "title": gettext("Rewrite {id}: {judge} of round {number}").format(
            id=view.id, judge=view.judge, number=view.round_number
        ),
        "badge": BADGES.get(view.status, ""),
        "status": word(view.status),
        "about": gettext("judged by {judge}, written by {writer}; by {person}, {when}").format(
            judge=view.judge_name,
            writer=view.reflector,
            person=view.created_by or gettext("somebody"),
            when=moment(view.created_at),
        ),
        "progress": _progress(view),
        "error": view.error or "",
        "links": _links(view),
    }
    outcome = view.outcome
    if outcome is None:
        return value
    sides = {
        "seen": gettext("{labels} seen labels, {prompts} prompts"),
        "unseen": gettext("{labels} unseen labels, {prompts} prompts"),
    }
    replies = ngettext("{number} judge reply was asked for.", "{number} judge replies were asked for.", outcome.calls)
    replies = replies.format(number=f"{outcome.calls:,}")
    return value | {
        "said": outcome.message,
        "verdict": "ok" if outcome.is_kept else "warn",
        "word": gettext("kept") if outcome.is_kept else gettext("not kept"),
        "sides": [
            {
                "name": sides[name].format(labels=f"{side.labels:,}", prompts=f"{side.prompts:,}"),
                "before": number(side.before),
                "after": number(side.after),
                "gain": gain(outcome.gain) if name == "unseen" else "",
            }
            for name, side in (("seen", outcome.seen), ("unseen", outcome.unseen))
        ],
        "note": outcome.note,
        "how": f"{_written(outcome.written, outcome.refused)} {replies} {gettext(HOW)}",
        "pieces": [{piece.kind: piece.text} for piece in outcome.pieces],
        "examples": [_example(example) for example in outcome.examples],
    }


def number(value: Estimate) -> str:
    """`62.5% (48.1 to 75.0)`."""
    if value.value is None:
        return gettext("unknown")
    if value.low is None or value.high is None:
        return gettext("{number}, interval unknown").format(number=percent(value.value))
    ends = {"low": f"{value.low * 100:.1f}", "high": f"{value.high * 100:.1f}"}
    return gettext("{value} ({low} to {high})").format(value=percent(value.value), **ends)


def gain(value: Estimate) -> str:
    """`+12.5 points (+2.1 to +22.9)`."""
    if value.value is None:
        return gettext("unknown")
    if value.low is None or value.high is None:
        return gettext("{number}, interval unknown").format(number=points(value.value))
    ends = {"low": f"{value.low * 100:+.1f}", "high": f"{value.high * 100:+.1f}"}
    return gettext("{value} ({low} to {high})").format(value=points(value.value), **ends)


def _written(written: int, refused: int) -> str:
    text = ngettext("{number} template was written.", "{number} templates were written.", written)
    if refused:
        text = ngettext(
            "{number} template was written, {refused} of them refused since they lost a placeholder.",
            "{number} templates were written, {refused} of them refused since they lost a placeholder.",
            written,
        )
    return text.format(number=written, refused=refused)


def _progress(view: RewriteView) -> str:
    if view.is_over:
        return ""
    if view.status is JobStatus.queued:
        return gettext("Job {number} waits in the queue. A worker takes it next.").format(number=view.job_id)
    return gettext("{number} of at most {whole} judge calls").format(number=f"{view.done:,}", whole=f"{view.total:,}")


def _links(view: RewriteView) -> list[JSON]:
    links = [
        {
            "target": f"round?round={view.round_id}",
            "text": gettext("Round {number}").format(number=view.round_number),
            "kind": "",
        }
    ]
    if view.job_id is not None:
        links.append({"target": f"jobs?job={view.job_id}", "text": gettext("Job and log"), "kind": ""})
    if view.outcome is not None and view.outcome.is_kept:
        target = f"new-round?rewrite={view.id}"
        links.insert(
            0, {"target": target, "text": gettext("Use this template in the next round"), "kind": "rondo-primary"}
        )
    return links


def _example(example: ChangedExample) -> JSON:
    return {
        "badge": "ok" if example.is_right else "bad",
        "word": gettext("newly right") if example.is_right else gettext("newly wrong"),
        "people": gettext("People accept it.") if example.accepts else gettext("People reject it."),
        "target": f"samples?sample={example.sample_id}",
        "prompt": example.prompt,
        "text": example.text,
        "before": example.before,
        "after": example.after,
    }
