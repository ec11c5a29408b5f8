"""The judge's light as people see it: one sentence, the numbers behind it, what is missing, the calibration curve."""

from typing import Any

import plotly.graph_objects as go

from app.widgets import charts
from app.widgets.as_of import as_of
from app.widgets.formats import counted, percent
from backend.services.judge_health import ADVICE, CorrectedShare, Health, HealthMeasure, Light
from backend.services.results.noticed import what_helps
from backend.translations import gettext, ngettext

SECTION = """
{{#if value}}<section class="block" aria-label="Judge"><h3>Judge</h3>
<p class="light"><span class="rondo-badge {{value.badge}}">{{value.light}}</span> {{value.sentence}}</p>
{{#if value.as_of}}<p class="words">{{value.as_of}}</p>{{/if}}
{{#if value.corrected}}<p class="words corrected">{{value.corrected}}</p>{{/if}}
{{#if value.held}}<p class="rondo-problem words">{{value.held}}</p>{{/if}}
{{#if value.released}}<p class="words">{{value.released}}</p>{{/if}}
{{#if value.known}}<div class="scroll" tabindex="0" role="group" aria-label="The judge, a table"><table class="judged">
<thead><tr><th scope="col">measure</th><th scope="col">light</th><th scope="col" class="number">value</th>
<th scope="col" class="number">95% interval</th><th scope="col">limits</th><th scope="col">rows</th></tr></thead>
<tbody>{{#each value.known}}<tr><th scope="row">{{this.title}}</th>
<td><span class="rondo-badge {{this.badge}}">{{this.light}}</span></td>
<td class="number">{{this.value}}</td><td class="number between">{{this.interval}}</td>
<td class="wide">{{this.limits}}{{#if this.note}} <span class="rondo-muted">{{this.note}}</span>{{/if}}
{{#if this.advice}} <span class="rondo-muted">{{this.advice}}</span>{{/if}}</td>
<td class="wide">{{this.rows}}</td></tr>{{/each}}</tbody></table></div>{{/if}}
{{#if value.unknown}}<details><summary>Unknown: {{value.number}} measures</summary>
<dl>{{#each value.unknown}}<dt>{{this.title}}</dt><dd>{{this.missing}}</dd>{{/each}}</dl></details>{{/if}}
{{#if value.rewrite}}<p><a href="{{value.rewrite}}">Rewrite its template from people’s labels</a></p>{{/if}}
</section>{{/if}}
"""
CSS = """
.block { margin-top: 16px; min-width: 0; }
h3 { margin: 0 0 6px; font-size: 15px; font-weight: 600; }
p { margin: 4px 0; }
.words { overflow-wrap: anywhere; }
.scroll {
  overflow-x: auto; margin: 6px 0; background: var(--rondo-surface); border: 1px solid var(--rondo-border);
  border-radius: var(--rondo-radius);
}
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 12px; border-bottom: 1px solid var(--rondo-border); text-align: left; vertical-align: top; }
thead th { color: var(--rondo-muted); font-weight: 500; font-size: 12px; white-space: nowrap; }
tbody th { font-weight: 550; }
tbody tr:last-child > * { border-bottom: 0; }
.number { text-align: right; white-space: nowrap; }
details { margin: 4px 0; } summary { cursor: pointer; }
dl { display: grid; grid-template-columns: minmax(90px, max-content) 1fr; gap: 3px 16px; margin: 6px 0; }
dt { color: var(--rondo-muted); overflow-wrap: anywhere; max-width: 320px; } dd { margin: 0; min-width: 0; }
@media (max-width: 700px) {
  table { width: max-content; min-width: 100%; } th, td { max-width: 260px; }
  dl { grid-template-columns: 1fr; } dd { margin-bottom: 6px; }
  /* Each measure is a block: its name and light, the value with its interval, limits, rows. */
  .judged { display: block; width: auto; min-width: 0; } .judged tbody { display: block; }
  .judged thead { position: absolute; clip-path: inset(50%); }
  .judged tbody tr { display: grid; grid-template-columns: 1fr auto; border-bottom: 1px solid var(--rondo-border); }
  .judged tbody tr:last-child { border-bottom: 0; } .judged :is(th, td) { border: 0; max-width: none; }
  .judged td { text-align: right; } .judged :is(.number, .wide) { text-align: left; }
  .judged .number { padding-block: 0; } .judged .between { text-align: right; }
  .judged .wide { grid-column: 1 / -1; padding-bottom: 0; } .judged .wide:last-child { padding: 0 12px 8px; }
}
"""
BADGES = {Light.ok: "ok", Light.amber: "warn", Light.red: "bad", Light.unknown: "", Light.unlimited: ""}


def shown(health: Health, hold: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the section shows. `hold`: what the round's row says of it."""
    unknown = [measure for measure in health.measures if measure.light is Light.unknown]
    hold = hold or {}
    given = hold.get("released")
    return {
        "light": gettext(str(health.light)),
        "badge": BADGES[health.light],
        "sentence": health.sentence,
        "as_of": as_of(health.as_of),
        "corrected": corrected(health.corrected),
        "held": _held(health, hold) if hold and not given else "",
        "released": _released(given) if given else "",
        "known": [_measure(measure) for measure in health.measures if measure.light is not Light.unknown],
        "unknown": [{"title": gettext(measure.title), "missing": measure.missing} for measure in unknown],
        "number": len(unknown),
    }


def corrected(share: CorrectedShare | None) -> str:
    """The share of right answers as the judge says it and as decisions correct it, or what is missing for that."""
    if share is None:
        return ""
    if share.judge is None:
        return gettext("Share of right answers: unknown. {reason}").format(reason=share.missing)
    says = gettext("Share of right answers: the judge says {share}").format(share=percent(share.judge))
    number = share.number
    if number.value is None or number.low is None or number.high is None:
        text = gettext("{says}; what people’s decisions correct that to is unknown: {reason}")
        return text.format(says=says, reason=share.missing)
    beside = gettext(" and {number} that were chosen").format(number=f"{share.chosen:,}") if share.chosen else ""
    labels = ngettext(" and {number} label that was known", " and {number} labels that were known", share.known)
    return gettext(
        "{says}, corrected by {number} decisions{known} {share} (95% interval {low} to {high}; {texts} texts, "
        "{decided} decided at random{beside})."
    ).format(
        says=says,
        number=f"{number.n + share.chosen:,}",
        known=labels.format(number=f"{share.known:,}") if share.known else "",
        share=percent(number.value),
        low=f"{number.low * 100:.1f}",
        high=f"{number.high * 100:.1f}",
        texts=f"{share.texts:,}",
        decided=f"{number.n:,}",
        beside=beside,
    )


def _held(health: Health, hold: dict[str, Any]) -> str:
    """That the round waits, and what was said then where something else is said now."""
    text = gettext("Held before its training: going on needs a reason, which is kept.")
    if hold["said"] == health.sentence:
        return text
    return text + " " + gettext("When it stopped: {reason}").format(reason=hold["said"])


def _released(given: dict[str, Any]) -> str:
    text = gettext("{name} let it train although it was held: {reason}")
    return text.format(name=given["who"], reason=given["reason"])


def _measure(measure: HealthMeasure) -> dict[str, Any]:
    number = measure.number
    known = number.low is not None and number.high is not None
    ends = {"low": number_text(measure, number.low), "high": number_text(measure, number.high)}
    between = gettext("{low} to {high}").format(**ends) if known else gettext("interval unknown")
    text = gettext("{color} below {limit}") if measure.below else gettext("{color} above {limit}")
    lights = ((gettext("amber"), measure.amber), (gettext("red"), measure.red))
    limits = [text.format(color=name, limit=_with_unit(measure, end)) for name, end in lights if end is not None]
    return {
        "title": gettext(measure.title),
        "light": gettext(str(measure.light)),
        "badge": BADGES[measure.light],
        "value": value_text(measure),
        "interval": between,
        "limits": ", ".join(limits),
        "note": gettext(measure.note) if measure.note else "",
        "advice": what_helps(ADVICE[measure.name]) if measure.light in (Light.amber, Light.red) else "",
        "rows": f"{number.n:,} {gettext(measure.of)}",
    }


def value_text(measure: HealthMeasure) -> str:
    """The measure's value with its unit, as it stands before its interval."""
    return _with_unit(measure, measure.number.value)


def _with_unit(measure: HealthMeasure, value: float | None) -> str:
    return percent(value) if measure.is_share else number_text(measure, value)


def number_text(measure: HealthMeasure, value: float | None) -> str:
    """A number as its measure is read."""
    if value is None:
        return "–"
    return f"{value * 100:.1f}" if measure.is_share else f"{value:.2f}"


def curve(health: Health) -> go.Figure | None:
    """The share that people accept by the judge's score, with intervals, beside the line of a calibrated judge."""
    if not health.calibration:
        return None
    figure = charts.blank(height=260, x=gettext("judge’s score, 0 to 1"), y=gettext("accepted by people"))
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        name=gettext("calibrated"),
        line={"color": charts.TEXT, "dash": "dot", "width": 1.2},
        hoverinfo="skip",
    )
    bins = health.calibration
    figure.add_scatter(
        x=[bin_.score for bin_ in bins],
        y=[bin_.accepted for bin_ in bins],
        mode="lines+markers",
        name=gettext("this judge"),
        line={"color": charts.ACCENT, "width": 1.8},
        marker={"size": [6 + min(14, bin_.n // 5) for bin_ in bins], "color": charts.ACCENT},
        error_y={
            "type": "data",
            "symmetric": False,
            "color": charts.ACCENT,
            "thickness": 1,
            "array": [bin_.accepted_high - bin_.accepted for bin_ in bins],
            "arrayminus": [bin_.accepted - bin_.accepted_low for bin_ in bins],
        },
        text=[counted(bin_.n, "texts") for bin_ in bins],
        hovertemplate=f"%{{text}}, %{{y:.1%}} {gettext('accepted')}<extra></extra>",
    )
    figure.update_layout(hovermode="closest")
    charts.legend_below(figure)
    figure.update_xaxes(range=[-0.03, 1.03])
    figure.update_yaxes(range=[-0.03, 1.03], tickformat=".0%")
    return figure
