"""Histograms of the samples page: bars that set the range of scores or lengths which the list shows."""

import math
from typing import Any

from app.widgets.context import Context
from backend.boundary import MOST_SCORE
from backend.errors import InvalidInput
from backend.services import samples
from backend.services.samples import HistogramBin, SortKey
from backend.translations import N_, gettext, ngettext
from backend.values import JSON

NAMES = {SortKey.score: ("min_score", "max_score"), SortKey.length: ("min_tokens", "max_tokens")}
"""The filters that the bars of each histogram set."""
TITLES = {SortKey.score: N_("Scores"), SortKey.length: N_("Tokens")}

TEMPLATE = """
<div class="bars">{{#each value.charts}}
<figure role="group" aria-label="{{this.title}}: a bar shows its samples" data-of="{{this.of}}">
  <figcaption><b>{{this.title}}</b> <span class="rondo-muted">{{this.about}}</span>
    <button type="button" class="all" hidden>All</button></figcaption>
  <div class="row">{{#each this.bars}}<button type="button" class="bar" aria-pressed="false" tabindex="-1"
    data-low="{{this.least}}" data-high="{{this.most}}" title="{{this.words}}" aria-label="{{this.words}}"
    {{#if this.is_empty}}disabled{{/if}}><i style="height: {{this.height}}%"></i></button>{{/each}}</div>
  <div class="ends rondo-muted"><span>{{this.low}}</span><span>{{this.high}}</span></div>
</figure>{{/each}}</div>
"""
CSS = """
.bars { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(260px, 100%), 1fr)); gap: 6px 24px; }
.bars figure { margin: 0; min-width: 0; }
.bars figcaption { display: flex; gap: 8px; align-items: baseline; font-size: 12px; min-height: 20px; }
.bars .all {
  all: unset; cursor: pointer; margin-left: auto; color: var(--rondo-accent); font-size: 12px; padding: 0 4px;
}
.bars .all[hidden] { display: none; }
.bars .row {
  display: flex; align-items: stretch; gap: 1px; height: 64px; border-bottom: 1px solid var(--rondo-border);
}
.bars .bar {
  all: unset; flex: 1 1 0; min-width: 0; display: flex; align-items: flex-end; cursor: pointer;
  border-radius: 3px 3px 0 0;
}
.bars .bar i {
  display: block; width: 100%; min-height: 2px; background: var(--rondo-accent); border-radius: 2px 2px 0 0;
}
.bars .bar:disabled { cursor: default; }
.bars .bar:disabled i { visibility: hidden; }
.bars .bar:hover:not(:disabled) { background: var(--rondo-raised); }
.bars .narrowed .bar[aria-pressed="false"] i { background: var(--rondo-control); opacity: 0.55; }
.bars .bar:focus-visible, .bars .all:focus-visible { outline: 2px solid var(--rondo-accent); outline-offset: 1px; }
.bars .ends { display: flex; justify-content: space-between; font-size: 11px; font-variant-numeric: tabular-nums; }
"""
# The bars are drawn again for each round, so the listeners sit on what stays around them. What the list shows is in its
# address, which `asked` holds whole.
JS = """
const ENDS = { score: ["min_score", "max_score"], length: ["min_tokens", "max_tokens"] };
const bars = (figure) => [...figure.querySelectorAll(".bar:not(:disabled)")];
const chosen = (figure) => bars(figure).filter((bar) => bar.ariaPressed === "true");
const choose = (figure, low, high) => trigger("click", { of: figure.dataset.of, low, high });
const mark = () => {
  const whole = document.querySelector("#samples-about")?.dataset.asked;
  const asked = new URLSearchParams(whole ?? window.location.search);
  for (const figure of element.querySelectorAll("figure")) {
    const [from, to] = ENDS[figure.dataset.of].map((name) => asked.get(name));
    const isNarrowed = from !== null || to !== null, low = Number(from ?? -Infinity), high = Number(to ?? Infinity);
    figure.classList.toggle("narrowed", isNarrowed);
    figure.querySelector(".all").hidden = !isNarrowed;
    for (const bar of bars(figure)) {
      const isIn = isNarrowed && Number(bar.dataset.high) >= low && Number(bar.dataset.low) <= high;
      bar.ariaPressed = String(isIn);
    }
    const first = bars(figure).find((bar) => bar.tabIndex === 0) ?? chosen(figure)[0] ?? bars(figure)[0];
    if (first) first.tabIndex = 0;
  }
};
watch("value", mark);
mark();
document.addEventListener("rondo-samples-asked", mark);
element.addEventListener("click", (event) => {
  const button = event.target.closest("button"), figure = event.target.closest("figure");
  if (!button || !figure || button.disabled) return;
  const before = chosen(figure), { low, high } = button.dataset;
  if (button.classList.contains("all")) return choose(figure, null, null);
  if (event.shiftKey && before.length) {
    const all = [...before, button].flatMap((bar) => [Number(bar.dataset.low), Number(bar.dataset.high)]);
    return choose(figure, Math.min(...all), Math.max(...all));
  }
  if (before.length === 1 && before[0] === button) return choose(figure, null, null);
  choose(figure, Number(low), Number(high));
});
element.addEventListener("keydown", (event) => {
  const figure = event.target.closest("figure"), way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!figure || !way || !event.target.classList.contains("bar")) return;
  const all = bars(figure), next = all[all.indexOf(event.target) + way];
  event.preventDefault();
  if (!next) return;
  for (const bar of all) bar.tabIndex = bar === next ? 0 : -1;
  next.focus();
});
"""


def drawn(here: Context, round_id: int | None) -> JSON:
    """The charts of a round; of what is hidden from the person, and of what has no two values, there is none."""
    histograms = {of: samples.histogram(here.actor, round_id, of) for of in NAMES} if round_id else {}
    return {"charts": [chart(of, bins) for of, bins in histograms.items() if len(bins) > 1]}


def chart(of: SortKey, bins: list[HistogramBin]) -> JSON:
    """What the template shows of one histogram."""
    most = max(histogram_bin.count for histogram_bin in bins) or 1
    about = gettext("click a bar to see its samples")
    if not bins[0].is_exact:
        about = gettext("counts estimated; click a bar to see its samples")
    low, high = f"{bins[0].low:,.6g}", f"{bins[-1].high:,.6g}"
    return {
        "of": str(of),
        "title": gettext(TITLES[of]),
        "about": about,
        "bars": [bar(of, histogram_bin, most) for histogram_bin in bins],
        "low": low,
        "high": high,
    }


def bar(of: SortKey, histogram_bin: HistogramBin, most: int) -> JSON:
    is_empty = histogram_bin.least is None or histogram_bin.most is None
    values = (
        gettext("{low} to {high}").format(low=f"{histogram_bin.low:.6g}", high=f"{histogram_bin.high:.6g}")
        if is_empty
        else gettext("{low} to {high}").format(low=f"{histogram_bin.least:.6g}", high=f"{histogram_bin.most:.6g}")
    )
    values = (
        f"{histogram_bin.least:.6g}"
        if histogram_bin.least is not None and histogram_bin.least == histogram_bin.most
        else values
    )
    words = ngettext("{title} {values}: {number} sample", "{title} {values}: {number} samples", histogram_bin.count)
    if not histogram_bin.is_exact:
        words = gettext("{title} {values}: about {number} samples")
    return {
        "least": repr(histogram_bin.least),
        "most": repr(histogram_bin.most),
        "is_empty": is_empty,
        "height": 0 if is_empty else round(100 * histogram_bin.count / most, 1),
        "words": words.format(title=gettext(TITLES[of]), values=values, number=f"{histogram_bin.count:,}"),
    }


def asked(data: Any) -> tuple[SortKey, JSON]:
    """Which histogram a click was in, and the filters that it sets; none where it clears them.

    Raises `InvalidInput` for what the page does not send.
    """
    given = data if isinstance(data, dict) else {}
    of, low, high = given.get("of"), given.get("low"), given.get("high")
    if of not in [str(key) for key in NAMES]:
        raise InvalidInput("No bar of a histogram was chosen. Click one.")
    key = SortKey(of)
    if low is None and high is None:
        return key, {}
    ends = [as_number(end) for end in (low, high)]
    return key, {name: int(end) if key is SortKey.length else end for name, end in zip(NAMES[key], ends, strict=True)}


def as_number(end: Any) -> float:
    """One end of a bar."""
    is_number = isinstance(end, int | float) and not isinstance(end, bool)
    if not is_number or not math.isfinite(end) or abs(end) > MOST_SCORE:
        raise InvalidInput("A bar goes from a number to a number. Click one again.")
    return float(end)
