"""Markup of the datasets page. Values go in through {{ }}, which escapes them."""

DATASET = """
{{#if value}}
{{#if value.missing}}<div class="rondo-empty" role="alert"><p>{{value.missing}}</p></div>
{{else}}{{#if value.is_empty}}
<div class="rondo-empty"><p><b>No dataset yet.</b></p>
<p>A round freezes what its selector kept, right before it trains. Launch a round first.</p></div>
{{else}}
<section class="rondo-card dataset" aria-label="The chosen dataset">
  <header><h2>{{value.title}}</h2><span class="rondo-badge accent">{{value.type}}</span>
  <span class="rondo-muted">{{value.rows}}</span></header>
  <dl>
    <dt>Frozen by</dt><dd><a href="round?round={{value.round_id}}">round {{value.round}}</a>, {{value.made}}</dd>
    <dt>Trained</dt><dd>{{#if value.checkpoint}}<a href="checkpoints?checkpoint={{value.checkpoint_id}}"
      >{{value.checkpoint}}</a>{{else}}{{value.untrained}}{{/if}}</dd>
    <dt>Content hash</dt><dd><code>{{value.hash}}</code></dd>
    {{#each value.provenance}}<dt>{{this.name}}</dt><dd>{{this.value}}</dd>{{/each}}
  </dl>
</section>
{{/if}}{{/if}}{{/if}}
"""
DATASET_CSS = """
.dataset header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 12px; }
.dataset h2 { margin: 0; }
.dataset dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px; margin: 12px 0 0; }
.dataset dt { color: var(--rondo-muted); }
.dataset dd { margin: 0; overflow-wrap: anywhere; }
.dataset a { color: var(--rondo-accent); }
"""

DOWNLOAD = """
{{#if value}}<a class="rondo-primary" href="{{value.link}}" download="{{value.name}}">Download {{value.name}}</a>{{/if}}
"""
DOWNLOAD_CSS = "a { display: inline-block; text-decoration: none; }"

STATUS = """
{{#if value}}<div role="status" class="{{#if value.is_bad}}rondo-problem{{else}}rondo-card{{/if}}">
{{#each value.lines}}<div>{{this}}</div>{{/each}}</div>{{/if}}
"""

KEEP_IN_ADDRESS = """(kept) => {
  const address = new URL(window.location.href);
  if (kept && kept.dataset) address.searchParams.set("dataset", kept.dataset);
  history.replaceState(history.state, "", address);
}"""
