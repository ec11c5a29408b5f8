"""What the judge bench shows, as texts."""

from collections.abc import Sequence
from dataclasses import asdict

from app.widgets.figures import kappa, share
from app.widgets.formats import missing
from app.widgets.judge_health import number_text as number
from app.widgets.judge_health import value_text
from app.widgets.sample_filters import to_address
from app.widgets.times import moment
from app.widgets.value_words import word
from backend.services.judge_bench.results import BenchJudge, BenchLine, BenchView, JudgeFigures
from backend.services.judge_health import HealthMeasure, Light
from backend.services.recipes import parts
from backend.services.samples import Filters
from backend.translations import N_, gettext, ngettext
from backend.values import JSON, JobStatus

BEFORE = N_("the judge before")
IN_TABLE = ("kappa", "alpha", "precision", "recall")
LONG = 60
"""Knobs longer than this are not written out."""
BADGES = {JobStatus.done: "ok", JobStatus.failed: "bad", JobStatus.running: "accent"}
FILTERED = N_(
    "A filter chose these texts: what is said of a judge here holds for texts like them, and no label of their round "
    "changes."
)
DRAWN = N_("These samples were drawn at random among those with labels of people that count.")


def empty(missing: str, benches: Sequence[BenchLine]) -> JSON:
    """What stands where no bench is chosen."""
    if missing:
        return {"message": missing}
    if benches:
        return {"message": gettext("Choose a bench from the list.")}
    return {
        "message": gettext("No judge bench yet."),
        "way_out": gettext(
            "A bench tries any number of judges on samples that people labelled. A curator opens one below, or, "
            "on what a filter finds, from"
        ),
    }


def bench(view: BenchView, chosen: JSON | None = None) -> JSON:
    """A bench with its judges side by side. `chosen`: the judge whose disagreements are open."""
    line = view.line
    rows = [_before(view.first)] if view.first is not None else []
    known = [(judge.title, judge.figures) for judge in view.judges if judge.figures is not None]
    known += [(gettext(BEFORE), view.first)] if view.first is not None else []
    return {
        "id": line.id,
        "status": word(line.status) or gettext("its job is gone"),
        "far": progress(view),
        "badge": BADGES.get(line.status, "") if line.status else "",
        "job": f"jobs?job={view.job_id}" if view.job_id else "",
        "job_said": gettext("Job {number}").format(number=view.job_id),
        "again": view.can_try_again,
        "about": about(line, view.filters),
        "samples": samples_address(line, view.filters),
        "error": view.error or "",
        "note": gettext(FILTERED) if line.is_filtered else gettext(DRAWN),
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
    return gettext("{number} of {whole} judged").format(number=f"{done:,}", whole=f"{total:,}")


def about(line: BenchLine, filters: JSON | None) -> str:
    """How many samples stand on it, and which."""
    number = line.samples or 0
    if not line.is_filtered:
        text = ngettext(
            "{number} sample with labels of people, of all rounds.",
            "{number} samples with labels of people, of all rounds.",
            number,
        )
        if line.round_number:
            text = ngettext(
                "{number} sample with labels of people, of {round}.",
                "{number} samples with labels of people, of {round}.",
                number,
            )
        return text.format(number=line.samples, round=_round(line))
    text = ngettext(
        "{number} text of {round} ({filter}), {labelled} of them with labels of people that count.",
        "{number} texts of {round} ({filter}), {labelled} of them with labels of people that count.",
        number,
    )
    counts = {"number": f"{line.samples:,}", "labelled": f"{line.labelled:,}"}
    return text.format(**counts, round=_round(line), filter=filter_said(filters or {}))


def _round(line: BenchLine) -> str:
    text = gettext("round {number}") if line.round_id is not None else gettext("round {number}, which is gone")
    return text.format(number=line.round_number)


def filter_said(query: JSON) -> str:
    """What the filter bar of Samples holds, in words."""
    return ", ".join(f"{name} {_value(value)}" for name, value in query.items()) or gettext("all texts")


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
    number = bench_line.samples
    if number is None:
        what = gettext("texts of a filter") if bench_line.is_filtered else gettext("labelled samples")
    elif bench_line.is_filtered:
        what = ngettext("{number} text of a filter", "{number} texts of a filter", number)
    else:
        what = ngettext("{number} labelled sample", "{number} labelled samples", number)
    parts = [what.format(number=f"{number or 0:,}"), word(bench_line.status) or gettext("no job")]
    return {
        "id": bench_line.id,
        "is_here": is_here,
        "title": gettext("Bench {number}").format(number=bench_line.id),
        "judges": "; ".join(bench_line.judges),
        "said": ", ".join([*parts, moment(bench_line.created_at)]),
    }


def knobs_of(judge: JSON) -> str:
    """What of a judge's knobs differs from the part's own."""
    usual = parts.defaults("judge", str(judge.get("name")))
    knobs = []
    for name, value in judge.items():
        if name == "name" or usual.get(name) == value:
            continue
        text = _value(value)
        knobs.append(
            f"{name} {text}" if len(text) <= LONG and "\n" not in text else gettext("another {name}").format(name=name)
        )
    return ", ".join(knobs)


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return gettext(" or ").join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _before(figures: JudgeFigures) -> JSON:
    knobs, state = gettext("as it labelled the texts in their rounds"), word(JobStatus.done)
    return {"title": gettext(BEFORE), "knobs": knobs, "state": state, "badge": ""} | (
        _cells(figures)
        | dict.fromkeys(("tokens", "prompt_tokens", "seconds", "cost"), "–")
        | {"buttons": [], "missing": [], "notes": []}
    )


def _row(judge: BenchJudge, view: BenchView, chosen: JSON) -> JSON:
    state, badge = gettext("waits"), ""
    far = {"number": judge.done, "whole": view.line.samples}
    if judge.error:
        state, badge = gettext("failed after {number} of {whole}").format(**far), "bad"
    elif judge.is_over:
        state = word(JobStatus.done)
        badge = "warn" if judge.figures is not None and judge.figures.unasked else "ok"
    elif judge.done:
        state, badge = gettext("{number} of {whole}").format(**far), "accent"
    figures = judge.figures
    error = judge.error or ""
    if not error and figures and figures.unasked:
        unasked = ngettext(
            "{number} text could not be asked about: {reason}",
            "{number} texts could not be asked about: {reason}",
            figures.unasked,
        )
        error = unasked.format(number=figures.unasked, reason=figures.reason)
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
    with_people = gettext("{number} with people").format(number=judge.figures.confusion.disagreements)
    buttons = [("people", with_people)] if view.line.labelled else []
    if judge.figures.before is not None:
        with_before = gettext("{number} with the judge before").format(number=judge.figures.before)
        buttons.append(("before", with_before))
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
    whole = figures.unread + figures.judged
    unread = gettext("{number} of {whole}").format(number=figures.unread, whole=whole)
    return cells | {"unread": unread}


def measure(row: HealthMeasure) -> str:
    """`0.64 (0.51 to 0.75)`; an unknown one is said to be unknown, never zero."""
    if row.light is Light.unknown:
        return gettext("unknown")
    if row.number.low is None or row.number.high is None:
        return gettext("{value} (interval unknown)").format(value=value_text(row))
    ends = {"low": number(row, row.number.low), "high": number(row, row.number.high)}
    return gettext("{value} ({low} to {high})").format(value=value_text(row), **ends)


def _lines(figures: JudgeFigures) -> list[JSON]:
    return [{"name": gettext(row.title), "value": _line(row)} for row in figures.measures]


def _line(row: HealthMeasure) -> str:
    if row.light is Light.unknown:
        return gettext("unknown: {why}").format(why=row.missing)
    text = gettext("{measure}, {number} {of}")
    return text.format(measure=measure(row), number=f"{row.number.n:,}", of=gettext(row.of))


def _matrix(title: str, figures: JudgeFigures) -> JSON:
    return {"title": title} | asdict(figures.confusion)


def _pairs(view: BenchView) -> list[JSON]:
    names: dict[int | None, str] = {None: gettext(BEFORE)} | {judge.position: judge.title for judge in view.judges}
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
