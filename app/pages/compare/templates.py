"""Markup of the comparison of two rounds. Values go in through {{ }}, which escapes them."""

PAGE = """
{{#if value.message}}<div class="rondo-empty" role="status"><p><b>{{value.message}}</b></p>
{{#if value.link}}<p><a href="{{value.target}}">{{value.link}}</a></p>{{/if}}</div>{{/if}}
{{#if value.old}}
<div class="compared">
<p class="baseline" role="status">{{value.baseline}}</p>
{{#if value.categories}}<section class="rondo-card" aria-label="By category">
<h2>Held-out accuracy by category</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Categories of both"><table>
<thead><tr><th scope="col">Category</th><th scope="col" class="number">{{value.old}}</th>
<th scope="col" class="number">{{value.new}}</th><th scope="col" class="number">Difference</th>
<th scope="col">On the same prompts</th></tr></thead>
<tbody>{{#each value.categories}}<tr><th scope="row" dir="auto"><a href="{{this.target}}">{{this.name}}</a></th>
<td class="number">{{this.old}}</td><td class="number">{{this.new}}</td>
<td class="number"><span class="rondo-badge {{this.badge}}">{{this.difference}}</span><br>
<span class="rondo-muted small">{{this.interval}}</span></td>
<td class="said">{{this.said}}</td></tr>{{/each}}</tbody></table></div>
<p class="rondo-muted small">What fell most stands first. Red or green: chance does not explain it. p is McNemar's exact
test, times the number of categories. A category opens its prompts.
{{#if value.more_categories}}{{value.more_categories}} more are on the page Held-out answers.{{/if}}</p>
</section>{{/if}}
<section class="rondo-card" aria-label="Numbers">
<h2>Numbers</h2>
<p class="rondo-muted">{{value.prompts}}</p>
{{#if value.numbers}}<div class="scroll" tabindex="0" role="region" aria-label="Numbers of both"><table>
<thead><tr><th scope="col">Metric</th><th scope="col" class="number">{{value.old}}</th>
<th scope="col" class="number">{{value.new}}</th><th scope="col" class="number">Difference</th>
<th scope="col">On the same prompts</th></tr></thead>
<tbody>{{#each value.numbers}}<tr><th scope="row">{{this.name}} <span class="rondo-muted small">{{this.of}}</span></th>
<td class="number">{{this.old}}<br><span class="rondo-muted small">{{this.old_interval}}</span></td>
<td class="number">{{this.new}}<br><span class="rondo-muted small">{{this.new_interval}}</span></td>
<td class="number"><b>{{this.difference}}</b><br><span class="rondo-muted small">{{this.interval}}</span></td>
<td class="said">{{this.said}}</td></tr>{{/each}}</tbody></table></div>
<p class="rondo-muted small">Differences: the second minus the first. Their 95 % intervals are of a paired bootstrap
over the prompts that both have, p is McNemar's exact test.</p>
{{else}}{{#unless value.unknown}}<p>Neither of them was measured.</p>{{/unless}}{{/if}}
{{#each value.unknown}}<p class="rondo-muted small">{{this}}</p>{{/each}}
</section>
<section class="rondo-card" aria-label="Knobs that differ">
<h2>Knobs that differ</h2>
{{#if value.knobs}}<div class="scroll" tabindex="0" role="region" aria-label="Knobs of both"><table>
<thead><tr><th scope="col">Where</th><th scope="col">Knob</th><th scope="col">{{value.old}}</th>
<th scope="col">{{value.new}}</th></tr></thead>
<tbody>{{#each value.knobs}}<tr><td>{{this.place}}</td><th scope="row">{{this.name}}</th>
<td class="text" dir="auto">{{this.old}}</td><td class="text" dir="auto">{{this.new}}</td></tr>{{/each}}</tbody>
</table></div>{{else}}<p class="rondo-muted">{{value.no_knobs}}</p>{{/if}}
</section>
<section class="rondo-card" aria-label="The same prompts' answers">
<h2>The same prompts' answers</h2>
{{#each value.changed}}
<h3>{{this.title}} {{#if this.target}}<a href="{{this.target}}">See all</a>{{/if}}</h3>
{{#each this.rows}}<p class="answers"><a href="{{this.target}}" dir="auto">{{this.text}}</a><br>
<span class="rondo-badge {{this.old_badge}}">{{this.old_said}}</span> <span dir="auto">{{this.old}}</span><br>
<span class="rondo-badge {{this.new_badge}}">{{this.new_said}}</span> <span dir="auto">{{this.new}}</span></p>{{/each}}
{{else}}<p class="rondo-muted">{{value.no_answers}}</p>{{/each}}
</section>
</div>
{{/if}}
"""
CSS = """
.compared { display: grid; gap: 12px; }
.compared section { min-width: 0; }
.compared h2, .compared p { margin: 0 0 6px; }
.compared h3 { margin: 10px 0 4px; font-size: 13px; }
.small { font-size: 12px; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 12px 6px 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rondo-border); }
th { font-weight: 500; } thead th { color: var(--rondo-muted); font-size: 12px; }
.compared .number { text-align: right; white-space: nowrap; }
.compared .said { min-width: 180px; }
.text { max-width: 320px; overflow-wrap: anywhere; white-space: pre-wrap; }
.answers { padding: 6px 0; overflow-wrap: anywhere; border-bottom: 1px solid var(--rondo-border); }
a { color: var(--rondo-accent); }
/* The difference is what one came for: it has to stand in the window. */
@media (max-width: 520px) { .compared .number { white-space: normal; } th, td { padding: 6px 8px 6px 0; } }
"""
