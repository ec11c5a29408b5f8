"""Markup of the page of warnings. Values go in through {{ }}, which escapes them."""

from backend.translations import N_

_TABLE = """<table aria-label="@">
<thead><tr><th scope="col">light</th><th scope="col">warning</th>
<th scope="col" class="number">value, 95% interval</th></tr></thead>
<tbody>{{#each ROWS}}<tr><td><span class="rondo-badge {{this.badge}}">{{this.level}}</span></td>
<th scope="row"><a href="{{this.href}}">{{this.code}} {{this.title}}</a>
<span class="rondo-muted">{{this.measures}}; {{this.limit}}; {{this.n}}.</span>
{{#if this.reason}}<span class="why">{{this.reason}}</span>{{/if}}
{{#if this.advice}}<span class="advice">{{this.advice}}</span>{{/if}}</th>
<td class="number">{{this.value}}<br><span class="rondo-muted">{{this.interval}}</span></td></tr>
{{/each}}
</tbody></table>"""


def _table(label: str, rows: str) -> str:
    return _TABLE.replace("@", label).replace("ROWS", rows)


LIGHTS = (
    """
{{#if value}}
{{#if value.missing}}<div class="rondo-empty" role="alert"><p>{{value.missing}}</p>
{{#if value.is_in_trash}}<p><a href="/projects#trash">All projects and the trash</a></p>{{/if}}</div>{{/if}}
{{#if value.is_empty}}<div class="rondo-empty"><p><b>No round yet.</b></p>
<p><a href="new-round">Launch one</a>: its lights are lit when it has been evaluated.</p></div>{{/if}}
{{#if value.id}}
{{#if value.is_lit}}
<section aria-label="Lights"><h2>Lights</h2>
<p class="rondo-muted">{{value.counted}}. A light is red where the whole interval lies
beyond the limit; what else counts stands behind the limit.
<a href="round?round={{value.id}}">The round</a></p>
{{#each value.groups}}<h3>{{this.title}}{{#if this.name}}: {{this.name}}{{/if}}</h3>
{{#if this.note}}<p class="rondo-muted">{{this.note}}</p>{{/if}}
"""
    + _table("{{this.what}}", "this.lights")
    + """{{/each}}
{{#if value.unknown}}<details><summary>{{value.num_unknown}} not known, each with what it takes</summary>
"""
    + _table(N_("Lights that are not known"), "value.unknown")
    + """</details>{{/if}}
</section>
{{else}}{{#if value.is_over}}<div class="rondo-empty"><p><b>No lights.</b></p>
<p>This round ended without any: it is older than warnings, or came without them. They are lit once, at the end of a
round: a branch of it, or the next round, has them. <a href="round?round={{value.id}}">Open the round</a></p></div>
{{else}}<div class="rondo-empty"><p><b>No light yet.</b></p>
<p>They are lit at the end of a round, after it was measured.
<a href="round?round={{value.id}}">See how far the round is</a></p></div>{{/if}}
{{/if}}
{{#if value.beside}}<section aria-label="Beside the lights"><h3>Beside the lights</h3>
<ul>{{#each value.beside}}<li><span class="rondo-badge {{this.badge}}">{{this.level}}</span>
{{this.text}} <span class="rondo-muted">{{this.numbers}}</span>
{{#if this.href}}<a href="{{this.href}}">see them</a>{{/if}}</li>{{/each}}</ul></section>{{/if}}
{{/if}}{{/if}}
"""
)

DETAIL = """
{{#if value.is_none}}<div class="rondo-empty"><p><b>No light is chosen.</b></p>
<p>Choose one from the list to see the rows that it speaks of.</p></div>{{/if}}
{{#if value}}
{{#if value.missing}}<div class="rondo-empty" role="alert"><p>{{value.missing}}</p></div>{{/if}}
{{#if value.title}}
<section class="rondo-card" aria-label="One warning">
<header><h2>{{value.code}} {{value.title}}</h2><span class="rondo-badge {{value.badge}}">{{value.level}}</span></header>
<p>{{value.measures}}: <b>{{value.value}}</b> <span class="rondo-muted">{{value.interval_said}}</span></p>
{{#if value.reason}}<p>{{value.reason}}</p>{{/if}}
{{#if value.advice}}<p>{{value.advice}}</p>{{/if}}
{{#if value.answers}}<p><a href="{{value.answers}}">See the answers that are wrong since</a></p>{{/if}}
<p class="rondo-muted">{{value.limit}}, {{value.n}}.</p>
<p class="rondo-muted">Source: {{value.source}}. The limits are Rondo's own proposals.</p>
{{#if value.samples}}<h3>Texts</h3>
<table aria-label="Texts">
<thead><tr><th scope="col">sample</th><th scope="col">judged</th><th scope="col">prompt and text</th></tr></thead>
<tbody>{{#each value.samples}}<tr><th scope="row"><a href="{{this.href}}">{{this.id}}</a></th>
<td>{{this.verdict}}<br><span class="rondo-muted">score {{this.score}}, {{this.tokens}} tokens</span></td>
<td class="words"><span class="rondo-muted">{{this.prompt}}</span><br>{{this.text}}</td></tr>{{/each}}</tbody></table>
{{/if}}
{{#if value.prompts}}<h3>Prompts</h3>
<table aria-label="Prompts">
<thead><tr><th scope="col">set</th><th scope="col">prompt</th></tr></thead>
<tbody>{{#each value.prompts}}<tr><th scope="row"><a href="{{this.href}}">{{this.set}}</a></th>
<td class="words">{{this.text}}</td></tr>{{/each}}</tbody></table>{{/if}}
{{#unless value.samples}}{{#unless value.prompts}}<p class="rondo-muted">It speaks of no single rows.</p>
{{/unless}}{{/unless}}
</section>
{{/if}}{{/if}}
"""

ABOUT = """
{{#if value}}<p>{{value.about}}</p>
{{#if value.advice}}<p>{{value.advice}}</p>{{/if}}
<p class="rondo-muted">Bad values are those {{value.side}} the limit. {{value.colors}} Unit: {{value.unit}}.
Defaults: {{value.usual}}. Source: {{value.source}}.</p>{{/if}}
"""

CSS = """
h2 { margin: 0; font-size: 17px; } h3 { margin: 12px 0 6px; font-size: 15px; font-weight: 600; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 12px; }
p { margin: 6px 0; } a { color: var(--rondo-accent); }
table {
  width: 100%; margin: 6px 0; border-collapse: collapse; font-variant-numeric: tabular-nums;
  background: var(--rondo-surface); border: 1px solid var(--rondo-border);
}
th, td { padding: 6px 12px; border-bottom: 1px solid var(--rondo-border); text-align: left; vertical-align: top; }
thead th { color: var(--rondo-muted); font-weight: 500; font-size: 12px; white-space: nowrap; }
tbody th { font-weight: 550; overflow-wrap: anywhere; }
tbody th span { display: block; font-weight: 400; font-size: 12px; }
td .rondo-muted { font-size: 12px; }
tbody tr:last-child > * { border-bottom: 0; }
.number { text-align: right; max-width: 150px; overflow-wrap: anywhere; }
details { margin: 12px 0; } summary { cursor: pointer; color: var(--rondo-muted); }
.rondo-badge { white-space: nowrap; }
ul { margin: 0; padding: 0; list-style: none; }
.words { overflow-wrap: anywhere; unicode-bidi: plaintext; }
@media (max-width: 520px) {
  th, td { padding: 6px; } thead th { white-space: normal; } .number { min-width: 92px; max-width: 110px; }
}
"""

KEEP_IN_ADDRESS = """(kept) => {
  const address = new URL(window.location.href);
  address.search = kept.round ? `?round=${kept.round}` : address.search;
  history.replaceState(history.state, "", address);
}"""
