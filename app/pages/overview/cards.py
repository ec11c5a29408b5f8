"""What the cards of the overview show of rounds, and where each stands in the tree."""

from typing import Any

from app.pages.overview import best_round
from app.widgets import judge_health
from app.widgets.formats import count, done_of, duration, gap_interval, interval, percent, points
from app.widgets.value_words import word
from app.widgets.warning_said import BADGES as BADGES_OF_LIGHTS
from app.widgets.warning_said import beside_light
from backend.differences import Difference
from backend.services import warnings
from backend.services.projects.overview import Loop
from backend.services.results import loop_tree, starts
from backend.services.results.noticed import what_helps
from backend.services.results.summaries import RaisedWarning, RoundLine
from backend.translations import N_, gettext
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

AGAIN = {
    "judge": N_("branch of round {number}, judged again"),
    "selector": N_("branch of round {number}, selected again"),
    "trainer": N_("branch of round {number}, trained again"),
}
"""What a branch does otherwise, by the kind of its first step."""
BRANCH = N_("branch of round {number}")


def tree_value(loop: Loop) -> dict[str, Any]:
    """The cards of the rounds, each at its place, and what connects them. Between two columns of cards is one of
    connections."""
    laid = loop_tree.tree(loop.lines)
    cards = [
        line_value(line, loop)
        | {"column": 2 * column + 1, "lane": lane + 1}
        | {"best": best_round.badge(line, loop), "change": None if up is None else _change(line, loop.lines[up])}
        for line, up, (column, lane) in zip(loop.lines, laid.above, laid.at, strict=True)
    ]
    edges = []
    for edge in laid.edges:
        flags = {"in": edge.comes_in, "out": edge.goes_out, "again": edge.is_dashed, "up": edge.up, "down": edge.down}
        style = " ".join(name for name, is_so in flags.items() if is_so)
        edges.append({"column": 2 * edge.column + 2, "lane": edge.lane + 1, "style": style})
    return {"rounds": cards, "edges": edges, "best": best_round.best_value(loop)}


def line_value(line: RoundLine, loop: Loop) -> dict[str, Any]:
    """One round as its card shows it; texts only."""
    progress = line.progress
    return {
        "title": gettext("Base") if line.round_id is None else gettext("Round {number}").format(number=line.number),
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
        "to_base": _to_base(line),
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
        "left_out": gettext("{number} left out").format(number=f"{line.left_out:,}") if line.left_out else "",
        "follows": _follows(line),
        "warned": [*_lights(line), *_judge(line, loop)],
        "is_calm": _is_calm(line, loop),
        "not_known": gettext("{number} not known").format(number=line.not_known) if line.not_known else "",
        "error": (line.error or "").split("\n")[0][:300],
    }


def _to_baseline(line: RoundLine) -> dict[str, str] | None:
    """`+3.2 points` `to the baseline (-0.4 to +6.8)`; why it is not known."""
    gap = line.to_baseline
    if gap is None:
        return None
    return _told(gap, gettext("the baseline"))


def _to_base(line: RoundLine) -> dict[str, str] | None:
    """Its change to the base of its line, where neither that nor a baseline is told of already."""
    if line.to_base is None or line.to_baseline is not None:
        return None
    is_named = line.base != "base"
    return _told(line.to_base, gettext("the base {name}").format(name=line.base) if is_named else gettext("the base"))


def _told(gap: Difference, to: str) -> dict[str, str]:
    if gap.value is None:
        rest = gettext("to {other}: {reason}").format(other=to, reason=gettext(gap.why))
        return {"badge": "", "points": gettext("change unknown"), "rest": rest}
    badge = "ok" if gap.is_better else "bad" if gap.is_worse else ""
    why = f": {gettext(gap.why)}" if gap.why else ""
    rest = gettext("to {other} ({interval}{reason})").format(other=to, interval=gap_interval(gap), reason=why)
    return {"badge": badge, "points": points(gap.value), "rest": rest}


def _change(line: RoundLine, up: RoundLine) -> dict[str, str] | None:
    """Its change to the round it comes from; nothing where that is the baseline, which has a line of its own.

    A gain is no good news, and not green, while the round is below the baseline, or else the base.
    """
    gap = line.to_parent
    if gap is None or (up.is_baseline and line.to_baseline is not None):
        return None
    text = _told(gap, starts.name(up))
    reference = line.to_baseline or line.to_base
    if text["badge"] == "ok" and reference is not None and (reference.value or 0) < 0:
        text["badge"] = ""
    return text | {
        "target": "" if gap.value is None else f"compare?sides={best_round.side(up)},{best_round.side(line)}"
    }


def _lights(line: RoundLine) -> list[dict[str, Any]]:
    """The raised warnings, by what they speak of: the checkpoint, the rows, or the texts and the policy they are of."""
    heads = {
        warnings.About.checkpoint: f"{line.checkpoint}:",
        warnings.About.rows: gettext("its rows:"),
        warnings.About.texts: gettext("texts by {name}:").format(name=line.policy)
        if line.policy
        else gettext("its texts:"),
    }
    groups = []
    for about, head in heads.items():
        here = [warning for warning in line.warned if warnings.about(warning.name) is about]
        if here:
            groups.append({"head": head, "lights": [_light(line, warning) for warning in here]})
    if line.noticed:
        shown = [beside_light(warned) for warned in line.noticed]
        counts = [warned | {"title": warned["text"].rstrip("."), "advice": ""} for warned in shown]
        groups.append({"head": gettext("its counts:"), "lights": counts})
    return groups


def _judge(line: RoundLine, loop: Loop) -> list[dict[str, Any]]:
    """The light of its judge where that is on, with the first measure beyond its limit; the sentence as a tooltip."""
    seen = loop.judges.get(line.round_id or 0)
    if seen is None or seen.warning is None:
        return []
    measure, level = seen.warning.measure, seen.warning.level
    light = {
        "href": f"round?round={line.round_id}#round-judge",
        "title": f"{gettext(measure.title)}, {judge_health.value_text(measure)}",
        "level": word(level),
        "badge": BADGES_OF_LIGHTS[level],
        "advice": seen.warning.text,
    }
    return [{"head": gettext("its judge:"), "lights": [light]}]


def _is_calm(line: RoundLine, loop: Loop) -> bool:
    """Whether its lights are lit, none of the warnings of its page is raised, and its accuracy did not fall."""
    seen = loop.judges.get(line.round_id or 0)
    if not line.is_archived and line.status is RoundStatus.done and (seen is None or seen.warning is not None):
        return False
    is_fall = any(gap is not None and gap.is_worse for gap in (line.to_parent, line.to_base, line.to_baseline))
    return line.not_known is not None and not (line.warned or line.noticed or line.left_out or is_fall)


def _light(line: RoundLine, warning: RaisedWarning) -> dict[str, str]:
    title, advice = warnings.title_of(warning.name), warnings.advice_of(warning.name)
    return {
        "href": f"warnings?round={line.round_id}&warning={warning.name}",
        "title": f"{title}, {warning.category}" if warning.category else title,
        "level": word(warning.level),
        "badge": BADGES_OF_LIGHTS[warning.level],
        "advice": what_helps(advice),
    }


def _follows(line: RoundLine) -> str:
    """Which rounds follow by themselves, or why none does."""
    if line.follows:
        if line.follows == 1:
            return gettext("One more round follows when it is done.")
        return gettext("{number} more rounds follow.").format(number=line.follows)
    if "stopped" in line.auto:
        return gettext("No round follows by itself: {reason}").format(reason=line.auto["stopped"])
    return ""


def _overridden(line: RoundLine) -> str:
    """`42.3% of 26`: of what people decided."""
    share = line.overridden_share
    if share is None:
        return "–"
    return gettext("{number} of {whole}").format(number=percent(share), whole=f"{line.decided:,}")


def _origin(line: RoundLine, loop: Loop) -> str:
    if line.branch_of is not None:
        return gettext(AGAIN.get(line.branch_at, BRANCH)).format(number=line.branch_of)
    if line.trashed_parent is not None:
        return gettext("from round {number} (in the trash)").format(number=line.trashed_parent)
    has_one_base = sum(x.round_id is None for x in loop.lines) < 2
    if line.parent is None or (line.number == 1 and has_one_base):
        return ""
    if line.parent != 0:
        return gettext("from {name}").format(name=gettext("round {number}").format(number=line.parent))
    base = next((x for x in loop.lines if x.round_id is None and x.checkpoint_id == line.policy_id), None)
    return gettext("from {name}").format(name=starts.name(base) if base else gettext("the base"))


def _status(line: RoundLine) -> str:
    if line.status is RoundStatus.running and line.stage is not None:
        queued = line.progress is not None and line.progress.status is JobStatus.queued
        stage = word(line.stage)
        return gettext("{stage}, queued").format(stage=stage) if queued else stage
    if line.status is RoundStatus.held:
        return gettext("held before training")
    words = gettext("waits for review") if line.status is RoundStatus.review else word(line.status)
    return gettext("{status}, archived").format(status=words) if line.is_archived else words


def _stages(line: RoundLine) -> list[dict[str, str]]:
    if line.stage is None:
        return []
    if line.status is RoundStatus.done:
        return [{"name": word(stage), "state": "done"} for stage in STAGES]
    here = STAGES.index(Stage.review if line.status is RoundStatus.review else line.stage)
    special = {
        RoundStatus.failed: "bad",
        RoundStatus.cancelled: "off",
        RoundStatus.review: "wait",
        RoundStatus.held: "bad",
    }
    state = special.get(line.status, "now")
    return [
        {"name": word(stage), "state": "done" if place < here else state if place == here else "todo"}
        for place, stage in enumerate(STAGES)
    ]


def _progress_text(line: RoundLine) -> str:
    job = line.progress
    if job is None or not job.total:
        return ""
    left = (job.total - job.done) / job.rate if job.rate else None
    text = done_of(job.done, job.total, job.unit)
    return gettext("{done}, {time} left").format(done=text, time=duration(left)) if left else text
