"""Markup of the page of warnings. Values go in through {{ }}, which escapes them."""

_TABLE = """<div class="scroll" tabindex="0" role="group" aria-label="LABEL, a table"><table>
<thead><tr><th scope="col">light</th><th scope="col">warning</th><th scope="col" class="number">value</th>
<th scope="col">limits</th><th scope="col">rows</th></tr></thead>
<tbody>{{#each value.ROWS}}<tr><td><span class="rondo-badge {{this.badge}}">{{this.level}}</span></td>
<th scope="row"><a href="{{this.href}}">{{this.code}} {{this.title}}</a>
<span class="rondo-muted">{{this.measures}}</span></th>
<td class="number">{{this.value}}<br><span class="rondo-muted">{{this.interval}}</span></td>
<td>{{this.limit}}</td><td class="words">{{this.n}} <span class="rondo-muted">{{this.reason}}</span></td></tr>
{{/each}}
</tbody></table></div>"""


def _table(label: str, rows: str) -> str:
    return _TABLE.replace("LABEL", label).replace("ROWS", rows)


LIGHTS = (
    """
{{#if value}}
{{#if value.missing}}<div class="rondo-empty" role="alert"><p>{{value.missing}}</p></div>{{/if}}
{{#if value.is_empty}}<div class="rondo-empty"><p><b>No round yet.</b></p>
<p><a href="new-round">Launch one</a>: its lights are lit when it has been evaluated.</p></div>{{/if}}
{{#if value.id}}
{{#if value.is_lit}}
<section aria-label="Lights"><h2>Lights</h2>
<p class="rondo-muted">{{value.counted}}. Most lights are red where the whole interval lies
beyond the limit; the rule's text says where it is otherwise.
<a href="round?round={{value.id}}">The round</a></p>
{{#if value.known}}"""
    + _table("Lights that are known", "known")
    + """{{/if}}
{{#if value.unknown}}<details><summary>{{value.num_unknown}} not known, each with what it takes</summary>
"""
    + _table("Lights that are not known", "unknown")
    + """</details>{{/if}}
</section>
{{else}}<div class="rondo-empty"><p><b>No light yet.</b></p>
<p>They are lit at the end of a round, after it was measured. Rounds that ended before Rondo knew warnings have none.
</p></div>
{{/if}}{{/if}}{{/if}}
"""
)

DETAIL = """
{{#if value}}
{{#if value.missing}}<div class="rondo-empty" role="alert"><p>{{value.missing}}</p></div>{{/if}}
{{#if value.title}}
<section class="rondo-card" aria-label="One warning">
<header><h2>{{value.code}} {{value.title}}</h2><span class="rondo-badge {{value.badge}}">{{value.level}}</span></header>
<p>{{value.measures}}: <b>{{value.value}}</b> <span class="rondo-muted">{{value.interval}}</span></p>
<p class="rondo-muted">{{value.limit}}, {{value.n}}. {{value.reason}}</p>
<p class="rondo-muted">Source: {{value.source}}. The limits are Rondo's own proposals.</p>
{{#if value.samples}}<h3>Texts</h3>
<div class="scroll" tabindex="0" role="group" aria-label="Texts, a table"><table>
<thead><tr><th scope="col">sample</th><th scope="col">score</th><th scope="col">verdict</th>
<th scope="col" class="number">tokens</th><th scope="col">prompt</th><th scope="col">text</th></tr></thead>
<tbody>{{#each value.samples}}<tr><th scope="row"><a href="{{this.href}}">{{this.id}}</a></th><td>{{this.score}}</td>
<td>{{this.verdict}}</td><td class="number">{{this.tokens}}</td><td class="words">{{this.prompt}}</td>
<td class="words">{{this.text}}</td></tr>{{/each}}</tbody></table></div>{{/if}}
{{#if value.prompts}}<h3>Prompts</h3>
<div class="scroll" tabindex="0" role="group" aria-label="Prompts, a table"><table>
<thead><tr><th scope="col">set</th><th scope="col">prompt</th></tr></thead>
<tbody>{{#each value.prompts}}<tr><th scope="row"><a href="{{this.href}}">{{this.set}}</a></th>
<td class="words">{{this.text}}</td></tr>{{/each}}</tbody></table></div>{{/if}}
{{#unless value.samples}}{{#unless value.prompts}}<p class="rondo-muted">It speaks of no single rows.</p>
{{/unless}}{{/unless}}
</section>
{{/if}}{{/if}}
"""

ABOUT = """
{{#if value}}<p>{{value.about}}</p>
<p class="rondo-muted">Bad values are those {{value.side}} the limit. Unit: {{value.unit}}. Defaults: {{value.usual}}.
Source: {{value.source}}.</p>{{/if}}
"""

CSS = """
h2 { margin: 0; font-size: 17px; } h3 { margin: 12px 0 6px; font-size: 15px; font-weight: 600; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 12px; }
p { margin: 6px 0; } a { color: var(--rondo-accent); }
.scroll {
  overflow-x: auto; margin: 6px 0; background: var(--rondo-surface); border: 1px solid var(--rondo-border);
  border-radius: var(--rondo-radius);
}
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 12px; border-bottom: 1px solid var(--rondo-border); text-align: left; vertical-align: top; }
thead th { color: var(--rondo-muted); font-weight: 500; font-size: 12px; white-space: nowrap; }
tbody th { font-weight: 550; } tbody th .rondo-muted { display: block; font-weight: 400; font-size: 12px; }
tbody tr:last-child > * { border-bottom: 0; }
.number { text-align: right; white-space: nowrap; }
details { margin: 12px 0; } summary { cursor: pointer; color: var(--rondo-muted); }
.rondo-badge { white-space: nowrap; }
.words { overflow-wrap: anywhere; min-width: 120px; unicode-bidi: plaintext; }
@media (max-width: 700px) { table { width: max-content; min-width: 100%; } th, td { max-width: 240px; } }
"""

KEEP_IN_ADDRESS = """(kept) => {
  const address = new URL(window.location.href);
  address.search = kept.round ? `?round=${kept.round}` : address.search;
  history.replaceState(history.state, "", address);
}"""
