"""The part of the samples page that filters by metadata: the values of each key, by its type."""

from typing import Any

from app.pages.samples import bars
from app.widgets.context import Context
from app.widgets.sample_filters import TESTS_APART, parts_of
from backend.errors import InvalidInput
from backend.services.samples import Filters, MetadataTest, facets
from backend.services.samples.facets import FacetKind, MetadataFacet
from backend.translations import gettext
from backend.values import JSON

TEMPLATE = """
{{#if value.is_empty}}<p class="rondo-muted">Nothing in this round has metadata that a filter can ask for, or it is
hidden until the round is reviewed. Columns that are mapped when a prompt set is imported stand here.</p>{{/if}}
<div class="facets">{{#each value.facets}}
<section role="group" aria-label="{{this.key}}" data-key="{{this.key}}">
  <h4><bdi>{{this.key}}</bdi> <span class="rondo-muted">{{this.about}}</span>
    <button type="button" class="all" hidden>All</button></h4>
  {{#if this.choices}}<div class="choices">{{#each this.choices}}<button type="button" class="choice"
    aria-pressed="false" data-tests="{{this.test}}" {{#if this.is_closed}}disabled{{/if}}><bdi>{{this.value}}</bdi>
    <b>{{this.count}}</b></button>{{/each}}</div>{{/if}}
  {{#if this.bars}}<div class="bars"><div class="row">{{#each this.bars}}<button type="button" class="choice bar"
    aria-pressed="false" data-tests="{{this.tests}}" title="{{this.words}}" aria-label="{{this.words}}"
    {{#if this.is_empty}}disabled{{/if}}><i style="height: {{this.height}}%"></i></button>{{/each}}</div>
    <div class="ends rondo-muted"><span>{{this.low}}</span><span>{{this.high}}</span></div></div>{{/if}}
  {{#if this.is_range}}<p class="typed"><label>from <input type="{{this.type}}" data-sign=">=" step="any"
    min="{{this.from}}" max="{{this.to}}"></label> <label>to <input type="{{this.type}}" data-sign="<=" step="any"
    min="{{this.from}}" max="{{this.to}}"></label></p>{{/if}}
  {{#if this.is_text}}<p class="typed"><label>contains <input type="search" maxlength="200" data-sign="~"></label></p>
  {{/if}}
</section>{{/each}}</div>
"""
CSS = (
    bars.CSS
    + """
.facets { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(260px, 100%), 1fr)); gap: 14px 24px; }
.facets section { min-width: 0; }
.facets h4 { display: flex; gap: 8px; align-items: baseline; margin: 0 0 4px; font-size: 13px; }
.facets h4 bdi { overflow-wrap: anywhere; }
.facets .all { all: unset; cursor: pointer; margin-left: auto; color: var(--rondo-accent); font-size: 12px; }
.facets .all[hidden] { display: none; }
.facets .choices { display: flex; flex-wrap: wrap; gap: 4px; max-height: 132px; overflow: auto; }
.facets .choice:not(.bar) {
  all: unset; display: inline-flex; gap: 6px; max-width: 100%; padding: 2px 8px; border: 1px solid var(--rondo-border);
  border-radius: 999px; cursor: pointer; font-size: 12px; box-sizing: border-box; color: var(--rondo-text);
}
.facets .choice bdi { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.facets .choice:not(.bar)[aria-pressed="true"] {
  background: var(--rondo-accent); border-color: var(--rondo-accent); color: var(--rondo-on-accent);
}
.facets .choice:disabled { cursor: default; opacity: 0.6; }
.facets .narrowed .bar[aria-pressed="false"] i { background: var(--rondo-control); opacity: 0.55; }
.facets :is(.choice, .all):focus-visible { outline: 2px solid var(--rondo-accent); outline-offset: 1px; }
.facets .typed { display: flex; flex-wrap: wrap; gap: 4px 12px; margin: 4px 0 0; font-size: 12px; }
.facets .typed input {
  width: 130px; padding: 2px 6px; border: 1px solid var(--rondo-border); border-radius: 4px; font: inherit;
  background: var(--rondo-surface); color: var(--rondo-text);
}
"""
)
# What the list shows is in its address, which `asked` holds whole: of that, this marks what is chosen here.
JS = """
const APART = ";";
const split = (tests) => tests.split(APART).map((test) => test.trim()).filter(Boolean);
const mine = (section) => {
  const whole = document.querySelector("#samples-about")?.dataset.asked;
  const asked = new URLSearchParams(whole ?? window.location.search).get("metadata") ?? "";
  return split(asked).filter((test) => {
    const sign = /(>=|<=|=|~)/.exec(test);
    return sign && test.slice(0, sign.index).trim() === section.dataset.key;
  });
};
const choose = (section, tests) => trigger("click", { key: section.dataset.key, tests });
const mark = () => {
  for (const section of element.querySelectorAll("section")) {
    const tests = mine(section), whole = tests.join(APART);
    section.classList.toggle("narrowed", tests.length > 0);
    section.querySelector(".all").hidden = !tests.length;
    for (const choice of section.querySelectorAll(".choice")) {
      choice.ariaPressed = String(tests.length > 0 && split(choice.dataset.tests).join(APART) === whole);
    }
    for (const field of section.querySelectorAll("input")) {
      if (field === document.activeElement) continue;
      const start = section.dataset.key + field.dataset.sign;
      field.value = tests.find((test) => test.startsWith(start))?.slice(start.length) ?? "";
    }
  }
};
watch("value", mark);
mark();
document.addEventListener("rondo-samples-asked", mark);
element.addEventListener("click", (event) => {
  const button = event.target.closest("button"), section = event.target.closest("section");
  if (!button || !section || button.disabled) return;
  const isOver = button.classList.contains("all") || button.ariaPressed === "true";
  choose(section, isOver ? [] : split(button.dataset.tests));
});
element.addEventListener("change", (event) => {
  const section = event.target.closest("section");
  if (!section || !event.target.matches("input")) return;
  const typed = [...section.querySelectorAll("input")].filter((field) => field.value.trim());
  choose(section, typed.map((field) => section.dataset.key + field.dataset.sign + field.value.trim()));
});
"""


def drawn(here: Context, round_id: int | None) -> JSON:
    """The facets of a round."""
    listed = facets.facets(here.actor, round_id) if round_id else []
    return {"is_empty": not listed, "facets": [facet(key_facet) for key_facet in listed]}


def facet(key_facet: MetadataFacet) -> JSON:
    """What the template shows of one."""
    about = gettext("in {number} prompts and imports")
    if not key_facet.is_exact:
        about = gettext("in {number} of the first prompts and imports")
    is_number, is_date = key_facet.kind is FacetKind.number, key_facet.kind is FacetKind.date
    choices = [
        {"value": choice.value, "count": f"{choice.count:,}", "test": choice.test, "is_closed": not choice.test}
        for choice in key_facet.choices
    ]
    low, high = (key_facet.bins[0].low, key_facet.bins[-1].high) if key_facet.bins else (key_facet.low, key_facet.high)
    return {
        "key": key_facet.key,
        "about": about.format(number=f"{key_facet.num_prompts:,}"),
        "choices": choices,
        "bars": numbers(key_facet),
        "is_range": is_number or is_date,
        "is_text": key_facet.kind is FacetKind.text,
        "type": "date" if is_date else "number",
        "from": str(low),
        "to": str(high),
        "low": f"{low:,.6g}" if is_number else "",
        "high": f"{high:,.6g}" if is_number else "",
    }


def numbers(key_facet: MetadataFacet) -> list[JSON]:
    """The bars of a key of numbers."""
    most = max((span.count for span in key_facet.bins), default=0) or 1
    return [
        {
            "tests": f"{key_facet.key}>={span.least!r}{TESTS_APART}{key_facet.key}<={span.most!r}",
            "is_empty": span.least is None,
            "height": round(100 * span.count / most, 1),
            "words": gettext("{key} {low} to {high}: {number} prompts and imports").format(
                key=key_facet.key, low=f"{span.low:g}", high=f"{span.high:g}", number=f"{span.count:,}"
            ),
        }
        for span in key_facet.bins
    ]


def asked(query: JSON, data: Any) -> str:
    """The tests of the query once a click replaced those of one key; raises `InvalidInput` for what is no test."""
    given = data if isinstance(data, dict) else {}
    key, tests = given.get("key"), given.get("tests")
    if not isinstance(key, str) or not isinstance(tests, list) or not all(isinstance(test, str) for test in tests):
        raise InvalidInput("No value of the metadata was chosen. Click one.")
    others = [test for test in parts_of(query.get("metadata", "")) if MetadataTest.read(test).key != key]
    if any(TESTS_APART in test for test in tests):
        raise InvalidInput(f"A filter by metadata cannot hold {TESTS_APART!r}. Look for a part of the text.")
    chosen = (*others, *tests)
    Filters(metadata=chosen)
    return f"{TESTS_APART} ".join(chosen)
