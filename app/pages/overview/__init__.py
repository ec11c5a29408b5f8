"""Overview: the loop as a line of rounds, how it went, and the one thing to do next."""

from typing import Any

import gradio as gr
import plotly.graph_objects as go
from gradio.context import get_blocks_context

from app.pages.overview import templates
from app.toasts import toasts
from app.widgets import buttons, charts
from app.widgets.context import context
from app.widgets.formats import count, duration, gap_interval, interval, percent, points
from app.widgets.markup import markup
from app.widgets.warning_said import BADGES as BADGES_OF_LIGHTS
from backend.errors import Conflict
from backend.services import rounds, warnings
from backend.services.projects import overview
from backend.services.projects.overview import Loop, NextAction
from backend.services.results.summaries import RoundLine
from backend.services.rounds import auto
from backend.values import JobStatus, RoundStatus, Stage

TITLE, PATH = "Overview", ""
POLL_SECONDS = 2.0
LAUNCHES = ("next", "restart")
STAGES = tuple(Stage)
BADGES = {
    RoundStatus.running: "accent",
    RoundStatus.review: "warn",
    RoundStatus.held: "bad",
    RoundStatus.done: "ok",
    RoundStatus.failed: "bad",
    RoundStatus.cancelled: "",
}


def build() -> None:
    """Lay out the page and wire it."""
    seen, doomed = gr.State({}), gr.State(None)
    with gr.Row(equal_height=True):
        action = markup(templates.ACTION, templates.ACTION_CSS, elem_id="next-action")
        launch = buttons.primary("Launch", visible=False, elem_id="launch-next")
    line = markup(templates.LINE, templates.LINE_CSS, js=templates.LINE_JS, elem_id="loop")
    cancel = buttons.secondary("Cancel round…", visible=False, elem_id="cancel-round")
    stop = buttons.secondary("Stop after this round", visible=False, elem_id="stop-after-round")
    with gr.Column(visible=False) as sure:
        said = markup(templates.SURE, elem_id="cancel-said")
        with gr.Row(elem_classes="rondo-toolbar"):
            really = buttons.stop("Cancel the round", elem_id="cancel-really")
            keep = buttons.secondary("Keep it", elem_id="cancel-keep")
    chart = gr.Plot(show_label=False, visible=False, elem_id="loop-chart")
    timer = gr.Timer(POLL_SECONDS)

    shown = [action, launch, cancel, sure, line, chart, stop, seen]
    blocks = get_blocks_context()
    assert blocks is not None
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
    blocks.root_block.load(draw, None, shown, **quiet)
    timer.tick(refresh, [seen], shown, **quiet)
    wired: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
    launch.click(start_next, [seen], shown, **wired)
    cancel.click(ask_cancel, [seen], [sure, said, doomed], **wired)
    stop.click(stop_after, [seen], shown, **wired)
    keep.click(keep_waiting, None, sure, **wired)
    really.click(cancel_waiting, [seen, doomed], shown, **wired)


@toasts
def draw(request: gr.Request) -> list[Any]:
    """Draw everything."""
    return _changes({}, request)


@toasts
def refresh(seen: dict[str, Any], request: gr.Request) -> list[Any]:
    """Draw what changed since."""
    return _changes(seen, request)


@toasts
def start_next(seen: dict[str, Any], request: gr.Request) -> list[Any]:
    """Launch the recommended round."""
    here = context(request)
    overview.launch_next(here.actor, here.project_id, expected=seen.get("expected"))
    return _changes(seen, request)


@toasts
def ask_cancel(seen: dict[str, Any], request: gr.Request) -> list[Any]:
    """Say what cancelling means, before it does."""
    found = rounds.get(context(request).actor, _waiting_id(seen.get("cancels")))
    return [gr.Column(visible=True), {"number": found.number}, found.id]


@toasts
def keep_waiting() -> gr.Column:
    """Do nothing."""
    return gr.Column(visible=False)


@toasts
def cancel_waiting(seen: dict[str, Any], doomed: int | None, request: gr.Request) -> list[Any]:
    """Cancel the round that was asked about, if it still waits for people."""
    rounds.cancel(context(request).actor, _waiting_id(doomed), only_waiting=True)
    return _changes(seen, request)


@toasts
def stop_after(seen: dict[str, Any], request: gr.Request) -> list[Any]:
    """Let no further round follow by itself the one that the page shows."""
    if not seen.get("stops"):
        raise Conflict("No round follows another by itself any more, so there is nothing to stop.")
    auto.stop(context(request).actor, int(seen["stops"]))
    return _changes(seen, request)


def _waiting_id(round_id: int | None) -> int:
    if not round_id:
        raise Conflict("No round waits for people any more, so there is nothing to cancel. Look at the loop again.")
    return int(round_id)


def _changes(seen: dict[str, Any], request: gr.Request) -> list[Any]:
    """New values of what differs from what the browser shows; the rest is left alone, so that nothing flickers."""
    here = context(request)
    loop = overview.loop(here.actor, here.project_id)
    now = {
        "action": action_value(loop.next_action),
        "line": {"rounds": [line_value(line, loop) for line in loop.lines]},
        "chart": chart_key(loop),
        "cancels": loop.next_action.cancels_id,
        "stops": loop.stops_id,
        "expected": [loop.next_action.kind, loop.next_action.parent_id, len(loop.rounds)],
    }
    is_new = {key: seen.get(key) != value for key, value in now.items()}
    button = gr.Button(loop.next_action.label, visible=loop.next_action.kind in LAUNCHES)
    return [
        now["action"] if is_new["action"] else gr.skip(),
        button if is_new["action"] else gr.skip(),
        gr.Button(visible=now["cancels"] is not None) if is_new["cancels"] else gr.skip(),
        gr.Column(visible=False) if is_new["cancels"] else gr.skip(),
        now["line"] if is_new["line"] else gr.skip(),
        gr.Plot(_figure(loop), visible=bool(loop.rounds)) if is_new["chart"] else gr.skip(),
        gr.Button(visible=now["stops"] is not None) if is_new["stops"] else gr.skip(),
        now if any(is_new.values()) else gr.skip(),
    ]


def _figure(loop: Loop) -> go.Figure | None:
    return charts.rounds(loop.lines) if loop.rounds else None


def action_value(action: NextAction) -> dict[str, Any]:
    """What the card of the next action shows."""
    is_launch = action.kind in LAUNCHES
    return {
        "why": action.why,
        "label": "" if is_launch else action.label,
        "target": action.target or "./",
        "change": is_launch,
    }


def chart_key(loop: Loop) -> list[Any]:
    """What the chart is drawn from."""
    return [[x.number, x.parent, x.accuracy and x.accuracy.value, x.kept_share, x.overridden_share] for x in loop.lines]


def line_value(line: RoundLine, loop: Loop) -> dict[str, Any]:
    """One round as its card shows it; texts only."""
    progress = line.progress
    return {
        "title": "Base" if line.round_id is None else f"Round {line.number}",
        "from": _origin(line, loop),
        "is_base": line.round_id is None,
        "id": line.round_id or "",
        "status": "" if line.round_id is None else _status(line),
        "badge": BADGES[line.status],
        "stages": _stages(line),
        "percent": round(progress.share * 100) if progress else 0,
        "progress": _progress_text(line),
        "accuracy": percent(line.accuracy.value) if line.accuracy else "–",
        "interval": interval(line.accuracy),
        "is_baseline": line.is_baseline,
        "to_baseline": _to_baseline(line),
        "samples": count(line.samples),
        "judged": count(line.judged),
        "kept": count(line.kept),
        "overridden": _overridden(line),
        "looked_at": percent(line.looked_at_share),
        "time": duration(line.seconds),
        "checkpoint": line.checkpoint,
        "checkpoint_id": line.checkpoint_id or "",
        "recipe": line.recipe,
        "is_stopped": line.status in (RoundStatus.failed, RoundStatus.cancelled),
        "left_out": f"{line.left_out:,} left out" if line.left_out else "",
        "follows": _follows(line),
        "warned": [
            {"href": f"warnings?round={line.round_id}&warning={one.name}", "title": warnings.title_of(one.name),
             "level": str(one.level), "badge": BADGES_OF_LIGHTS[one.level]}
            for one in line.warned
        ],
        "is_calm": line.not_known is not None and not line.warned,
        "not_known": f"{line.not_known} not known" if line.not_known else "",
        "error": (line.error or "").split("\n")[0][:300],
    }  # fmt: skip


def _to_baseline(line: RoundLine) -> str:
    """`+3.2 points to the baseline (-0.4 to +6.8)`; why it is not known."""
    gap = line.to_baseline
    if gap is None:
        return ""
    if gap.value is None:
        return f"Difference to the baseline unknown: {gap.why}."
    return f"{points(gap.value)} to the baseline ({gap_interval(gap)}{f': {gap.why}' if gap.why else ''})"


def _follows(line: RoundLine) -> str:
    """Which rounds follow by themselves, or why none does."""
    if line.follows:
        return "One more round follows when it is done." if line.follows == 1 else f"{line.follows} more rounds follow."
    if "stopped" in line.auto:
        return f"No round follows by itself: {line.auto['stopped']}"
    return ""


def _overridden(line: RoundLine) -> str:
    """`42.3% of 26`: of what people decided."""
    share = line.overridden_share
    return "–" if share is None else f"{percent(share)} of {line.decided:,}"


def _origin(line: RoundLine, loop: Loop) -> str:
    if line.branch_of is not None:
        return f"branch of round {line.branch_of}"
    has_one_base = sum(x.round_id is None for x in loop.lines) < 2
    if line.parent is None or (line.parent == line.number - 1 and (line.parent > 0 or has_one_base)):
        return ""
    if line.parent != 0:
        return f"from round {line.parent}"
    base = next((x for x in loop.lines if x.round_id is None and x.checkpoint_id == line.policy_id), None)
    return f"from the base {base.checkpoint}" if base else "from the base"


def _status(line: RoundLine) -> str:
    if line.status is RoundStatus.running and line.stage is not None:
        queued = line.progress is not None and line.progress.status is JobStatus.queued
        return f"{line.stage}, queued" if queued else str(line.stage)
    if line.status is RoundStatus.held:
        return "held before training"
    return "waits for review" if line.status is RoundStatus.review else str(line.status)


def _stages(line: RoundLine) -> list[dict[str, str]]:
    if line.stage is None:
        return []
    if line.status is RoundStatus.done:
        return [{"name": stage, "state": "done"} for stage in STAGES]
    here = STAGES.index(Stage.review if line.status is RoundStatus.review else line.stage)
    special = {RoundStatus.failed: "bad", RoundStatus.cancelled: "off", RoundStatus.review: "wait",
               RoundStatus.held: "bad"}  # fmt: skip
    state = special.get(line.status, "now")
    return [
        {"name": stage, "state": "done" if place < here else state if place == here else "todo"}
        for place, stage in enumerate(STAGES)
    ]


def _progress_text(line: RoundLine) -> str:
    job = line.progress
    if job is None or not job.total:
        return ""
    left = (job.total - job.done) / job.rate if job.rate else None
    text = f"{job.done:,} of {job.total:,} {job.unit}"
    return f"{text}, {duration(left)} left" if left else text
