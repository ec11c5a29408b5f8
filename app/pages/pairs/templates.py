"""Markup of the pair builder. Values go in through {{ }}, which escapes them."""

from app.widgets import drop_bars

RESULT = (
    """
{{#if value.message}}<div class="rondo-empty" role="status"><p>{{value.message}}</p>
<p><a href="new-round">Launch a round</a> · <a href="./">See the loop</a></p></div>{{/if}}
{{#if value.rows}}
<section class="rondo-card built" aria-label="What the knobs come to">
<p class="rows" role="status"><b>{{value.rows}}</b> {{value.of}}</p>
<p>{{value.gap}}</p>
{{#if value.drops}}<h3>Prompts without a pair</h3>
"""
    + drop_bars.template("value.drops")
    + """{{/if}}
{{#if value.categories}}<h3>Pairs by {{value.category}}</h3>
<p class="categories">{{#each value.categories}}<span>{{this.name}} <b>{{this.count}}</b></span> {{/each}}
{{#if value.others}}<span class="rondo-muted">{{value.others}}</span>{{/if}}</p>{{/if}}
{{#if value.unfit}}<p class="unfit" role="note">{{value.unfit}}
{{#if value.form}}<a href="{{value.form}}">Set up a branch with these pairs</a>{{/if}}</p>{{/if}}
{{#if value.blind}}<p class="rondo-muted">{{value.blind}}</p>{{/if}}
{{#if value.none}}<p class="rondo-problem">{{value.none}}</p>{{/if}}
{{#if value.examples}}<h2>Examples</h2>
{{#each value.examples}}<article><p class="rondo-muted small" dir="auto">{{this.prompt}}</p>
<p class="rondo-muted small">{{this.margin}}</p>
<div class="sides"><div><a href="{{this.target}}" class="small">chosen</a><p dir="auto">{{this.chosen}}</p></div>
<div><a href="{{this.other}}" class="small">rejected</a><p dir="auto">{{this.rejected}}</p></div></div>
</article>{{/each}}{{/if}}
</section>{{/if}}
"""
)
RESULT_CSS = (
    drop_bars.CSS
    + """
.built p { margin: 0 0 6px; overflow-wrap: anywhere; } .built h3 { margin: 12px 0 4px; font-size: 13px; }
.built h2 { margin: 12px 0 4px; }
.rows b { font-size: 24px; font-variant-numeric: tabular-nums; } .small { font-size: 12px; }
.built .unfit { margin: 12px 0; }
.categories { display: flex; flex-wrap: wrap; gap: 4px 16px; }
article { padding: 8px 0; border-top: 1px solid var(--rondo-border); }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 200px), 1fr)); gap: 8px 16px; }
.sides p { white-space: pre-wrap; max-height: 9em; overflow: auto; }
a { color: var(--rondo-accent); }
/* Below the knobs, what they come to stands at the window's foot: whoever moves one sees it. */
@media (max-width: 700px) {
  .built { margin-bottom: 56px; }
  .built .rows {
    position: fixed; inset: auto 0 0; z-index: 40; margin: 0; padding: 6px 16px;
    background: var(--rondo-surface); border-top: 1px solid var(--rondo-border);
  }
}
"""
)
