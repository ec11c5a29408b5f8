"""Markup of the recipes page. Values go in through {{ }}, which escapes them."""

COUNT = """
{{#if value}}<p class="rondo-muted" role="status">{{value.said}}{{#if value.none}}. {{value.none}}{{/if}}</p>{{/if}}
"""
COUNT_CSS = "p { margin: 0; }"

RECIPE = """
{{#if value}}
{{#if value.missing}}<div class="rondo-empty" role="alert"><p>{{value.missing}}</p></div>
{{else}}{{#if value.is_empty}}
<div class="rondo-empty"><p><b>No recipe is chosen.</b></p>
<p>Choose one from the list to read what its paper did and what differs here, and to launch it.</p></div>
{{else}}
<section class="rondo-card recipe" aria-label="The chosen recipe">
  <header><h2>{{value.title}}</h2><code>{{value.name}}</code>
  {{#if value.is_own}}<span class="rondo-badge accent">this project's own</span>{{/if}}</header>
  {{#if value.problem}}<p class="rondo-problem">{{value.problem}}</p>{{/if}}
  {{#if value.reference}}<p class="rondo-muted">{{value.reference}}</p>{{/if}}
  {{#if value.about.url}}<p><a href="{{value.about.url}}" target="_blank" rel="noreferrer">{{value.about.paper}}</a></p>
  {{/if}}
  {{#if value.last}}<p class="last"><a href="{{value.last.link}}">{{value.last.round}}</a>
  <span class="rondo-badge {{value.last.badge}}">{{value.last.status}}</span>
  <span class="rondo-muted">{{value.last.started}}</span> {{value.last.reached}}</p>
  {{#if value.last.error}}<p class="rondo-problem">{{value.last.error}}</p>{{/if}}
  {{else}}<p class="rondo-muted">No round of this project ran it yet.</p>{{/if}}
  <dl>{{#each value.facts}}<dt>{{this.name}}</dt><dd>{{this.value}}</dd>{{/each}}</dl>
  {{#each value.sections}}
  <h3>{{this.title}}</h3>
  {{#each this.blocks}}
  {{#if this.text}}<p>{{this.text}}</p>{{/if}}
  {{#if this.items}}<ul>{{#each this.items}}<li>{{this}}</li>{{/each}}</ul>{{/if}}
  {{/each}}
  {{/each}}
  {{#each value.phases}}
  <h3>{{this.title}}</h3>
  <ul class="steps">{{#each this.lines}}<li>{{this}}</li>{{/each}}</ul>
  {{/each}}
</section>
{{/if}}{{/if}}{{/if}}
"""
RECIPE_CSS = """
.recipe header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 12px; }
.recipe h2, .recipe p { margin: 0; overflow-wrap: anywhere; }
.recipe p { margin-top: 6px; }
.recipe h3 { margin: 14px 0 4px; }
.recipe code { padding: 1px 4px; border-radius: 4px; background: var(--rondo-raised); }
.recipe ul { margin: 4px 0 0; padding-left: 20px !important; }
.recipe li { margin: 3px 0; overflow-wrap: anywhere; }
.recipe .steps { padding-left: 0 !important; list-style: none; }
.recipe dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px; margin: 12px 0 0; }
.recipe dt { color: var(--rondo-muted); }
.recipe dd { margin: 0; overflow-wrap: anywhere; }
.recipe a { color: var(--rondo-accent); }
"""

LAUNCH = """{{#if value}}<a class="rondo-primary" href="{{value.link}}">Launch this</a>{{/if}}"""
LAUNCH_CSS = "a { display: inline-block; margin-top: 4px; text-decoration: none; }"

KEEP_IN_ADDRESS = """(kept) => {
  const address = new URL(window.location.href);
  for (const [name, value] of Object.entries(kept || {}))
    if (value) address.searchParams.set(name, value); else address.searchParams.delete(name);
  history.replaceState(history.state, "", address);
}"""
