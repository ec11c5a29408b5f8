"""Templates of the Groups page. What people and models wrote is escaped."""

COUNT = '<span class="rondo-muted" role="status">{{value}}</span>'

LIST = """
{{#if value.empty}}<div class="rondo-empty"><p>{{value.empty}}</p>
{{#if value.is_without_round}}<p><a href="new-round">Launch a round</a>: its samples come here while they are made.</p>
{{else}}{{#if value.has_filters}}<p>Clear the filters, or look at <a href="{{value.to}}">the samples one by one</a>.</p>
{{else}}<p>What it is doing stands on <a href="round?round={{value.round}}">its page</a>.</p>{{/if}}{{/if}}</div>{{/if}}
{{#if value.rows}}<ol class="groups">
{{#each value.rows}}<li>
  <p class="prompt" dir="auto">{{this.prompt}}</p>
  <p class="figures"><b>{{this.passed}}</b>
  {{#if this.rate}}<meter min="0" max="100" value="{{this.percent}}" aria-label="Pass rate"></meter>
  {{this.rate}}{{/if}}
  <span class="rondo-muted spread" title="Standard deviation of the scores">{{this.spread}}</span></p>
  <p class="members">{{#each this.members}}<a class="rondo-badge {{this.badge}}" href="{{this.href}}"
  title="{{this.title}}">{{this.sign}} {{this.score}}<span class="away">, {{this.title}}</span></a>{{/each}}
  {{#if this.more}}<a class="small" href="{{this.rest}}">{{this.more}}</a>{{/if}}</p>
</li>{{/each}}
</ol>{{/if}}
"""
LIST_CSS = """
.groups { list-style: none; margin: 0; padding: 0; }
.groups li { display: grid; grid-template-columns: minmax(0, 2fr) minmax(300px, 1fr) minmax(0, 2fr); gap: 2px 20px;
  padding: 8px 0; border-bottom: 1px solid var(--rondo-border); }
.groups p { margin: 0; min-width: 0; }
.groups .prompt { overflow-wrap: anywhere; }
.groups .figures { font-variant-numeric: tabular-nums; }
.groups .spread { white-space: nowrap; }
.groups meter { width: 60px; height: 6px; vertical-align: middle; appearance: none; border: 0; border-radius: 3px;
  background: var(--rondo-raised); }
.groups meter::-webkit-meter-inner-element { display: block; }
.groups meter::-webkit-meter-bar { height: 6px; border: 0; border-radius: 3px; background: var(--rondo-raised); }
.groups meter::-webkit-meter-optimum-value { background: var(--rondo-ok); }
.groups meter::-moz-meter-bar { background: var(--rondo-ok); }
.groups .members { display: flex; flex-wrap: wrap; align-content: flex-start; gap: 4px; }
.groups .members a { position: relative; text-decoration: none; }
.groups .members a:hover { text-decoration: underline; }
.groups .away { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media (max-width: 720px) { .groups li { grid-template-columns: minmax(0, 1fr); } }
"""

ABOUT = """<p class="about"><a href="{{value.to}}">Sample by sample</a>
<a href="{{value.to}}#label" class="rondo-needs-reviewer">Label them in a list</a></p>"""
ABOUT_CSS = """.about { display: flex; flex-wrap: wrap; gap: 2px 14px; margin: 2px 0 0; font-size: 12px; }
.about a { color: var(--rondo-accent); }"""

KEEP_IN_ADDRESS = """(kept) => {
  if (kept.narrowed !== undefined) document.body.toggleAttribute("data-narrowed", kept.narrowed);
  if (kept.address === undefined) return;
  const address = new URL(window.location.href);
  address.search = kept.address;
  history.replaceState(history.state, "", address);
}"""
