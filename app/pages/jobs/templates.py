"""Markup of the jobs page. Values go in through {{ }}, which escapes them."""

CARD = """
{{#if value}}
{{#if value.missing}}<div class="rondo-empty" role="alert"><p>{{value.missing}}</p></div>{{else}}
<section class="rondo-card job" aria-label="The chosen job">
  <header>
    <h2>{{value.title}}</h2>
    <span class="rondo-badge {{value.badge}}">{{value.status}}</span>
    <span class="rondo-muted small">{{value.facts}}</span>
    {{#if value.round_id}}<a href="round?round={{value.round_id}}">The whole round</a>{{/if}}
    {{#if value.preview}}<a href="{{value.preview}}">The preview</a>{{/if}}
    {{#if value.training}}<a href="{{value.training}}">All curves, and what it reads</a>{{/if}}
  </header>
  <div class="bar" role="progressbar" aria-label="Progress" aria-valuemin="0" aria-valuemax="100"
    aria-valuenow="{{value.percent}}"><div class="{{value.badge}}" style="width: {{value.percent}}%"></div></div>
  <p class="progress">{{value.progress}}</p>
  {{#if value.waits_for}}<p class="rondo-problem">{{value.waits_for}}</p>{{/if}}
  {{#if value.machine}}<p class="rondo-muted">Ran on: {{value.machine}}</p>{{/if}}
  {{#if value.metrics}}
  <dl>{{#each value.metrics}}<div><dt>{{this.name}}</dt><dd>{{this.value}}</dd></div>{{/each}}</dl>
  {{/if}}
</section>
{{/if}}
{{else}}
<div class="rondo-empty"><p><b>No job yet.</b></p>
<p><a href="new-round">Launch a round</a>: each of its stages becomes a job that runs in the background.</p></div>
{{/if}}
"""
CARD_CSS = """
.job header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 12px; }
.job h2 { margin: 0; }
.job .small { font-size: 12px; }
.job .bar { height: 8px; margin: 12px 0 6px; border-radius: 4px; overflow: hidden; background: var(--rondo-raised); }
.job .bar div { height: 100%; background: var(--rondo-control); transition: width 0.4s ease-out; }
.job .bar div.accent { background: var(--rondo-accent); }
.job .bar div.ok { background: var(--rondo-ok); }
.job .bar div.bad { background: var(--rondo-bad); }
.job .progress { margin: 0; font-variant-numeric: tabular-nums; }
.job dl { display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 10px 0 0; }
.job dt { font-size: 12px; color: var(--rondo-muted); }
.job dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
@media (prefers-reduced-motion: reduce) { .job .bar div { transition: none; } }
"""

KEEP_IN_ADDRESS = """(seen) => {
  const address = new URL(window.location.href);
  address.searchParams.set("job", seen.job);
  history.replaceState(history.state, "", address);
}"""
