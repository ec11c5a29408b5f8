"""Markup of the datasets page. Values go in through {{ }}, which escapes them."""

from app.widgets import drop_bars

DATASET = """
{{#if value}}
{{#if value.missing}}<div class="rondo-empty" role="alert"><p>{{value.missing}}</p></div>
{{else}}{{#if value.is_empty}}
<div class="rondo-empty"><p><b>No dataset yet.</b></p>
<p>A round freezes what its selector kept, right before it trains. <a href="new-round">Launch a round</a> first, or see
how far <a href="./">the loop</a> is.</p></div>
{{else}}
<section class="rondo-card dataset" aria-label="The chosen dataset">
  <header><h2>{{value.title}}</h2><span class="rondo-badge accent">{{value.type}}</span>
  <span class="rondo-muted">{{value.rows}}</span></header>
  {{#if value.stale}}<p role="note"><span class="rondo-badge warn">stale</span> {{value.stale}}</p>{{/if}}
  <dl>
    <dt>Frozen by</dt><dd>{{#if value.is_round_in_trash}}round {{value.round}} (in the trash){{else}}<a
      href="round?round={{value.round_id}}">round {{value.round}}</a>{{/if}}, {{value.made}}</dd>
    <dt>Trained</dt><dd>{{#if value.checkpoint}}<a href="checkpoints?checkpoint={{value.checkpoint_id}}"
      >{{value.checkpoint}}</a>{{else}}{{value.untrained}}{{/if}}</dd>
    <dt>Content hash</dt><dd><code>{{value.hash}}</code></dd>
    {{#each value.provenance}}<dt>{{this.name}}</dt><dd>{{this.value}}</dd>{{/each}}
  </dl>
</section>
{{/if}}{{/if}}{{/if}}
"""
FUNNEL = (
    """
{{#if value.stages}}
<section class="funnel" aria-label="From prompts to training rows">
{{#each value.stages}}<article>
  <h3>{{this.name}} <b>{{this.count}}</b></h3>
  <span class="whole" aria-hidden="true"><i style="width: {{this.width}}%"></i></span>
  {{#if this.drops}}<p class="rondo-muted">Fell out:</p>"""
    + drop_bars.template("this.drops")
    + """{{/if}}
  {{#if this.beside}}<p class="rondo-muted">{{this.beside}}</p>{{/if}}
</article>{{/each}}
</section>{{/if}}
"""
)
FUNNEL_CSS = (
    drop_bars.CSS
    + """
.funnel { display: grid; gap: 14px; padding: 4px 0; }
.funnel h3 { display: flex; justify-content: space-between; margin: 0 0 3px; font-size: 14px; }
.funnel p { margin: 4px 0 2px; font-size: 12px; }
.whole { display: block; height: 10px; border-radius: 5px; background: var(--rondo-raised); overflow: hidden; }
.whole i { display: block; height: 100%; background: var(--rondo-accent); }
.funnel .drops { padding-left: 14px !important; }
"""
)
DATASET_CSS = """
.dataset header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 12px; }
.dataset h2 { margin: 0; }
.dataset dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px; margin: 12px 0 0; }
.dataset dt { color: var(--rondo-muted); }
.dataset dd { margin: 0; overflow-wrap: anywhere; }
.dataset a { color: var(--rondo-accent); }
"""

DOWNLOAD = """
{{#if value.link}}<a class="rondo-primary" href="{{value.link}}" download="{{value.name}}">Download {{value.name}}</a>
{{#if value.beside}}<a class="rondo-quiet" href="{{value.beside}}"
download="{{value.beside_name}}">Download {{value.beside_name}}</a>{{/if}}{{/if}}
"""
DOWNLOAD_CSS = "a { display: inline-block; margin: 0 8px 8px 0; text-decoration: none; overflow-wrap: anywhere; }"

STATUS = """
{{#if value}}<div role="status" class="{{#if value.is_bad}}rondo-problem{{else}}rondo-card{{/if}}">
{{#each value.lines}}<div>{{this}}</div>{{/each}}</div>{{/if}}
"""

KEEP_IN_ADDRESS = """(kept) => {
  const address = new URL(window.location.href);
  if (kept && kept.dataset) address.searchParams.set("dataset", kept.dataset);
  history.replaceState(history.state, "", address);
}"""
