"""Markup of the training page. Values go in through {{ }}, which escapes them."""

SAID = """
{{#each value.lines}}<p class="rondo-muted" role="status">{{this}}</p>{{/each}}
{{#if value.links}}<p class="links">{{#each value.links}}<a href="{{this.target}}">{{this.text}}</a> {{/each}}</p>
{{/if}}
"""
SAID_CSS = """
p { margin: 0 0 6px; } .links { display: flex; flex-wrap: wrap; gap: 4px 16px; } a { color: var(--rondo-accent); }
"""
REPORT = """
{{#if value}}
{{#if value.unseen}}<div class="rondo-empty"><p><b>Nothing was looked at yet.</b></p><p>{{value.unseen}}
{{#if value.target}}<a href="{{value.target}}">{{value.link}}</a>{{/if}}</p></div>{{else}}
{{#if value.wait}}<div class="rondo-empty" role="status"><p>{{value.wait}}</p>
<p>How far it is stands in <a href="jobs">Jobs</a>.</p></div>{{else}}
<section class="rondo-card report" aria-label="Pre-flight">
<dl>{{#each value.facts}}<div><dt>{{this.name}}</dt><dd>{{this.value}}</dd></div>{{/each}}</dl>
{{#if value.slow}}<p role="status"><span class="rondo-badge warn">warning</span> {{value.slow}}</p>{{/if}}
{{#if value.left}}<p>Left out: {{value.left}}.</p>{{/if}}
{{#if value.memory}}<p><b>About {{value.memory.total}} of memory</b>: {{value.memory.parts}}.</p>
<details><summary>How the estimate is computed</summary><p class="rondo-muted">{{value.memory.how}}</p></details>{{/if}}
<h2>The first rows as the trainer reads them</h2>
<p class="rondo-muted key"><mark>Marked</mark> tokens are in the loss; the others are read only.
{{#if value.dataset}}<a href="{{value.dataset}}">The dataset</a>{{/if}}</p>
{{#each value.first}}<article aria-label="Row {{this.number}}">
{{#each this.texts}}<p class="rondo-muted small">{{this.head}}</p>
<p class="tokens" dir="auto">{{#each this.parts}}{{#if this.learned}}<mark>{{this.text}}</mark>{{else
}}<span>{{this.text}}</span>{{/if}}{{/each}}</p>
{{#if this.cut}}<p class="rondo-muted small">{{this.cut}}</p>{{/if}}{{/each}}
</article>{{/each}}
{{#if value.config}}<details><summary>The exact config ({{value.config_class}})</summary>
<p class="rondo-muted">What differs from TRL's defaults.</p>
<dl class="config">{{#each value.config}}<div><dt>{{this.name}}</dt><dd>{{this.value}}</dd></div>{{/each}}</dl>
</details>{{/if}}
{{#if value.no_script}}<p class="rondo-muted">There is no script of TRL alone. {{value.no_script}}</p>{{/if}}
</section>{{/if}}{{/if}}
{{else}}<div class="rondo-empty"><p><b>Nothing to show yet.</b></p>
<p>A training notes here what it is about to do: its rows, tokens, memory, and the first rows with what is learned.
<a href="new-round">Launch a round</a> that trains, or look at the rows of a dataset in the tab Before a launch.</p>
</div>{{/if}}
"""
REPORT_CSS = """
.report h2 { margin: 14px 0 4px; font-size: 14px; } .report p { margin: 6px 0; }
dl { display: flex; flex-wrap: wrap; gap: 6px 24px; margin: 0 0 6px; }
dt { font-size: 12px; color: var(--rondo-muted); }
dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.small { font-size: 12px; }
article { padding: 8px 0; border-bottom: 1px solid var(--rondo-border); }
.tokens { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 16em; overflow: auto; }
.tokens span { color: var(--rondo-muted); }
mark { color: var(--rondo-text); background: color-mix(in srgb, var(--rondo-accent) 24%, transparent);
  border-radius: 2px; box-decoration-break: clone; }
summary { cursor: pointer; padding: 4px 0; }
a { color: var(--rondo-accent); }
"""
KEEP_IN_ADDRESS = """(seen) => {
  const address = new URL(window.location.href);
  address.searchParams.set("rounds", seen.rounds);
  history.replaceState(history.state, "", address);
}"""
