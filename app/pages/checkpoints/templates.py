"""Markup of the checkpoints page. Values go in through {{ }}, which escapes them."""

from app.widgets import drop_bars

TABLE = """
{{#if value}}{{#if value.rows}}
<div class="scroll"><table>
<thead><tr><th scope="col">Checkpoint</th><th scope="col">Made by</th><th scope="col" class="kind">Kind</th>
{{#each value.metrics}}<th scope="col" class="number">{{this}}</th>{{/each}}</tr></thead>
<tbody>{{#each value.rows}}<tr>
  <th scope="row" style="padding-left: calc(10px + {{this.indent}}px)">
    {{#if this.is_child}}<span class="rondo-muted" aria-hidden="true">└ </span>{{/if}}<a
      href="checkpoints?checkpoint={{this.id}}">{{this.name}}</a>
    {{#if this.is_doubtful}}<span class="rondo-badge warn">learned from removed work</span>{{/if}}</th>
  <td>{{this.round}}</td><td class="kind">{{this.kind}}</td>
  {{#each this.cells}}
  <td class="number">{{this.value}}<br><span class="rondo-muted">{{this.interval}}</span></td>{{/each}}
</tr>{{/each}}</tbody></table></div>
{{/if}}{{#unless value.rows}}<div class="rondo-empty"><p><b>No checkpoint yet.</b></p>
<p><a href="checkpoints">Register the model</a> that the loop starts from, in the tab Register.</p></div>
{{/unless}}{{/if}}
"""
TABLE_CSS = """
.scroll { overflow-x: auto; border: 1px solid var(--rondo-border); border-radius: var(--rondo-radius); }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 7px 10px; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rondo-border); }
tbody tr:last-child > * { border-bottom: 0; }
a { color: var(--rondo-accent); text-underline-offset: 2px; }
thead th { color: var(--rondo-muted); font-weight: 500; font-size: 12px; white-space: nowrap; }
tbody th { font-weight: 550; white-space: nowrap; }
.number { text-align: right; white-space: nowrap; }
.number span { font-size: 12px; }
/* The numbers are what one compares: the kind stands in the detail, too. */
@media (max-width: 520px) {
  th, td { padding: 7px 5px; }
  tbody th { white-space: normal; overflow-wrap: anywhere; }
  .kind { display: none; }
}
"""

DETAIL = (
    """
{{#if value.missing}}<div class="rondo-empty" role="alert"><p>{{value.missing}}</p></div>{{/if}}
{{#if value.name}}<section class="rondo-card detail">
<h2>{{value.name}}</h2>
<p class="rondo-muted">{{value.kind}}, {{value.made}}</p>
{{#if value.can_chat}}<p><a href="chat?checkpoint={{value.id}}">Chat</a></p>{{/if}}
{{#if value.is_measured}}<p><a href="held-out?new={{value.id}}">Held-out answers</a>
<a href="compare?new={{value.side}}">Compare</a></p>{{/if}}
{{#if value.is_doubtful}}<p><span class="rondo-badge warn">learned from removed work</span> Work of a person that it
or an ancestor was trained on was removed later: see <a href="team">Team</a>, Remove work.</p>{{/if}}
<dl>
  <dt>Lineage</dt><dd>{{value.ancestors}}</dd>
  <dt>Location</dt><dd>{{value.location}} <span class="rondo-muted">{{value.size}}</span></dd>
  {{#if value.merged}}<dt>Merged</dt>
  <dd>adapter <a href="checkpoints?checkpoint={{value.merged.id}}">{{value.merged.adapter}}</a>
  <span class="rondo-muted">hash {{value.merged.hash}}</span> into {{value.merged.base}} by
  <a href="jobs?job={{value.merged.job}}">job {{value.merged.job}}</a></dd>
  <dt>Libraries</dt><dd>{{value.merged.libraries}}</dd>{{/if}}
  {{#each value.arenas}}<dt>Arena</dt><dd><a href="{{this.target}}">{{this.name}}</a> {{this.said}}</dd>{{/each}}
  {{#if value.is_made}}
  <dt>Round</dt><dd>{{#if value.is_round_in_trash}}{{value.round}}{{else}}<a
  href="round?round={{value.round_id}}">{{value.round}}</a>{{/if}}: {{value.recipe}}</dd>
  <dt>Roles</dt><dd>policy {{value.policy}}, reference {{value.reference}}, judge {{value.judge}}</dd>
  {{#if value.dataset}}<dt>Dataset</dt>
  <dd><a href="datasets?dataset={{value.dataset}}">{{value.examples}}</a>
  <span class="rondo-muted">hash {{value.hash}}</span></dd>{{/if}}
  {{#if value.job}}<dt>Training</dt>
  <dd><a href="jobs?job={{value.job}}">job {{value.job}}</a> {{value.training}}</dd>{{/if}}
  {{#if value.rows}}<dt>Training rows</dt><dd>{{value.rows}}</dd>{{/if}}
  {{#if value.libraries}}<dt>Libraries</dt><dd>{{value.libraries}}</dd>{{/if}}
  {{#if value.machine}}<dt>Trained on</dt><dd>{{value.machine}}</dd>{{/if}}
  {{/if}}
</dl>
{{#each value.uses}}
<details><summary>{{this.name}}{{#if this.lessons}}: {{this.number}}{{/if}}</summary>
<dl>{{#each this.knobs}}<dt>{{this.name}}</dt><dd class="said">{{this.value}}</dd>{{/each}}</dl>
{{#if this.lessons}}<table>
<tr><th scope="col">lesson</th><th scope="col">says</th><th scope="col">learned from</th></tr>
{{#each this.lessons}}<tr><th scope="row">{{this.name}}</th><td class="said">{{this.text}}</td>
<td>{{#each this.sources}}<a href="samples?sample={{this}}">{{this}}</a> {{/each}}{{this.more}}</td></tr>{{/each}}
</table>{{/if}}
</details>{{/each}}
{{#if value.is_made}}
<div class="columns">
<div><h3>From prompts to training rows</h3>
<table class="wide">{{#each value.funnel}}<tr><th scope="row">{{this.stage}}</th><td class="number">{{this.count}}</td>
<td>"""
    + drop_bars.template("this.drops")
    + """</td></tr>{{/each}}</table></div>
<div><h3>People behind it</h3>
{{#if value.people}}<table><tr><th scope="col">round</th><th scope="col">person</th><th scope="col">decisions</th>
<th scope="col">overrides</th></tr>
{{#each value.people}}<tr><td>{{this.round_number}}</td><td>{{this.person}}</td>
<td class="number">{{this.decisions}}</td><td class="number">{{this.overrides}}</td></tr>{{/each}}</table>{{/if}}
{{#unless value.people}}
<p class="rondo-muted">Nobody decided anything in its lineage: the judge's word alone.</p>{{/unless}}
</div></div>{{/if}}
{{#if value.is_registered}}<p class="rondo-muted">No round made it: it was registered.</p>{{/if}}
</section>{{/if}}
"""
)
DETAIL_CSS = (
    drop_bars.CSS
    + """
details { margin-top: 10px; } summary { cursor: pointer; } .said { white-space: pre-wrap; overflow-wrap: anywhere; }
.detail h2, .detail p { margin: 0; }
.detail h2 { font-size: 16px; }
.detail h3 { margin: 14px 0 4px; font-size: 13px; font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px; margin: 12px 0 0; }
dt { color: var(--rondo-muted); } dd { margin: 0; overflow-wrap: anywhere; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(300px, 100%), 1fr)); gap: 0 32px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 3px 14px 3px 0; text-align: left; font-weight: 400; vertical-align: top; }
th[scope="col"] { color: var(--rondo-muted); font-size: 12px; }
.number { text-align: right; }
.wide { width: 100%; } .wide td:last-child { width: 75%; padding-right: 0; }
a { color: var(--rondo-accent); }
/* On a phone why rows fell out stands below their number, not beside it. */
@media (max-width: 520px) {
  .wide tr { display: grid; grid-template-columns: 1fr auto; } .wide td:last-child { grid-column: 1 / -1; width: auto; }
}
"""
)

STATE = """{{#if value}}<p role="status" class="{{#if value.is_bad}}rondo-problem{{/if}}">{{value.text}}</p>{{/if}}"""

SURE = """
{{#if value}}<p role="alert">{{value.name}} leaves the list for good. Its files stay where they are. A checkpoint that
a round, a sample or another checkpoint refers to is refused.</p>{{/if}}
"""
