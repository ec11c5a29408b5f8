"""Markup of previews. Values go in through {{ }}, which escapes them."""

from app.pages.training.templates import REPORT

PREVIEW = """
{{#if value.message}}<div class="rondo-empty" role="status"><p><b>{{value.message}}</b></p>
<p>Open <a href="new-round">New round</a>, fill the form, and press <i>Preview on 5 prompts</i>.</p></div>{{/if}}
{{#if value.id}}
<section class="rondo-card head" aria-label="Preview {{value.id}}">
<p class="line"><b>{{value.title}}</b> <span class="rondo-badge {{value.badge}}" role="status">{{value.status}}</span>
<span class="rondo-muted">{{value.said}}</span></p>
{{#if value.progress}}<p class="rondo-muted">{{value.progress}}</p>{{/if}}
{{#if value.error}}<p class="rondo-problem" role="alert">{{value.error}}</p>{{/if}}
{{#if value.empty}}<p class="warn" role="status">{{value.empty}} Of so few prompts that may be chance; where no text
was accepted, look at what the judge replied.</p>{{/if}}
{{#each value.warnings}}<p class="warn">{{this}}</p>{{/each}}
<dl>{{#each value.facts}}<div><dt>{{this.name}}</dt><dd>{{this.value}}</dd></div>{{/each}}</dl>
{{#if value.loose}}<p class="rondo-muted small">{{value.loose}}</p>{{/if}}
<p>{{#each value.links}}<a href="{{this.target}}">{{this.text}}</a> {{/each}}</p>
</section>
{{#if value.steps}}<section aria-label="Steps"><h2>Steps</h2>
<ol class="steps">{{#each value.steps}}<li><span>{{this.line}}</span>
<span class="rondo-muted">{{this.said}}</span></li>{{/each}}</ol>
{{#if value.not_run}}<p class="rondo-muted">Not run, since they work with what the training would make:
{{value.not_run}}. Measuring is left out, too.</p>{{/if}}</section>{{/if}}
{{#if value.groups}}<section aria-label="Questions"><h2>Questions and texts</h2>
{{#if value.masked}}<p class="rondo-muted">{{value.masked}}</p>{{/if}}
{{#if value.more}}<p class="rondo-muted">{{value.more}}</p>{{/if}}
{{#each value.groups}}<article class="rondo-card group" aria-label="{{this.head}}">
<p class="rondo-muted small">{{this.head}}</p>
{{#each this.messages}}<p class="rondo-muted small">{{this.role}}</p>
<div class="words" dir="auto">{{this.content}}</div>{{/each}}
{{#if this.answer}}<p class="small"><span class="rondo-muted">known answer</span> {{this.answer}}</p>{{/if}}
{{#if this.dropped}}<p class="warn small">Dropped: {{this.dropped}}</p>{{/if}}
<div class="samples">{{#each this.samples}}<div class="sample">
<p class="line small">{{#if this.fate}}<span class="rondo-badge {{this.badge}}">{{this.fate}}</span>
{{/if}}{{this.facts}}</p>
<div class="words" dir="auto">{{this.text}}</div>
{{#if this.judgments}}<details data-fold="text {{this.id}}"><summary>What the judge said</summary>
{{#each this.judgments}}<p class="rondo-muted small">{{this.head}}</p><div class="words" dir="auto">{{this.raw}}</div>
{{/each}}</details>{{/if}}</div>{{/each}}</div>
</article>{{/each}}</section>{{/if}}
{{#if value.funnels}}<section aria-label="What was kept"><h2>What was kept, and why not the rest</h2>
{{#each value.funnels}}<div class="rondo-card"><p class="small"><b>{{this.head}}</b></p>
<ul>{{#each this.stages}}<li>{{this}}</li>{{/each}}</ul></div>{{/each}}</section>{{/if}}
{{#if value.left_out}}<section aria-label="Left out"><h2>Left out</h2>
<ul>{{#each value.left_out}}<li>{{this}}</li>{{/each}}</ul></section>{{/if}}
{{#if value.no_preflight}}<p class="rondo-muted">{{value.no_preflight}}</p>{{/if}}
{{/if}}
"""
PREVIEW_CSS = """
h2 { margin: 14px 0 6px; font-size: 14px; } p { margin: 0 0 6px; } .small { font-size: 12px; margin: 4px 0 0; }
.line { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: baseline; }
.warn { color: var(--rondo-warn); } .rondo-problem { white-space: pre-line; overflow-wrap: anywhere; }
dl { display: flex; flex-wrap: wrap; gap: 6px 28px; margin: 0 0 8px; font-variant-numeric: tabular-nums; }
dt { color: var(--rondo-muted); font-size: 12px; } dd { margin: 0; font-weight: 600; }
a { color: var(--rondo-accent); } a + a { margin-left: 12px; }
.steps { margin: 0; padding: 0; list-style: none; }
.samples { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)); gap: 4px 16px; }
.steps li { overflow-wrap: anywhere; }
.group { margin-bottom: 10px; }
.words { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 16em; overflow: auto; }
.sample { min-width: 0; margin-top: 8px; padding: 6px 0 0 10px; border-left: 2px solid var(--rondo-border); }
summary { cursor: pointer; font-size: 12px; padding: 4px 0; } ul { margin: 0; padding-left: 20px; }
"""
ROWS = "{{#if value.is_there}}" + REPORT + "{{/if}}"
"""What the trainer would read, where it was looked at."""
