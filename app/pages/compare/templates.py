"""Markup of the comparison of two rounds. Values go in through {{ }}, which escapes them."""

PAGE = """
{{#if value.message}}<div class="rondo-empty" role="status"><p><b>{{value.message}}</b></p>
{{#if value.link}}<p><a href="{{value.target}}">{{value.link}}</a></p>{{/if}}</div>{{/if}}
{{#if value.sides}}
<div class="compared">
<section class="rondo-card" aria-label="Which is best">
<div role="status">{{#each value.best}}<p class="verdict"><span class="rondo-badge {{this.badge}}">{{this.chip}}</span>
<b>{{this.text}}</b></p>{{/each}}</div>
{{#each value.same}}<p role="status">{{this}}</p>{{/each}}
{{#each value.told}}{{#if this.is_told}}<p>{{this.name}} since {{this.to}}:
{{#if this.worse}}<span class="bad">worse in {{#each this.worse}}<a href="{{this.target}}">{{this.text}}</a>
{{/each}}</span>{{else}}no category is worse beyond chance{{/if}}{{#if this.better}}; <span class="ok">better in
{{#each this.better}}<a href="{{this.target}}">{{this.text}}</a> {{/each}}</span>{{/if}}</p>{{/if}}{{/each}}
<p class="baseline rondo-muted" role="status">{{value.baseline}}</p>
</section>
{{#if value.categories}}<section class="rondo-card" aria-label="By category">
<details open data-fold="categories"><summary><h2>Held-out accuracy by category, differences since {{value.first}}</h2>
</summary><table><thead><tr><th scope="col">Category</th>
{{#each value.sides}}<th scope="col" class="number">{{this}}</th>{{/each}}</tr></thead>
<tbody>{{#each value.categories}}<tr><th scope="row" dir="auto">{{this.name}}</th>
{{#each this.cells}}<td class="number" data-side="{{this.side}}">{{this.value}}
{{#if this.difference}}<a class="rondo-badge {{this.badge}}" href="{{this.target}}">{{this.difference}}</a><br>
<span class="rondo-muted small">{{this.interval}}</span><br>
<span class="rondo-muted small">{{this.said}}</span>{{/if}}</td>{{/each}}</tr>{{/each}}</tbody></table>
<p class="rondo-muted small">Differences to {{value.first}}. What fell most stands first. Red or green: chance does not
explain it. Intervals and p hold for all categories together. A difference opens its prompts.
{{#if value.more_categories}}{{value.more_categories}} more are on the page Held-out answers.{{/if}}</p></details>
</section>{{/if}}
<section class="rondo-card" aria-label="Numbers">
<details open data-fold="numbers"><summary><h2>Numbers</h2></summary>
{{#each value.prompts}}<p class="rondo-muted">{{this}}</p>{{/each}}
{{#if value.numbers}}<table><thead><tr><th scope="col">Metric</th>
{{#each value.sides}}<th scope="col" class="number">{{this}}</th>{{/each}}</tr></thead>
<tbody>{{#each value.numbers}}<tr><th scope="row">{{this.name}} <span class="rondo-muted small">{{this.of}}</span></th>
{{#each this.cells}}<td class="number" data-side="{{this.side}}">{{this.value}}
<span class="rondo-muted small">{{this.own}}</span>{{#if this.difference}}<br>
<span class="rondo-badge {{this.badge}}">{{this.difference}}</span>
<span class="rondo-muted small">{{this.interval}}</span><br>
<span class="rondo-muted small">{{this.said}}</span>{{/if}}</td>{{/each}}</tr>{{/each}}</tbody></table>
<p class="rondo-muted small">Differences to {{value.first}}; of the rounds' own samples to {{value.first_round}}. Their
95% intervals are of a paired bootstrap over the prompts that both have. Where answers are right or wrong, McNemar's
exact test, p, says whether chance explains the difference, and where it does, the interval holds 0. Shares of the judge
have standard errors clustered by prompt. “As independent numbers”: no value is kept for each prompt, so the interval is
made of the two intervals, and is neither red nor green. The best is chosen as the highest of the rounds, or of three or
more sides, on these prompts, so its interval above holds for as many differences together; “this pair alone” does
not.</p>
{{else}}{{#unless value.unknown}}<p>None of them was measured.</p>{{/unless}}{{/if}}
{{#if value.unknown}}<details><summary class="rondo-muted">What could not be computed</summary>
{{#each value.unknown}}<p class="rondo-muted small">{{this}}</p>{{/each}}</details>{{/if}}</details>
</section>
<section class="rondo-card" aria-label="Knobs that differ">
<details open data-fold="knobs"><summary><h2>Knobs that differ</h2></summary>
{{#if value.knobs}}<table><thead><tr><th scope="col">Knob</th>
{{#each value.sides}}<th scope="col">{{this}}</th>{{/each}}</tr></thead>
<tbody>{{#each value.knobs}}<tr><th scope="row">{{this.name}} <span class="rondo-muted small">{{this.place}}</span></th>
{{#each this.cells}}<td class="text" dir="auto" data-side="{{this.side}}">{{this.text}}</td>{{/each}}</tr>{{/each}}
</tbody></table>{{else}}<p class="rondo-muted">{{value.no_knobs}}</p>{{/if}}</details>
</section>
<section class="rondo-card" aria-label="The same prompts' answers">
<details open data-fold="answers"><summary><h2>The same prompts' answers</h2></summary>
{{#each value.changed}}
<h3>{{this.title}} {{#if this.target}}<a href="{{this.target}}">See all</a>{{/if}}</h3>
{{#each this.rows}}<p class="answers"><a href="{{this.target}}" dir="auto">{{this.text}}</a><br>
<span class="rondo-badge {{this.old_badge}}">{{this.old_said}}</span> <span dir="auto">{{this.old}}</span><br>
<span class="rondo-badge {{this.new_badge}}">{{this.new_said}}</span> <span dir="auto">{{this.new}}</span></p>{{/each}}
{{else}}<p class="rondo-muted">{{value.no_answers}}</p>{{/each}}</details>
</section>
</div>
{{/if}}
"""
CSS = """
.compared { display: grid; gap: 12px; }
.compared section { min-width: 0; }
.compared h2, .compared p { margin: 0 0 6px; }
.compared h3 { margin: 10px 0 4px; font-size: 13px; }
.compared summary { cursor: pointer; } .compared summary h2 { display: inline; }
.small { font-size: 12px; }
.compared .bad a { color: var(--rondo-bad); } .compared .ok a { color: var(--rondo-ok); }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 12px 6px 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rondo-border); }
th { font-weight: 500; } thead th { color: var(--rondo-muted); font-size: 12px; }
.compared .number { text-align: right; }
.compared a.rondo-badge { color: inherit; }
.compared a.rondo-badge.bad { color: var(--rondo-bad); } .compared a.rondo-badge.ok { color: var(--rondo-ok); }
.text { max-width: 320px; overflow-wrap: anywhere; white-space: pre-wrap; }
.answers { padding: 6px 0; overflow-wrap: anywhere; border-bottom: 1px solid var(--rondo-border); }
a { color: var(--rondo-accent); }
/* On a phone a metric is a block with a line for each side: the difference is what one came for. */
@media (max-width: 640px) {
  .compared thead { display: none; }
  .compared table, .compared tbody, .compared tr { display: block; }
  .compared th, .compared td { display: block; border: 0; padding: 2px 0; }
  .compared tr { padding: 6px 0; border-bottom: 1px solid var(--rondo-border); }
  .compared td, .compared .number { text-align: left; }
  .compared td::before { content: attr(data-side) ": "; color: var(--rondo-muted); }
}
"""
# All of it is some fifteen screens of a phone: there each part but the verdict is folded until it is opened. In the
# first content static/first.js folds them, and hands over what was opened there, before this begins or after.
PAGE_JS = """
const chosen = new Map();
const narrow = matchMedia("(max-width: 640px)");
const fold = () => {
  for (const part of element.querySelectorAll("details[data-fold]")) {
    part.open = chosen.get(part.dataset.fold) ?? !narrow.matches;
  }
};
element.addEventListener("click", (event) => {
  const part = event.target.closest("details[data-fold] > summary")?.parentElement;
  if (part) chosen.set(part.dataset.fold, !part.open);
});
// Find in page opens folds without a click. What is as the width has it was put so above.
element.addEventListener("toggle", ({ target: part }) => {
  if (part.dataset.fold && part.open === narrow.matches) chosen.set(part.dataset.fold, part.open);
}, true);
const parts = [...element.querySelectorAll("details[data-fold]")];
if (parts.some((part) => !part.open)) {
  for (const part of parts) if (part.open === narrow.matches) chosen.set(part.dataset.fold, part.open);
}
narrow.addEventListener("change", fold);
watch("value", fold);
fold();
"""
