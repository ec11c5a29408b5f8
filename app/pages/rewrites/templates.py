"""Markup of rewrites. Values go in through {{ }}, which escapes them."""

OFFER = """
{{#if value.said}}<p class="{{value.kind}}" role="status">{{value.said}}</p>{{/if}}
{{#if value.note}}<p class="warn">{{value.note}}</p>{{/if}}
"""
OFFER_CSS = "p { margin: 0; } .warn { color: var(--rondo-warn); } .plain { color: var(--rondo-muted); }"
CARD = """
{{#if value.message}}<div class="rondo-empty" role="status"><p><b>{{value.message}}</b></p>
<p>Choose a round above whose judge people contradict, as the light on <a href="round">its page</a> says, and a model
that writes another template.</p></div>{{/if}}
{{#if value.id}}
<section class="rondo-card" aria-label="Rewrite {{value.id}}">
<p class="line"><b>{{value.title}}</b> <span class="rondo-badge {{value.badge}}" role="status">{{value.status}}</span>
<span class="rondo-muted">{{value.about}}</span></p>
{{#if value.progress}}<p class="rondo-muted">{{value.progress}}</p>{{/if}}
{{#if value.error}}<p class="rondo-problem" role="alert">{{value.error}}</p>{{/if}}
{{#if value.said}}<p class="line"><span class="rondo-badge {{value.verdict}}">{{value.word}}</span> {{value.said}}</p>
{{#if value.note}}<p class="rondo-problem">{{value.note}}</p>{{/if}}
<div class="scroll" tabindex="0" role="group" aria-label="Agreement with people, a table"><table>
<thead><tr><th scope="col">agreement with people</th><th scope="col">before</th><th scope="col">after</th>
<th scope="col">gain</th></tr></thead>
<tbody>{{#each value.sides}}<tr><th scope="row">{{this.name}}</th><td>{{this.before}}</td><td>{{this.after}}</td>
<td>{{this.gain}}</td></tr>{{/each}}</tbody></table></div>
<p class="rondo-muted small">{{value.how}}</p>{{/if}}
<p>{{#each value.links}}<a class="{{this.kind}}" href="{{this.target}}">{{this.text}}</a> {{/each}}</p>
</section>
{{#if value.pieces}}<section aria-label="The template"><h2>What changed in the template</h2>
<div class="rondo-card words" dir="auto" tabindex="0" role="group" aria-label="What changed in the template">{{#each
value.pieces}}{{#if this.out}}<del>{{this.out}}</del>{{/if}}{{#if
this.in}}<ins>{{this.in}}</ins>{{/if}}{{#if this.same}}<span>{{this.same}}</span>{{/if}}{{/each}}</div></section>{{/if}}
{{#if value.examples}}<section aria-label="Unseen texts"><h2>Unseen texts on which the judge changed its mind</h2>
{{#each value.examples}}<article class="rondo-card example"><p class="line small">
<span class="rondo-badge {{this.badge}}">{{this.word}}</span> {{this.people}}
<a href="{{this.target}}">the sample</a></p>
<p class="rondo-muted small">prompt</p><div class="words" dir="auto">{{this.prompt}}</div>
<p class="rondo-muted small">text</p><div class="words" dir="auto">{{this.text}}</div>
<details data-fold="{{this.target}}"><summary>What the judge said before and after</summary>
<p class="rondo-muted small">before</p><div class="words" dir="auto">{{this.before}}</div>
<p class="rondo-muted small">after</p><div class="words" dir="auto">{{this.after}}</div></details></article>{{/each}}
</section>{{/if}}{{/if}}
"""
CARD_CSS = """
h2 { margin: 14px 0 6px; font-size: 14px; } p { margin: 0 0 6px; } .small { font-size: 12px; margin: 4px 0 0; }
.line { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: baseline; }
.rondo-problem { white-space: pre-line; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 14px 5px 0; text-align: left; border-bottom: 1px solid var(--rondo-border); white-space: nowrap; }
thead th { color: var(--rondo-muted); font-weight: 500; font-size: 12px; }
.words { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 40em; overflow: auto; }
.example { margin-bottom: 10px; } .example .words { max-height: 10em; }
ins { background: var(--rondo-ok-soft); color: var(--rondo-ok); text-decoration: underline; }
del { background: var(--rondo-bad-soft); color: var(--rondo-bad); }
a + a { margin-left: 12px; } a:not(.rondo-primary) { color: var(--rondo-accent); }
a.rondo-primary { display: inline-block; }
summary { cursor: pointer; font-size: 12px; padding: 4px 0; }
"""
KEEP_IN_ADDRESS = """(seen) => {
  const address = new URL(window.location.href);
  address.searchParams.set("rewrite", seen.rewrite);
  history.replaceState(history.state, "", address);
}"""
