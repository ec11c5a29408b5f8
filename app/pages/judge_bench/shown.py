"""What the judge bench shows, as texts."""

from collections.abc import Sequence
from dataclasses import asdict

from app.widgets.figures import kappa, share
from app.widgets.formats import missing
from app.widgets.judge_health import number_text as number
from app.widgets.sample_filters import to_address
from app.widgets.times import moment
from backend.services.judge_bench.results import BenchJudge, BenchLine, BenchView, JudgeFigures
from backend.services.judge_health import HealthMeasure, Light
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
    known = [(judge.title, judge.figures) for judge in view.judges if judge.figures is not None]
    known += [(BEFORE, view.first)] if view.first is not None else []
    return {
        "id": line.id,
        "status": str(line.status or "its job is gone"),
        "far": progress(view),
        "badge": BADGES.get(line.status, "") if line.status else "",
        "job": f"jobs?job={view.job_id}" if view.job_id else "",
        "job_said": f"Job {view.job_id}",
        "again": view.can_try_again,
        "about": about(line, view.filters),
        "samples": samples_address(line, view.filters),
        "error": view.error or "",
        "note": FILTERED if line.is_filtered else DRAWN,
        "rows": [*rows, *(_row(judge, view, chosen or {}) for judge in view.judges)],
        "matrices": [_matrix(title, figures) for title, figures in known if figures.confusion.labelled],
        "pairs": _pairs(view),
        "measures": [{"title": title, "lines": _lines(figures)} for title, figures in known],
    }


def progress(view: BenchView) -> str:
    """`120 of 200 judged`; nothing where it is over."""
    if view.line.status in (None, JobStatus.done):
        return ""
    done, total = sum(judge.done for judge in view.judges), len(view.judges) * (view.line.samples or 0)
    return f"{done:,} of {total:,} judged"


def about(line: BenchLine, filters: JSON | None) -> str:
    """How many samples stand on it, and which."""
    if not line.is_filtered:
        where = f"of {_round(line)}" if line.round_number else "of all rounds"
        return f"{line.samples} samples with labels of people, {where}."
    words = filter_said(filters or {})
    return (
        f"{line.samples:,} texts of {_round(line)} ({words}), {line.labelled:,} of them with labels "
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
    return {"rows": [_listed(bench, is_here=bench.id == chosen) for bench in benches]}


def _listed(bench_line: BenchLine, *, is_here: bool) -> JSON:
    many = "" if bench_line.samples is None else f"{bench_line.samples:,} "
    what = f"{many}texts of a filter" if bench_line.is_filtered else f"{many}labelled samples"
    return {
        "id": bench_line.id,
        "is_here": is_here,
        "title": f"Bench {bench_line.id}",
        "judges": "; ".join(bench_line.judges),
        "said": f"{what}, {bench_line.status or 'no job'}, {moment(bench_line.created_at)}",
    }


def knobs_of(judge: JSON) -> str:
    """What of a judge's knobs differs from the part's own."""
    usual = parts.defaults("judge", str(judge.get("name")))
    knobs = []
    for name, value in judge.items():
        if name == "name" or usual.get(name) == value:
            continue
        text = _value(value)
        knobs.append(f"{name} {text}" if len(text) <= LONG and "\n" not in text else f"another {name}")
    return ", ".join(knobs)


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return " or ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _before(figures: JudgeFigures) -> JSON:
    return {"title": BEFORE, "knobs": "as it labelled the texts in their rounds", "state": "done", "badge": ""} | (
        _cells(figures)
        | dict.fromkeys(("tokens", "prompt_tokens", "seconds", "cost"), "–")
        | {"buttons": [], "missing": [], "notes": []}
    )


def _row(judge: BenchJudge, view: BenchView, chosen: JSON) -> JSON:
    state, badge = "waits", ""
    if judge.error:
        state, badge = f"failed after {judge.done} of {view.line.samples}", "bad"
    elif judge.is_over:
        state, badge = "done", "warn" if judge.figures is not None and judge.figures.unasked else "ok"
    elif judge.done:
        state, badge = f"{judge.done} of {view.line.samples}", "accent"
    figures = judge.figures
    error = judge.error or (
        f"{figures.unasked} texts could not be asked about: {figures.reason}" if figures and figures.unasked else ""
    )
    return {
        "title": judge.title,
        "knobs": knobs_of(judge.judge),
        "state": state,
        "badge": badge,
        "error": error,
        "tokens": f"{judge.tokens:,}" if judge.done else "–",
        "prompt_tokens": "–" if judge.prompt_tokens is None else f"{judge.prompt_tokens:,}",
        "seconds": f"{judge.seconds:.1f}" if judge.done else "–",
        "cost": "–" if judge.cost is None else f"{judge.cost:.4g}",
        "missing": missing(judge.uncounted, judge.unpriced),
        "notes": list(judge.notes),
        "buttons": _buttons(judge, view, chosen),
    } | _cells(figures)


def _buttons(judge: BenchJudge, view: BenchView, chosen: JSON) -> list[JSON]:
    """What opens the texts on which the judge disagrees."""
    if judge.figures is None or not judge.done:
        return []
    buttons = [("people", f"{judge.figures.confusion.disagreements} with people")] if view.line.labelled else []
    if judge.figures.before is not None:
        buttons.append(("before", f"{judge.figures.before} with {BEFORE}"))
    return [
        {
            "judge": judge.id,
            "against": against,
            "text": text,
            "is_here": (chosen.get("judge"), chosen.get("against")) == (judge.id, against),
        }
        for against, text in buttons
    ]


def _cells(figures: JudgeFigures | None) -> JSON:
    if figures is None:
        return dict.fromkeys((*IN_TABLE, "unread"), "–")
    by_name = {measure.name: measure for measure in figures.measures}
    cells: JSON = {name: measure(by_name[name]) for name in IN_TABLE}
    return cells | {"unread": f"{figures.unread} of {figures.unread + figures.judged}"}


def measure(row: HealthMeasure) -> str:
    """`0.64 (0.51 to 0.75)`; an unknown one is said to be unknown, never zero."""
    if row.light is Light.unknown:
        return "unknown"
    unit = " %" if row.is_share else ""
    if row.number.low is None or row.number.high is None:
        return f"{number(row, row.number.value)}{unit} (interval unknown)"
    return f"{number(row, row.number.value)}{unit} ({number(row, row.number.low)} to {number(row, row.number.high)})"


def _lines(figures: JudgeFigures) -> list[JSON]:
    return [
        {"name": number.title, "value": f"unknown: {number.missing}"}
        if number.light is Light.unknown
        else {"name": number.title, "value": f"{measure(number)}, {number.number.n:,} {number.of}"}
        for number in figures.measures
    ]


def _matrix(title: str, figures: JudgeFigures) -> JSON:
    return {"title": title} | asdict(figures.confusion)


def _pairs(view: BenchView) -> list[JSON]:
    names: dict[int | None, str] = {None: BEFORE} | {judge.position: judge.title for judge in view.judges}
    return [
        {
            "first": names.get(pair.first, "–"),
            "second": names.get(pair.second, "–"),
            "agreement": share(pair.agreement),
            "kappa": kappa(pair.kappa),
            "n": f"{pair.agreement.n:,}",
        }
        for pair in view.pairs
    ]
