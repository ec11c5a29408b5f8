"""What the cards of the overview show of rounds, and where each stands in the tree."""

from typing import Any

from app.widgets.formats import count, duration, gap_interval, interval, percent, points
from app.widgets.warning_said import BADGES as BADGES_OF_LIGHTS
from backend.services import warnings
from backend.services.projects.overview import Loop
from backend.services.results import loop_tree, starts
from backend.services.results.summaries import RoundLine
from backend.values import JobStatus, RoundStatus, Stage

STAGES = tuple(Stage)
BADGES = {
    RoundStatus.running: "accent",
    RoundStatus.review: "warn",
    RoundStatus.held: "bad",
    RoundStatus.done: "ok",
    RoundStatus.failed: "bad",
    RoundStatus.cancelled: "",
}

AGAIN = {"judge": ", judged again", "selector": ", selected again", "trainer": ", trained again"}
"""What a branch does otherwise, by the kind of its first step."""


def tree_value(loop: Loop) -> dict[str, Any]:
    """The cards of the rounds, each at its place, and what connects them. Between two columns of cards is one of
    connections."""
    laid = loop_tree.tree(loop.lines)
    cards = [
        line_value(line, loop)
        | {"column": 2 * column + 1, "lane": lane + 1}
        | {"best": _best(line, loop), "change": None if up is None else _change(line, loop.lines[up])}
        for line, up, (column, lane) in zip(loop.lines, laid.above, laid.at, strict=True)
    ]
    edges = []
    for edge in laid.edges:
        flags = {"in": edge.comes_in, "out": edge.goes_out, "again": edge.is_dashed, "up": edge.up, "down": edge.down}
        style = " ".join(name for name, is_so in flags.items() if is_so)
        edges.append({"column": 2 * edge.column + 2, "lane": edge.lane + 1, "style": style})
    return {"rounds": cards, "edges": edges}


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
            {
                "href": f"warnings?round={line.round_id}&warning={one.name}",
                "title": warnings.title_of(one.name),
                "level": str(one.level),
                "badge": BADGES_OF_LIGHTS[one.level],
            }
            for one in line.warned
        ],
        "is_calm": line.not_known is not None and not line.warned,
        "not_known": f"{line.not_known} not known" if line.not_known else "",
        "error": (line.error or "").split("\n")[0][:300],
    }


def _best(line: RoundLine, loop: Loop) -> dict[str, str] | None:
    """The badge of the round with the highest accuracy, which says whether that is more than chance."""
    if loop.best is None or line.round_id != loop.best.round_id:
        return None
    sure, unsure = {"badge": "accent", "text": "best round"}, {"badge": "", "text": "highest, within chance"}
    return sure if loop.best.is_sure else unsure


def _to_baseline(line: RoundLine) -> str:
    """`+3.2 points to the baseline (-0.4 to +6.8)`; why it is not known."""
    gap = line.to_baseline
    if gap is None:
        return ""
    if gap.value is None:
        return f"Difference to the baseline unknown: {gap.why}."
    return f"{points(gap.value)} to the baseline ({gap_interval(gap)}{f': {gap.why}' if gap.why else ''})"


def _change(line: RoundLine, up: RoundLine) -> dict[str, str] | None:
    """Its change to the round it comes from; nothing where that is the baseline, which has a line of its own."""
    gap, to = line.to_parent, starts.name(up)
    if gap is None or (up.is_baseline and line.to_baseline is not None):
        return None
    if gap.value is None:
        return {"badge": "", "points": "change unknown", "rest": f"to {to}: {gap.why}", "target": ""}
    is_better, is_worse = (gap.low or 0) > 0, (gap.high or 0) < 0
    why = f": {gap.why}" if gap.why else ""
    return {
        "badge": "ok" if is_better else "bad" if is_worse else "",
        "points": points(gap.value),
        "rest": f"to {to} ({gap_interval(gap)}{why})",
        "target": f"compare?old={_side(up)}&new={_side(line)}",
    }


def _side(line: RoundLine) -> str:
    """A line as the comparison names it."""
    return f"c{line.checkpoint_id}" if line.round_id is None else f"r{line.round_id}"


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
        return f"branch of round {line.branch_of}{AGAIN.get(line.branch_at, '')}"
    has_one_base = sum(x.round_id is None for x in loop.lines) < 2
    if line.parent is None or (line.parent == line.number - 1 and (line.parent > 0 or has_one_base)):
        return ""
    if line.parent != 0:
        return f"from round {line.parent}"
    base = next((x for x in loop.lines if x.round_id is None and x.checkpoint_id == line.policy_id), None)
    return f"from {starts.name(base)}" if base else "from the base"


def _status(line: RoundLine) -> str:
    if line.status is RoundStatus.running and line.stage is not None:
        queued = line.progress is not None and line.progress.status is JobStatus.queued
        return f"{line.stage}, queued" if queued else str(line.stage)
    if line.status is RoundStatus.held:
        return "held before training"
    words = "waits for review" if line.status is RoundStatus.review else str(line.status)
    return f"{words}, archived" if line.is_archived else words


def _stages(line: RoundLine) -> list[dict[str, str]]:
    if line.stage is None:
        return []
    if line.status is RoundStatus.done:
        return [{"name": stage, "state": "done"} for stage in STAGES]
    here = STAGES.index(Stage.review if line.status is RoundStatus.review else line.stage)
    special = {
        RoundStatus.failed: "bad",
        RoundStatus.cancelled: "off",
        RoundStatus.review: "wait",
        RoundStatus.held: "bad",
    }
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
