"""What the judge bench shows, as texts."""

from collections.abc import Sequence
from dataclasses import asdict

from app.widgets.figures import kappa, share
from app.widgets.formats import missing
from app.widgets.judge_health import said as number
from app.widgets.sample_filters import to_address
from app.widgets.times import moment
from backend.services.judge_bench.results import BenchLine, BenchView, Figures, JudgeView
from backend.services.judge_health import Light, Measure
from backend.services.recipes import parts
from backend.services.samples import Filters
from backend.values import JSON, JobStatus

BEFORE = "the judge before"
IN_TABLE = ("kappa", "alpha", "precision", "recall")
LONG = 60
"""Knobs longer than this are not written out."""
BADGES = {JobStatus.done: "ok", JobStatus.failed: "bad", JobStatus.running: "accent"}
FILTERED = (
    "A filter chose these texts: what is said of a judge here holds for texts like them, and no label of their round "
    "changes."
)
DRAWN = "These samples were drawn at random among those with labels of people that count."


def empty(missing: str, benches: Sequence[BenchLine]) -> JSON:
    """What stands where no bench is chosen."""
    if missing:
        return {"message": missing}
    if benches:
        return {"message": "Choose a bench from the list."}
    return {
        "message": "No judge bench yet.",
        "way_out": "A bench tries any number of judges on samples that people labelled. A curator opens one below, or, "
        "on what a filter finds, from",
    }


def bench(view: BenchView, chosen: JSON | None = None) -> JSON:
    """A bench with its judges side by side. `chosen`: the judge whose disagreements are open."""
    line = view.line
    rows = [_before(view.first)] if view.first is not None else []
    known = [(one.title, one.figures) for one in view.judges if one.figures is not None]
    known += [(BEFORE, view.first)] if view.first is not None else []
    return {
        "id": line.id,
        "status": progress(view),
        "badge": BADGES.get(line.status, "") if line.status else "",
        "job": f"jobs?job={view.job_id}" if view.job_id else "",
        "job_said": f"Job {view.job_id}",
        "again": view.can_try_again,
        "about": about(line, view.filters),
        "samples": samples_address(line, view.filters),
        "error": view.error or "",
        "note": FILTERED if line.is_filtered else DRAWN,
        "rows": [*rows, *(_row(one, view, chosen or {}) for one in view.judges)],
        "matrices": [_matrix(title, figures) for title, figures in known if figures.confusion.labelled],
        "pairs": _pairs(view),
        "measures": [{"title": title, "lines": _lines(figures)} for title, figures in known],
    }


def progress(view: BenchView) -> str:
    """`running, 120 of 200 texts`."""
    if view.line.status is None:
        return "its job is gone"
    done, total = sum(one.done for one in view.judges), len(view.judges) * (view.line.samples or 0)
    return str(view.line.status) if view.line.status is JobStatus.done else f"{view.line.status}, {done} of {total}"


def about(line: BenchLine, filters: JSON | None) -> str:
    """How many samples stand on it, and which."""
    if not line.is_filtered:
        where = f"of {_round(line)}" if line.round_number else "of all rounds"
        return f"{line.samples} samples with labels of people, {where}."
    said = filter_said(filters or {})
    return (
        f"{line.samples:,} texts of {_round(line)} ({said}), {line.labelled:,} of them with labels "
        "of people that count."
    )


def _round(line: BenchLine) -> str:
    return f"round {line.round_number}" + ("" if line.round_id is not None else ", which is gone")


def filter_said(query: JSON) -> str:
    """What the filter bar of Samples holds, in words."""
    return ", ".join(f"{name} {_value(value)}" for name, value in query.items()) or "all texts"


def samples_address(line: BenchLine, filters: JSON | None) -> str:
    """Where Samples shows what the filter found; empty for samples that were drawn."""
    if not line.is_filtered or line.round_id is None:
        return ""
    return f"samples?{to_address({'round': line.round_id} | bar_of(filters or {}))}"


def bar_of(filters: JSON) -> JSON:
    """The filter as the bar of Samples holds it."""
    flags = [name for name in Filters.__dataclass_fields__ if name.startswith("is_") and filters.get(name)]
    plain = {name: value for name, value in filters.items() if not name.startswith("is_")}
    if "step" in plain:
        plain["step"] = ",".join(map(str, plain["step"]))
    return plain | ({"only": flags} if flags else {})


def listed(benches: Sequence[BenchLine], chosen: int | None) -> JSON:
    """The list of benches."""
    return {"rows": [_listed(one, is_here=one.id == chosen) for one in benches]}


def _listed(one: BenchLine, *, is_here: bool) -> JSON:
    many = "" if one.samples is None else f"{one.samples:,} "
    what = f"{many}texts of a filter" if one.is_filtered else f"{many}labelled samples"
    return {
        "id": one.id,
        "is_here": is_here,
        "title": f"Bench {one.id}",
        "judges": "; ".join(one.judges),
        "said": f"{what}, {one.status or 'no job'}, {moment(one.created_at)}",
    }


def knobs_of(judge: JSON) -> str:
    """What of a judge's knobs differs from the part's own."""
    usual = parts.defaults("judge", str(judge.get("name")))
    found = []
    for name, value in judge.items():
        if name == "name" or usual.get(name) == value:
            continue
        told = _value(value)
        found.append(f"{name} {told}" if len(told) <= LONG and "\n" not in told else f"another {name}")
    return ", ".join(found)


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return " or ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _before(figures: Figures) -> JSON:
    return {"title": BEFORE, "knobs": "as it labelled the texts in their rounds", "state": "done", "badge": ""} | (
        _cells(figures)
        | dict.fromkeys(("tokens", "prompt_tokens", "seconds", "cost"), "–")
        | {"buttons": [], "missing": [], "notes": []}
    )


def _row(one: JudgeView, view: BenchView, chosen: JSON) -> JSON:
    state, badge = "waits", ""
    if one.error:
        state, badge = f"failed after {one.done} of {view.line.samples}", "bad"
    elif one.is_over:
        state, badge = "done", "warn" if one.figures is not None and one.figures.unasked else "ok"
    elif one.done:
        state, badge = f"{one.done} of {view.line.samples}", "accent"
    figures = one.figures
    error = one.error or (
        f"{figures.unasked} texts could not be asked about: {figures.reason}" if figures and figures.unasked else ""
    )
    return {
        "title": one.title,
        "knobs": knobs_of(one.judge),
        "state": state,
        "badge": badge,
        "error": error,
        "tokens": f"{one.tokens:,}" if one.done else "–",
        "prompt_tokens": "–" if one.prompt_tokens is None else f"{one.prompt_tokens:,}",
        "seconds": f"{one.seconds:.1f}" if one.done else "–",
        "cost": "–" if one.cost is None else f"{one.cost:.4g}",
        "missing": missing(one.uncounted, one.unpriced),
        "notes": list(one.notes),
        "buttons": _buttons(one, view, chosen),
    } | _cells(figures)


def _buttons(one: JudgeView, view: BenchView, chosen: JSON) -> list[JSON]:
    """What opens the texts on which the judge disagrees."""
    if one.figures is None or not one.done:
        return []
    found = [("people", f"{one.figures.confusion.disagreements} with people")] if view.line.labelled else []
    if one.figures.before is not None:
        found.append(("before", f"{one.figures.before} with {BEFORE}"))
    return [
        {
            "judge": one.id,
            "against": against,
            "text": text,
            "is_here": (chosen.get("judge"), chosen.get("against")) == (one.id, against),
        }
        for against, text in found
    ]


def _cells(figures: Figures | None) -> JSON:
    if figures is None:
        return dict.fromkeys((*IN_TABLE, "unread"), "–")
    by_name = {one.name: one for one in figures.measures}
    cells: JSON = {name: measure(by_name[name]) for name in IN_TABLE}
    return cells | {"unread": f"{figures.unread} of {figures.unread + figures.judged}"}


def measure(one: Measure) -> str:
    """`0.64 (0.51 to 0.75)`; an unknown one is said to be unknown, never zero."""
    if one.light is Light.unknown:
        return "unknown"
    unit = " %" if one.is_share else ""
    if one.number.low is None or one.number.high is None:
        return f"{number(one, one.number.value)}{unit} (interval unknown)"
    return f"{number(one, one.number.value)}{unit} ({number(one, one.number.low)} to {number(one, one.number.high)})"


def _lines(figures: Figures) -> list[JSON]:
    return [
        {"name": one.title, "value": f"unknown: {one.missing}"}
        if one.light is Light.unknown
        else {"name": one.title, "value": f"{measure(one)}, {one.number.n:,} {one.of}"}
        for one in figures.measures
    ]


def _matrix(title: str, figures: Figures) -> JSON:
    return {"title": title} | asdict(figures.confusion)


def _pairs(view: BenchView) -> list[JSON]:
    names: dict[int | None, str] = {None: BEFORE} | {one.position: one.title for one in view.judges}
    return [
        {
            "first": names.get(one.first, "–"),
            "second": names.get(one.second, "–"),
            "agreement": share(one.agreement),
            "kappa": kappa(one.kappa),
            "n": f"{one.agreement.n:,}",
        }
        for one in view.pairs
    ]
