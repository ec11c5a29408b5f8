"""Markup of the prompts page. Values go in through {{ }}, which escapes them."""

SET = """
{{#if value}}
{{#if value.missing}}<div class="rondo-empty" role="alert"><p>{{value.missing}}</p></div>
{{else}}{{#if value.is_empty}}
<div class="rondo-empty"><p><b>No prompt set yet.</b></p>
<p><a href="prompts">Import a file of prompts</a> in the tab Import: JSONL, CSV, plain text, Parquet and more.
A share of it can be held out for measuring.</p></div>
{{else}}
<section class="rondo-card prompt-set" aria-label="The chosen prompt set">
  <header><h2>{{value.name}}</h2><span class="rondo-badge {{value.badge}}">{{value.split}}</span>
  <span class="rondo-muted">{{value.facts}}</span></header>
  {{#if value.report}}<p>{{value.report}}</p>{{/if}}
  {{#if value.notes}}<ul>{{#each value.notes}}<li>{{this}}</li>{{/each}}</ul>{{/if}}
  {{#if value.link}}<p>
  <a href="{{value.link}}" download>Download the list of all rows that were left out (CSV)</a></p>{{/if}}
</section>
{{/if}}{{/if}}{{/if}}
"""
SET_CSS = """
.prompt-set header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 12px; }
.prompt-set h2 { margin: 0; overflow-wrap: anywhere; }
.prompt-set p { margin: 8px 0 0; }
.prompt-set ul { margin: 8px 0 0; padding-left: 22px !important; }
.prompt-set a { color: var(--rondo-accent); }
"""

WHY = """{{#if value}}<p class="rondo-muted">{{value}}</p>{{/if}}"""
WHY_CSS = "p { margin: 0; }"

NOTES = """
{{#if value}}<div role="status">
{{#if value.format}}<p class="import-format"><b>Recognised</b> {{value.format}}</p>{{/if}}
{{#if value.notes}}<ul class="rondo-muted">{{#each value.notes}}<li>{{this}}</li>{{/each}}</ul>{{/if}}
{{#if value.problems}}<ul class="rondo-problem">{{#each value.problems}}<li>{{this}}</li>{{/each}}</ul>{{/if}}
</div>{{/if}}
"""
NOTES_CSS = "ul { margin: 0 0 8px; padding-left: 26px !important; } p { margin: 0 0 8px; }"

KEEP_IN_ADDRESS = """(kept) => {
  const address = new URL(window.location.href);
  for (const [name, value] of Object.entries(kept || {}))
    if (value) address.searchParams.set(name, value); else address.searchParams.delete(name);
  history.replaceState(history.state, "", address);
}"""
