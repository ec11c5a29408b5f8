"""Markup of the judge bench. Values go in through {{ }}, which escapes them."""

RESULT = """
{{#if value.message}}<div class="rondo-empty" role="status"><p><b>{{value.message}}</b></p>
{{#if value.way_out}}<p>{{value.way_out}} <a href="samples">Samples</a>.</p>{{/if}}</div>{{/if}}
{{#if value.id}}
<section class="rondo-card bench" aria-label="Judge bench {{value.id}}">
<header><h2>Judge bench {{value.id}}</h2>
<span class="rondo-badge {{value.badge}}" role="status">{{value.status}}</span>
{{#if value.far}}<span class="rondo-muted">{{value.far}}</span>{{/if}}
{{#if value.job}}<a href="{{value.job}}">{{value.job_said}}</a>{{/if}}
{{#if value.again}}<button type="button" data-act="again" class="rondo-needs-curator">Ask again what is missing</button>
{{/if}}</header>
<p class="rondo-muted">{{value.about}}
{{#if value.samples}}<a href="{{value.samples}}">These samples</a>{{/if}}</p>
{{#if value.error}}<p class="rondo-problem">{{value.error}}</p>{{/if}}
<div class="scroll" tabindex="0" role="region" aria-label="The judges, a table"><table>
<thead><tr><th scope="col">Judge</th><th scope="col">kappa with people</th>
<th scope="col">alpha</th><th scope="col">precision</th><th scope="col">recall</th><th scope="col">unreadable</th>
<th scope="col" class="number">new tokens</th><th scope="col" class="number">prompt tokens</th>
<th scope="col" class="number">seconds</th><th scope="col" class="number">cost</th><th scope="col">disagrees</th></tr>
</thead><tbody>{{#each value.rows}}<tr><th scope="row">{{this.title}}
<span class="rondo-badge {{this.badge}}">{{this.state}}</span>
{{#if this.knobs}}<br><span class="rondo-muted small">{{this.knobs}}</span>{{/if}}
{{#if this.error}}<p class="rondo-problem why">{{this.error}}</p>{{/if}}
{{#each this.notes}}<p class="rondo-muted why">{{this}}</p>{{/each}}</th>
<td>{{this.kappa}}</td><td>{{this.alpha}}</td><td>{{this.precision}}</td><td>{{this.recall}}</td>
<td>{{this.unread}}</td><td class="number">{{this.tokens}}</td><td class="number">{{this.prompt_tokens}}</td>
<td class="number">{{this.seconds}}</td><td class="number">{{this.cost}}
{{#each this.missing}}<br><span class="rondo-muted small">{{this}}</span>{{/each}}</td>
<td>{{#each this.buttons}}<button type="button" data-judge="{{this.judge}}" data-against="{{this.against}}"
{{#if this.is_here}}aria-pressed="true"{{else}}aria-pressed="false"{{/if}}>{{this.text}}</button> {{/each}}</td>
</tr>{{/each}}</tbody></table></div>
<p class="rondo-muted small">95% intervals in brackets. {{value.note}}</p>
{{#if value.matrices}}<h3>People’s word and each judge’s, at its cut</h3>
<div class="matrices">{{#each value.matrices}}<table><caption>{{this.title}}</caption>
<thead><tr><td></td><th scope="col">judge accepts</th><th scope="col">judge rejects</th>
<th scope="col">no verdict</th></tr></thead>
<tbody><tr><th scope="row">people accept</th><td class="same">{{this.accepts_both}}</td>
<td class="differs">{{this.accepts_people}}</td><td>{{this.unread_accept}}</td></tr>
<tr><th scope="row">people reject</th><td class="differs">{{this.accepts_judge}}</td>
<td class="same">{{this.rejects_both}}</td><td>{{this.unread_reject}}</td></tr></tbody></table>{{/each}}</div>{{/if}}
{{#if value.pairs}}<h3>How the judges agree with each other</h3>
<div class="scroll" tabindex="0" role="region" aria-label="Agreement of the judges, a table"><table>
<thead><tr><th scope="col">Judge</th><th scope="col">and</th><th scope="col">same verdict</th>
<th scope="col">Cohen’s kappa</th><th scope="col" class="number">texts</th></tr></thead>
<tbody>{{#each value.pairs}}<tr><td>{{this.first}}</td><td>{{this.second}}</td><td>{{this.agreement}}</td>
<td>{{this.kappa}}</td><td class="number">{{this.n}}</td></tr>{{/each}}</tbody></table></div>{{/if}}
{{#each value.measures}}<details><summary>All measures of {{this.title}}</summary>
<dl>{{#each this.lines}}<dt>{{this.name}}</dt><dd>{{this.value}}</dd>{{/each}}</dl></details>{{/each}}
</section>{{/if}}
"""
RESULT_CSS = """
.bench header { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; }
.bench h2 { margin: 0; font-size: 16px; } .bench h3 { margin: 16px 0 6px; font-size: 14px; }
.bench p { margin: 6px 0; } .small { font-size: 12px; } a { color: var(--rondo-accent); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.scroll table { width: 100%; }
th, td { padding: 6px 12px 6px 0; border-bottom: 1px solid var(--rondo-border); text-align: left; vertical-align: top; }
thead th { color: var(--rondo-muted); font-weight: 500; font-size: 12px; white-space: nowrap; }
tbody th { font-weight: 550; min-width: 140px; overflow-wrap: anywhere; } tbody th p { font-weight: 400; }
.number { text-align: right; white-space: nowrap; }
.why { max-width: 320px; overflow-wrap: anywhere; font-size: 12px; }
.matrices { display: flex; flex-wrap: wrap; gap: 16px 32px; }
.matrices caption { text-align: left; font-weight: 550; padding-bottom: 4px; overflow-wrap: anywhere; }
.matrices td { text-align: right; } .matrices .same { font-weight: 600; }
.matrices .differs { color: var(--rondo-bad); font-weight: 600; text-decoration: underline; }
.matrices tbody th { min-width: 0; font-weight: 500; color: var(--rondo-muted); }
button { padding: 4px 10px; margin: 0 4px 4px 0; border: 1px solid var(--rondo-border); min-height: 30px;
  border-radius: var(--rondo-radius); background: var(--rondo-raised); color: var(--rondo-text); font: inherit;
  font-size: 12px; cursor: pointer; }
button:hover { border-color: var(--rondo-accent); }
button:focus-visible { outline: 2px solid var(--rondo-accent); outline-offset: 2px; }
button[aria-pressed="true"] { background: var(--rondo-accent-soft); }
details { margin: 6px 0; } summary { cursor: pointer; }
dl { display: grid; grid-template-columns: minmax(90px, max-content) 1fr; gap: 3px 16px; margin: 6px 0; }
dt { color: var(--rondo-muted); max-width: 320px; } dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
@media (max-width: 700px) {
  .scroll table { width: max-content; min-width: 100%; } .scroll td { max-width: 240px; }
  .scroll tbody th { max-width: 170px; }
  dl { grid-template-columns: 1fr; } dd { margin-bottom: 6px; }
}
"""
RESULT_JS = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.act) trigger("click", { act: button.dataset.act });
  else if (button.dataset.judge) {
    trigger("click", { judge: Number(button.dataset.judge), against: button.dataset.against });
  }
});
"""
DISAGREEMENTS = """
{{#if value.title}}
<section class="rondo-card" aria-label="Disagreements">
<h2>{{value.title}}</h2>
<p class="rondo-muted">{{value.said}}</p>
{{#each value.items}}
<details><summary><span class="rondo-badge {{this.badge}}">{{this.kind}}</span>
<span dir="auto">{{this.excerpt}}</span></summary>
<div class="columns">
<article aria-label="The text"><h3><a href="{{this.target}}">Sample {{this.id}}</a></h3>
{{#each this.messages}}<p class="rondo-muted small">{{this.role}}</p>
<div class="words asked" dir="auto">{{this.content}}</div>{{/each}}
{{#if this.answer}}<p class="rondo-muted small">Known answer: <span dir="auto">{{this.answer}}</span></p>{{/if}}
<p class="rondo-muted small">the text</p><div class="words" dir="auto">{{this.text}}</div></article>
<article aria-label="What was said"><dl>{{#each this.lines}}<dt>{{this.name}}</dt><dd>{{this.value}}</dd>{{/each}}</dl>
{{#each this.replies}}<p class="rondo-muted small">{{this.title}}</p>
<div class="words" dir="auto">{{this.rationale}}</div>
{{#if this.raw}}<details class="raw"><summary>The whole reply</summary>
<div class="words" dir="auto">{{this.raw}}</div></details>{{/if}}{{/each}}</article>
</div></details>
{{/each}}
</section>{{/if}}
"""
DISAGREEMENTS_CSS = """
h2 { margin: 0 0 4px; font-size: 15px; } h3 { margin: 6px 0 4px; font-size: 14px; } .small { font-size: 12px; }
p { margin: 4px 0; } a { color: var(--rondo-accent); }
section > details { border-bottom: 1px solid var(--rondo-border); padding: 6px 0; }
summary { cursor: pointer; overflow-wrap: anywhere; }
summary:focus-visible { outline: 2px solid var(--rondo-accent); outline-offset: 2px; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); gap: 16px; }
article { min-width: 0; }
.words { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 40vh; overflow: auto; }
.asked { max-height: 18vh; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 16px; margin: 6px 0; }
dt { color: var(--rondo-muted); } dd { margin: 0; }
"""
LIST = """
{{#if value.rows}}<section aria-label="Judge benches"><h2>Judge benches</h2>
<ul>{{#each value.rows}}<li class="{{#if this.is_here}}here{{/if}}">
<button type="button" data-bench="{{this.id}}" {{#if this.is_here}}aria-current="true"{{/if}}><b>{{this.title}}</b>
<span>{{this.judges}}</span> <span class="rondo-muted">{{this.said}}</span></button></li>{{/each}}</ul>
</section>{{/if}}
"""
LIST_CSS = """
h2 { margin: 8px 0; font-size: 14px; } ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 6px; }
li button { display: flex; flex-wrap: wrap; gap: 4px 16px; width: 100%; box-sizing: border-box; padding: 8px 12px;
  text-align: left; font: inherit; color: var(--rondo-text); background: var(--rondo-surface); cursor: pointer;
  border: 1px solid var(--rondo-border); border-radius: var(--rondo-radius); overflow-wrap: anywhere; }
li.here button { background: var(--rondo-accent-soft); }
li button:focus-visible { outline: 2px solid var(--rondo-accent); outline-offset: 2px; }
"""
LIST_JS = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-bench]");
  if (button) trigger("click", { bench: Number(button.dataset.bench) });
});
"""
CHOSEN = """
{{#if value.rows}}<section aria-label="Judges to try"><h2>Judges to try</h2>
<ol>{{#each value.rows}}<li>{{this.title}} {{#if this.knobs}}<span class="rondo-muted">{{this.knobs}}</span>{{/if}}
{{#each this.notes}}<span class="rondo-muted">{{this}}</span> {{/each}}
<button type="button" data-place="{{this.place}}" aria-label="Remove {{this.title}}">Remove</button></li>{{/each}}</ol>
</section>{{else}}<p class="rondo-muted">No judge to try yet. Choose one below and add it.</p>{{/if}}
{{#if value.problem}}<p class="rondo-problem">{{value.problem}}</p>{{/if}}
"""
CHOSEN_CSS = """
h2 { margin: 4px 0; font-size: 14px; } ol { margin: 0; padding-left: 20px; display: grid; gap: 6px; }
li { overflow-wrap: anywhere; }
button { padding: 2px 8px; border: 1px solid var(--rondo-border); border-radius: var(--rondo-radius); font: inherit;
  font-size: 12px; background: var(--rondo-raised); color: var(--rondo-text); cursor: pointer; }
button:focus-visible { outline: 2px solid var(--rondo-accent); outline-offset: 2px; }
"""
CHOSEN_JS = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-place]");
  if (button) trigger("click", { place: Number(button.dataset.place) });
});
"""
KEEP_IN_ADDRESS = """(seen) => {
  if (!seen || !seen.bench) return;
  const address = new URL(window.location.href);
  address.search = "";
  address.searchParams.set("bench", seen.bench);
  history.replaceState(history.state, "", address);
}"""
