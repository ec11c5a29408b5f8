"""The flows, spreads and extremes of a round's report as texts, for the page and for the file."""

from typing import Any

from app.widgets import drop_bars
from app.widgets.formats import count, counted, percent
from app.widgets.sample_facts import source_word
from app.widgets.value_words import word
from backend.services.round_report.shapes import Category, Extreme, FlowStage, FunnelFlow, Spread, Texts
from backend.translations import N_, gettext, ngettext
from backend.values import LabelSource

Shown = dict[str, Any]
PREVIEW = 160
UNKNOWN = N_("interval unknown")


def between(low: str, high: str) -> str:
    return gettext("{low} to {high}").format(low=low, high=high)


def share(stage: FlowStage, before: FlowStage | None) -> str:
    """How much of the stage before got here, where the two count the same; else what came of it."""
    if stage.share is None or before is None:
        return ""
    told, out = percent(stage.share), sum(arm.count for arm in stage.dropped)
    joined = sum(arm.count for arm in stage.joined)
    own = stage.count - joined
    if stage.name == "samples" and before.unit != stage.unit:
        answered = before.count - out
        each = f"{stage.count / answered:,.3g}" if answered else "0"
        if not out:
            return gettext("{number} for each prompt").format(number=each)
        return gettext("{number} for each prompt, of {share} of the prompts").format(number=each, share=told)
    if joined:
        numbers = {"share": told, "own": f"{own:,}", "joined": f"{joined:,}"}
        return gettext("{own} of the stage before ({share}), {joined} joined").format(**numbers)
    if stage.name == "selected" and own + out != before.count:
        whole = counted(own + out, stage.unit)
        return gettext("{share} of {whole} that were looked at").format(share=told, whole=whole)
    return gettext("{share} of the stage before").format(share=told)


def flow(shown_flow: FunnelFlow) -> Shown:
    """One way from prompts to rows, as a table."""
    befores = (None, *shown_flow.stages)
    return {
        "title": shown_flow.title,
        "stages": [
            {
                "name": gettext(stage.name),
                "count": counted(stage.count, stage.unit),
                "share": share(stage, before),
                "width": 100 if stage.share is None else round(stage.share * 100),
                "href": stage.href,
                "drops": drop_bars.bars(
                    [(gettext(arm.reason), arm.count, arm.href) for arm in stage.dropped],
                    [(gettext(arm.reason), arm.count, arm.href) for arm in stage.joined],
                ),
                "arms": [
                    {"text": f"{arm.count:,} {gettext(arm.reason)}", "href": arm.href, "sign": sign}
                    for sign, arms in (("−", stage.dropped), ("+", stage.joined))
                    for arm in arms
                ],
            }
            for before, stage in zip(befores, shown_flow.stages, strict=False)
        ],
    }


def texts(report: Texts, step: int | None = None) -> Shown:
    """The ways, the spread of one step's texts, and the ends of the list."""
    spread, all_ = chosen(report, step), report.spreads
    looked = ngettext("From {number} text.", "From {number} texts.", all_.counted)
    if all_.counted != all_.total:
        looked = gettext("From {number} of {whole} texts, drawn evenly.")
    looked = looked.format(number=f"{all_.counted:,}", whole=f"{all_.total:,}")
    return {
        "flows": [flow(flow_) for flow_ in report.flows.flows],
        "flows_missing": list(report.flows.missing),
        "looked_at": looked if all_.counted else "",
        "spread": spread.name if spread else "",
        "categories": [category(entry) for entry in spread.categories] if spread else [],
        "spread_missing": [*all_.missing, *(spread.missing if spread else ())],
        "fewest": all_.fewest,
        "extremes": [_extreme(extreme) for extreme in report.extremes],
    }


def chosen(report: Texts, step: int | None) -> Spread | None:
    """The spread of that step; else the last that has scores, else the first."""
    spreads = report.spreads.spreads
    asked = [spread for spread in spreads if spread.step == step] if step is not None else []
    scored = [spread for spread in spreads if spread.scores]
    return next(iter(asked or scored[-1:] or spreads), None)


def category(spread: Category) -> Shown:
    is_known = spread.low is not None and spread.high is not None
    interval = between(percent(spread.low, 0), percent(spread.high, 0)) if is_known else ""
    return {
        "key": spread.key,
        "value": spread.value,
        "n": count(spread.n),
        "judged": count(spread.judged),
        "accepted": gettext("too few") if spread.accepted is None else percent(spread.accepted),
        "interval": interval,
        "score": gettext("too few") if spread.score is None else f"{spread.score:.3g}",
    }


def _extreme(extreme: Extreme) -> Shown:
    rows = [
        {
            "id": row.id,
            "score": "–" if row.score is None else f"{row.score:.3g}",
            "verdict": word(row.verdict) if row.verdict else gettext("undecided"),
            "by": "" if row.source == LabelSource.none else source_word(row.source),
            "spread": "" if row.spread is None else f"{row.spread:.2g}",
            "prompt": row.prompt[:PREVIEW],
            "text": row.text[:PREVIEW],
        }
        for row in extreme.rows
    ]
    return {"title": gettext(extreme.title), "rows": rows, "href": extreme.href, "missing": extreme.missing}
