"""Markup of the prompts page. Values go in through {{ }}, which escapes them."""

SET = """
{{#if value}}
{{#if value.missing}}<div class="rondo-empty" role="alert"><p>{{value.missing}}</p></div>
{{else}}{{#if value.is_empty}}
<div class="rondo-empty"><p><b>No prompt set yet.</b></p>
<p>Import a file of prompts in the tab Import: JSONL, CSV or Parquet.
A share of it can be held out for measuring.</p></div>
{{else}}
<section class="rondo-card prompt-set" aria-label="The chosen prompt set">
  <header><h2>{{value.name}}</h2><span class="rondo-badge {{value.badge}}">{{value.split}}</span>
  <span class="rondo-muted">{{value.facts}}</span></header>
  {{#if value.report}}<p>{{value.report}}</p>{{/if}}
  {{#if value.link}}<p>
  <a href="{{value.link}}" download>Download the list of all rows that were left out (CSV)</a></p>{{/if}}
</section>
{{/if}}{{/if}}{{/if}}
"""
SET_CSS = """
.prompt-set header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 12px; }
.prompt-set h2 { margin: 0; overflow-wrap: anywhere; }
.prompt-set p { margin: 8px 0 0; }
.prompt-set a { color: var(--rondo-accent); }
"""

NOTES = """
{{#if value}}<ul class="rondo-problem" role="status">{{#each value}}<li>{{this}}</li>{{/each}}</ul>{{/if}}
"""
NOTES_CSS = "ul { margin: 0; padding-left: 26px !important; }"

KEEP_IN_ADDRESS = """(kept) => {
  const address = new URL(window.location.href);
  for (const [name, value] of Object.entries(kept || {}))
    if (value) address.searchParams.set(name, value); else address.searchParams.delete(name);
  history.replaceState(history.state, "", address);
}"""
