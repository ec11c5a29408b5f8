"""Markup of a round's page. Values go in through {{ }}, which escapes them."""

from app.widgets import drop_bars

OPENING = """
{{#if value}}
{{#if value.missing}}<div class="rondo-empty" role="alert"><p>{{value.missing}}</p>
{{#if value.is_in_trash}}<p><a href="/projects#trash">All projects and the trash</a></p>{{/if}}</div>{{/if}}
{{#if value.is_empty}}<div class="rondo-empty"><p><b>No round yet.</b></p>
<p><a href="new-round">Launch one</a>: what it did is told here while it goes on.</p></div>{{/if}}
{{#if value.title}}
<section class="rondo-card head" aria-label="The round">
  <header><h2>{{value.title}}</h2><span class="rondo-badge {{value.badge}}">{{value.status}}</span>
    {{#if value.is_archived}}<span class="rondo-badge">archived</span>{{/if}}
    <span class="rondo-muted">{{value.recipe}}, {{value.from}}</span></header>
  <p>{{value.facts}}</p>
  {{#if value.is_archived}}<p class="rondo-muted">Its samples, judgments and decisions lie in files, so what is counted
    from them below is empty. Its metrics, funnel and checkpoint are as they were.</p>{{/if}}
  {{#if value.reopened}}<p class="words" role="note"><span class="rondo-badge warn">stale</span>
    {{value.reopened}}</p>{{/if}}
  {{#if value.error}}<p class="rondo-problem words">{{value.error}}</p>{{/if}}
  <p class="links">
    {{#if value.is_measured}}<a href="compare?new=r{{value.id}}">What changed</a>
    <a href="held-out?new={{value.checkpoint_id}}">Held-out answers</a>{{/if}}
    <a href="samples?round={{value.id}}">Samples</a>
    <a href="pairs?round={{value.id}}" class="rondo-needs-curator">Pairs</a>
    <a href="training?rounds={{value.id}}">Training</a>
    {{#if value.parent_id}}<a href="round?round={{value.parent_id}}">Parent round</a>{{/if}}
    {{#if value.branch_of_id}}<a href="round?round={{value.branch_of_id}}">The round it branches off</a>{{/if}}
    {{#if value.checkpoint}}<a href="checkpoints?checkpoint={{value.checkpoint_id}}">{{value.checkpoint}}</a>{{/if}}
    <a href="/api/v1/rounds/{{value.id}}/report.html" download="round-{{value.id}}.html">Keep as HTML file</a>
    <a href="/api/v1/rounds/{{value.id}}/report" download="round-{{value.id}}.json">Keep as JSON</a>
    <a href="/projects/rounds/{{value.id}}/trash" class="rondo-needs-curator">Move to trash…</a>
  </p>
  {{#if value.branches}}<p class="links rondo-needs-curator">Second thoughts, without sampling again:
    {{#each value.branches}}<a href="new-round?branch={{this.id}}&at={{this.at}}">{{this.words}}</a>{{/each}}</p>{{/if}}
</section>
{{#if value.has_warnings}}<section class="block" aria-label="Warnings"><h3>Warnings</h3>
{{#each value.lights.groups}}<h4>{{this.title}}{{#if this.name}}: {{this.name}}{{/if}}</h4>
<ul class="warnings">{{#each this.lights}}<li><span class="rondo-badge {{this.badge}}">{{this.level}}</span>
<b>{{this.title}}</b>: {{this.measures}} is {{this.value}}.
<span class="rondo-muted">{{this.interval_said}}, {{this.limit}}, {{this.n}}. {{this.reason}}</span>
{{#if this.advice}}{{this.advice}}{{/if}}
{{#if this.answers}}<a href="{{this.answers}}">see the answers</a>{{else}}<a
href="{{this.href}}">see them</a>{{/if}}</li>{{/each}}</ul>{{/each}}
{{#if value.warnings}}<h4>Beside the lights</h4>{{/if}}
<ul class="warnings">{{#each value.warnings}}<li><span class="rondo-badge {{this.badge}}">{{this.level}}</span>
{{this.text}} <span class="rondo-muted">{{this.numbers}}</span>
{{#if this.href}}<a href="{{this.href}}">see them</a>{{/if}}</li>{{/each}}</ul>
{{#if value.lights.counted}}<p><a href="warnings?round={{value.id}}">All lights</a>
<span class="rondo-muted">{{value.lights.counted}}</span></p>{{/if}}</section>{{/if}}
<section class="block" aria-label="Metrics"><h3>Metrics</h3>
{{#if value.metrics}}<div class="scroll" tabindex="0" role="group" aria-label="Metrics, a table"><table class="metrics">
<thead><tr><th scope="col">metric</th><th scope="col" class="number">value, 95% interval</th>
<th scope="col">change</th></tr></thead>
<tbody>{{#each value.metrics}}<tr><th scope="row">{{this.name}}
{{#if this.of}}<br><span class="rondo-muted">{{this.of}}</span>{{/if}}</th>
<td class="number">{{this.value}}<br><span class="rondo-muted">{{this.interval}}</span></td>
<td>{{this.change}} <span class="rondo-muted">{{this.spread}}<br>{{this.tested}}</span></td></tr>{{/each}}</tbody>
</table></div>{{/if}}
{{#each value.metrics_missing}}<p class="rondo-muted">{{this}}</p>{{/each}}
{{#if value.unknown}}<details><summary>{{value.num_unknown}}</summary>
<ul>{{#each value.unknown}}<li class="rondo-muted">{{this}}</li>{{/each}}</ul></details>{{/if}}
</section>
<section class="block" aria-label="What was asked for"><h3>What was asked for</h3>
{{#each value.steps}}<details><summary>{{this.line}}
{{#if this.state}}<span class="rondo-badge warn">{{this.state}}</span>{{/if}}
{{#each this.changed}}<span class="rondo-badge accent">{{this.name}} {{this.value}}</span> {{/each}}</summary>
<dl>{{#each this.knobs}}<dt>{{this.name}}</dt><dd>{{this.value}}
{{#if this.usual}}<b class="usual">{{this.usual}}</b>{{/if}}</dd>{{/each}}</dl></details>{{/each}}
{{#each value.removed}}<p><span class="rondo-badge warn">left out</span> {{this}}</p>{{/each}}
{{#each value.tuned}}<p><span class="rondo-badge accent">set by its schedule</span> {{this}}</p>{{/each}}
{{#each value.few_shot}}<p><span class="rondo-badge accent">few-shot</span> {{this}}</p>{{/each}}
{{#if value.knobs}}<details><summary>Beside the steps</summary><dl>{{#each value.knobs}}<dt>{{this.name}}</dt>
<dd>{{this.value}} {{#if this.usual}}<b class="usual">{{this.usual}}</b>{{/if}}</dd>{{/each}}</dl></details>{{/if}}
{{#each value.templates}}<details><summary>{{this.title}} <span class="rondo-muted">hash {{this.hash}}</span></summary>
<pre tabindex="0">{{this.text}}</pre></details>{{/each}}
{{#each value.asked_missing}}<p class="rondo-muted">{{this}}</p>{{/each}}
<div class="columns">
<div><h4>Who acted</h4><dl>{{#each value.roles}}<dt>{{this.role}}</dt>
<dd><a href="checkpoints?checkpoint={{this.id}}">{{this.name}}</a>
<span class="rondo-muted">{{this.kind}} {{this.note}}</span></dd>{{/each}}</dl></div>
<div><h4>Prompt sets</h4><dl>{{#each value.sets}}<dt>{{this.use}}</dt>
<dd><a href="prompts?set={{this.id}}">{{this.name}}</a> <span class="rondo-muted">{{this.count}}</span></dd>{{/each}}
</dl></div></div>
{{#if value.stages}}<h4>How long it took</h4>
<div class="scroll" tabindex="0" role="group" aria-label="How long it took, a table"><table>
<thead><tr><th scope="col">what</th><th scope="col" class="number">took</th><th scope="col">status</th>
<th scope="col">began</th><th scope="col">worker</th><th scope="col">note</th></tr></thead>
<tbody>{{#each value.stages}}<tr><th scope="row">{{#if this.job}}<a href="jobs?job={{this.job}}">{{this.what}}</a>
{{else}}{{this.what}}{{/if}}</th><td class="number">{{this.took}}</td><td>{{this.status}}</td><td>{{this.started}}</td>
<td>{{this.worker}}</td><td class="words">{{this.note}}</td></tr>{{/each}}</tbody></table></div>{{/if}}
</section>
{{/if}}{{/if}}
"""

FLOW = (
    """
{{#if value}}<section class="block" aria-label="From prompts to training rows"><h3>From prompts to training rows</h3>
{{#each value.flows}}<div class="scroll" tabindex="0" role="group" aria-label="{{this.title}}"><table class="flow">
<caption>{{this.title}}</caption>
<thead><tr><th scope="col">stage</th><th scope="col" class="number">left</th><th scope="col">share</th>
<th scope="col">fell out or joined</th></tr></thead>
<tbody>{{#each this.stages}}<tr><th scope="row"><a href="{{this.href}}">{{this.name}}</a></th>
<td class="number">{{this.count}}</td>
<td><span class="bar" aria-hidden="true"><span style="width: {{this.width}}%"></span></span> {{this.share}}</td>
<td class="why">"""
    + drop_bars.template("this.drops")
    + """</td></tr>{{/each}}</tbody>
</table></div>{{/each}}
{{#each value.flows_missing}}<p class="rondo-muted">{{this}}</p>{{/each}}
</section>{{/if}}
"""
)
# Plotly draws the arms anew whenever it likes, so the page listens for them all.
FLOW_JS = """
// The charts stand about the head of the spreads. They are asked for when it is near the window or above it (who comes
// to the page's end has passed them by) and all before them is there; and again where the texts are others.
let isNear = false, isAsked = false, isAboveDrawn = false;
const ask = () => {
  if (!isNear || !isAboveDrawn || isAsked || !element.querySelector("section")) return;
  isAsked = true;
  trigger("submit", {});
};
// What has moved in the window is known a frame later.
const askSoon = () => requestAnimationFrame(() => requestAnimationFrame(ask));
const look = () => {
  const head = document.querySelector("#round-spread-head");
  if (!head) return requestAnimationFrame(look);
  new IntersectionObserver((entries) => {
    isNear = entries[entries.length - 1].isIntersecting;
    ask();
  }, { rootMargin: "1000000px 0px 200px 0px" }).observe(head);
};
look();
window.addEventListener("round-judge-drawn", () => {
  isAboveDrawn = true;
  askSoon();
});
window.addEventListener("beforeprint", () => {
  isNear = true;
  ask();
});
window.addEventListener("round-charts-failed", () => { isAsked = false; });
watch("value", () => {
  isAsked = false;
  askSoon();
});
document.addEventListener("click", (event) => {
  const arm = event.target.closest?.("#round-flow .sankey-link");
  const href = arm?.__data__?.link?.customdata;
  if (/^(samples|jobs|datasets)[?]/.test(href || "")) window.location.href = new URL(href, document.baseURI).href;
});
"""

SPREAD_HEAD = """
{{#if value}}<section class="block" aria-label="How the texts are spread"><h3>How the texts are spread</h3>
{{#if value.spread}}<p class="rondo-muted">Texts of {{value.spread}}.</p>{{/if}}
<p class="rondo-muted">{{value.looked_at}} Nothing is drawn from fewer than {{value.fewest}}.</p>
{{#each value.spread_missing}}<p class="rondo-muted">{{this}}</p>{{/each}}</section>{{/if}}
"""
SPREAD = """
{{#if value}}<section class="block" aria-label="Categories">
{{#if value.categories}}<div class="scroll" tabindex="0" role="group" aria-label="By category"><table>
<caption>By the prompts’ metadata</caption>
<thead><tr><th scope="col">key</th><th scope="col">value</th><th scope="col" class="number">texts</th>
<th scope="col" class="number">with a verdict</th><th scope="col" class="number">accepted, 95% interval</th>
<th scope="col" class="number">mean score</th></tr></thead>
<tbody>{{#each value.categories}}<tr><td>{{this.key}}</td><th scope="row">{{this.value}}</th>
<td class="number">{{this.n}}</td><td class="number">{{this.judged}}</td>
<td class="number">{{this.accepted}} <span class="rondo-muted">{{this.interval}}</span></td>
<td class="number">{{this.score}}</td></tr>{{/each}}</tbody></table></div>{{/if}}
</section>
<section class="block" aria-label="The ends of the list"><h3>Best, worst, most disagreed, most changed</h3>
{{#each value.extremes}}<details><summary>{{this.title}}</summary>
{{#if this.missing}}<p class="rondo-muted">{{this.missing}}</p>{{/if}}
{{#if this.rows}}<div class="scroll" tabindex="0" role="group" aria-label="{{this.title}}"><table>
<thead><tr><th scope="col">sample</th><th scope="col" class="number">score</th><th scope="col">verdict</th>
<th scope="col">by</th><th scope="col" class="number">spread</th><th scope="col">prompt</th><th scope="col">text</th>
</tr></thead>
<tbody>{{#each this.rows}}<tr><th scope="row"><a href="samples?sample={{this.id}}">{{this.id}}</a></th>
<td class="number">{{this.score}}</td><td>{{this.verdict}}</td><td>{{this.by}}</td>
<td class="number">{{this.spread}}</td>
<td class="words">{{this.prompt}}</td><td class="words">{{this.text}}</td></tr>{{/each}}</tbody></table></div>
<p><a href="{{this.href}}">All of them, in this order</a></p>{{/if}}</details>{{/each}}
</section>{{/if}}
"""

WORK = """
{{#if value}}
<div class="columns">
<section class="block" aria-label="People"><h3>People</h3>
{{#if value.people.lines}}<dl>
{{#each value.people.lines}}<dt>{{this.name}}</dt><dd>{{this.value}}</dd>{{/each}}</dl>{{/if}}
{{#if value.people.each}}<div class="scroll" tabindex="0" role="group" aria-label="Each person"><table>
<thead><tr><th scope="col">person</th><th scope="col" class="number">items</th>
<th scope="col" class="number">otherwise than the judge</th><th scope="col" class="number">minutes</th></tr></thead>
<tbody>{{#each value.people.each}}<tr><th scope="row">{{this.name}}</th><td class="number">{{this.decided}}</td>
<td class="number">{{this.overridden}}</td><td class="number">{{this.minutes}}</td></tr>{{/each}}</tbody></table></div>
{{/if}}
{{#each value.people.missing}}<p class="rondo-muted">{{this}}</p>{{/each}}
{{#if value.people.way}}<p class="{{value.people.way.needs}}"><a
href="{{value.people.way.href}}">{{value.people.way.words}}</a></p>{{/if}}
</section>
<section class="block" aria-label="Cost"><h3>What it cost</h3>
<dl>{{#each value.cost.lines}}<dt>{{this.name}}</dt><dd>{{this.value}}</dd>{{/each}}</dl>
{{#each value.cost.missing}}<p class="rondo-muted">{{this}}</p>{{/each}}
</section></div>
<section class="block" aria-label="Left out"><h3>Left out</h3>
{{#if value.failed.title}}<p>{{value.failed.title}}:
{{#each value.failed.counts}}<span class="rondo-badge">{{this.text}}</span> {{/each}}
<a href="{{value.failed.href}}">All of them, and try again</a></p>
{{#if value.failed.cannot}}<p class="rondo-muted">{{value.failed.cannot}}</p>{{/if}}
<div class="scroll" tabindex="0" role="group" aria-label="Left out, a table"><table>
<thead><tr><th scope="col">stage</th><th scope="col">why</th><th scope="col">prompt</th></tr></thead>
<tbody>{{#each value.failed.rows}}<tr><th scope="row">{{this.stage}}: {{this.kind}}</th>
<td class="words">{{this.reason}}</td>
<td class="words">{{this.prompt}}</td></tr>{{/each}}</tbody></table></div>
{{else}}<p class="rondo-muted">{{value.failed.none}}</p>{{/if}}
</section>
<section class="block" aria-label="Datasets"><h3>Datasets</h3>
{{#each value.datasets}}<details><summary>{{this.title}}. {{this.what}}</summary>
<dl><dt>opens</dt><dd><a href="{{this.href}}">its rows, people and download</a></dd>
<dt>rows</dt><dd>{{this.parts}}</dd><dt>frozen</dt><dd>{{this.frozen}}</dd>
<dt>content hash</dt><dd><code>{{this.hash}}</code></dd>
{{#each this.facts}}<dt>{{this.name}}</dt><dd>{{this.value}}</dd>{{/each}}</dl></details>{{/each}}
{{#unless value.datasets}}<p class="rondo-muted">No dataset yet. The round freezes one when it selects.</p>{{/unless}}
</section>{{/if}}
"""

CSS = (
    drop_bars.CSS
    + """
.head header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 12px; }
.head h2, .head p { margin: 0; }
.head p { margin-top: 6px; }
.links { display: flex; flex-wrap: wrap; gap: 4px 16px; }
.block { margin-top: 16px; min-width: 0; }
h3 { margin: 0 0 6px; font-size: 15px; font-weight: 600; }
h4 { margin: 12px 0 4px; font-size: 13px; font-weight: 600; }
p { margin: 4px 0; }
a { color: var(--rondo-accent); }
.warnings { margin: 0; padding: 0; list-style: none; }
.warnings li { margin: 4px 0; }
details { margin: 4px 0; } summary { cursor: pointer; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: minmax(90px, max-content) 1fr; gap: 3px 16px; margin: 6px 0; }
dt { color: var(--rondo-muted); overflow-wrap: anywhere; } dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
.usual { font-weight: 550; color: var(--rondo-warn); }
.metrics th span { font-weight: 400; }
pre { max-height: 40vh; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
.scroll {
  overflow-x: auto; margin: 6px 0; background: var(--rondo-surface); border: 1px solid var(--rondo-border);
  border-radius: var(--rondo-radius);
}
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { padding: 8px 12px 0; color: var(--rondo-muted); font-size: 12px; text-align: left; }
th, td { padding: 6px 12px; border-bottom: 1px solid var(--rondo-border); text-align: left; vertical-align: top; }
thead th { color: var(--rondo-muted); font-weight: 500; font-size: 12px; white-space: nowrap; }
tbody th { font-weight: 550; }
tbody tr:last-child > * { border-bottom: 0; }
.number { text-align: right; white-space: nowrap; }
.words { overflow-wrap: anywhere; min-width: 120px; unicode-bidi: plaintext; }
.bar { display: inline-block; width: 80px; height: 8px; border-radius: 4px; background: var(--rondo-raised); }
.bar span { display: block; height: 100%; border-radius: 4px; background: var(--rondo-accent); }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(320px, 100%), 1fr)); gap: 0 32px; }
.columns > div { min-width: 0; }
@media (max-width: 700px) {
  table { width: max-content; min-width: 100%; } th, td { max-width: 260px; }
  .metrics { width: 100%; } .metrics :is(th, td) { padding-inline: 8px; white-space: normal; }
}
.why { min-width: 280px; }
@media (max-width: 700px) {
  .flow { display: block; width: auto; min-width: 0; } .flow :is(caption, tbody) { display: block; }
  .flow thead { position: absolute; clip-path: inset(50%); }
  .flow tr { display: grid; grid-template-columns: 1fr auto; border-bottom: 1px solid var(--rondo-border); }
  .flow tr:last-child { border-bottom: 0; } .flow :is(th, td) { border: 0; max-width: none; }
  .flow td:nth-of-type(n + 2) { grid-column: 1 / -1; padding-top: 0; }
  .flow .why { min-width: 0; } .flow .why:not(:has(li)) { display: none; }
}
"""
)

JUDGE_DRAWN = """() => { window.dispatchEvent(new Event("round-judge-drawn")) }"""
CHARTS_FAILED = """() => { window.dispatchEvent(new Event("round-charts-failed")) }"""
KEEP_IN_ADDRESS = """(kept) => {
  const address = new URL(window.location.href);
  address.search = kept.round ? `?round=${kept.round}` : address.search;
  history.replaceState(history.state, "", address);
}"""
