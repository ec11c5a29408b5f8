"""Markup of the overview. Values go in through {{ }}, which escapes them."""

ACTION = """
{{#if value}}
<section class="rondo-card next" aria-label="What to do next" aria-live="polite">
  <p class="why">{{value.why}} <span aria-live="off">{{value.far}}</span></p>
  {{#if value.label}}<a class="rondo-primary" href="{{value.target}}">{{value.label}}</a>{{/if}}
  {{#if value.change}}<a class="rondo-quiet" href="{{value.target}}">Change something first</a>{{/if}}
</section>
{{/if}}
"""
ACTION_CSS = """
.next {
  display: flex; flex-wrap: wrap; align-items: center; gap: 10px 16px; border-left: 3px solid var(--rondo-accent);
}
.next .why { margin: 0; flex: 1 1 280px; }
.next a { text-decoration: none; display: inline-block; }
"""

SURE = """
{{#if value}}<p role="alert">Round {{value.number}} ends here for good. {{value.lost}} Its samples and decisions stay to
be read, and a branch of the round can use them.</p>{{/if}}
"""

LINE = """
{{#if value}}
{{#if value.best}}<p class="best" role="status">
{{#if value.best.none_above}}<b>{{value.best.none_above}}</b>{{/if}}
<b>{{value.best.word}}: <a href="round?round={{value.best.id}}">round
{{value.best.number}}</a>, {{value.best.accuracy}}</b>
{{#each value.best.gaps}}<span>{{this}}</span>{{/each}}
<span class="rondo-muted">{{value.best.chosen}}</span>
{{#if value.best.worse}}<span class="bad">Got worse in it: <a href="{{value.best.worse_href}}">{{value.best.worse}}</a>
</span>{{/if}}{{#if value.best.better}}<span class="ok">{{value.best.better}}</span>{{/if}}
{{#if value.best.turned}}<span>{{#if value.best.turned_href}}<a
href="{{value.best.turned_href}}">{{value.best.turned}}</a>{{else}}{{value.best.turned}}{{/if}}
{{value.best.turned_rest}}</span>{{/if}}
{{#if value.best.no_effect}}<span class="bad">{{value.best.no_effect}}</span>{{/if}}
{{#if value.best.worse_unknown}}<span class="rondo-muted">What got worse in it is not known.</span>{{/if}}
<a href="{{value.best.compare}}">{{value.best.compare_said}}</a></p>{{/if}}
<div class="line" tabindex="0" role="group" aria-label="The loop, a tree of rounds">
<div class="tree" role="list" aria-label="Rounds, oldest first">
{{#each value.rounds}}
  <article class="rondo-card round {{#if this.is_base}}base{{/if}}" role="listitem"
    style="grid-column: {{this.column}}; grid-row: {{this.lane}}">
    <header>
      <h2>{{#if this.is_base}}{{this.title}}{{else}}<a href="round?round={{this.id}}">{{this.title}}</a>{{/if}}</h2>
      {{#if this.status}}<span class="rondo-badge {{this.badge}}">{{this.status}}</span>{{/if}}
    </header>
    <p class="rondo-muted small">{{#if this.recipe}}{{this.recipe}}{{else}}{{this.checkpoint}}{{/if}} {{this.from}}</p>
    <p class="accuracy"><b>{{this.accuracy}}</b> <span class="rondo-muted small">{{this.interval}}</span>
      {{#if this.best}}<span class="rondo-badge {{this.best.badge}}">{{this.best.text}}</span>{{/if}}
      {{#if this.is_baseline}}<span class="rondo-badge accent">baseline</span>{{/if}}</p>
    {{#if this.change}}<p class="small change">{{#if this.change.target}}<a href="{{this.change.target}}"
      title="What got better and what got worse"
      class="rondo-badge {{this.change.badge}}">{{this.change.points}}</a>{{else}}<span
      class="rondo-badge {{this.change.badge}}">{{this.change.points}}</span>{{/if}} {{this.change.rest}}</p>{{/if}}
    {{#if this.to_baseline}}<p class="small change"><span class="rondo-badge {{this.to_baseline.badge}}"
      >{{this.to_baseline.points}}</span> {{this.to_baseline.rest}}</p>{{/if}}
    {{#if this.to_base}}<p class="small change"><span class="rondo-badge {{this.to_base.badge}}"
      >{{this.to_base.points}}</span> {{this.to_base.rest}}</p>{{/if}}
    {{#unless this.is_base}}
    <ol class="stages" aria-hidden="true">
      {{#each this.stages}}<li class="{{this.state}}" title="{{this.name}}"></li>{{/each}}
    </ol>
    {{#if this.progress}}<p class="rondo-muted small progress">{{this.progress}}</p>{{/if}}
    {{#if this.follows}}<p class="rondo-muted small">{{this.follows}}</p>{{/if}}
    {{#if this.error}}<p class="error small" title="{{this.error}}">{{this.error}}</p>{{/if}}
    {{#each this.warned}}<p class="small lights" aria-label="Warnings"><span class="rondo-muted">{{this.head}}</span>
      {{#each this.lights}}<a class="rondo-badge {{this.badge}}" href="{{this.href}}" title="{{this.advice}}"
      >{{this.level}}: {{this.title}}</a> {{/each}}</p>{{/each}}
    {{#if this.is_calm}}<p class="small"><a href="warnings?round={{this.id}}">No warning</a>
      <span class="rondo-muted">{{this.not_known}}</span></p>{{/if}}
    <dl>
      <div><dt>samples</dt><dd>{{this.samples}}</dd></div>
      <div><dt>judged</dt><dd>{{this.judged}}</dd></div>
      <div><dt>kept</dt><dd>{{this.kept}}</dd></div>
      <div><dt>time</dt><dd>{{this.time}}</dd></div>
      <div class="whole"><dt>looked at</dt><dd>{{this.looked_at}}</dd></div>
      <div class="whole"><dt>overridden</dt><dd>{{this.overridden}}</dd></div>
    </dl>
    <footer class="small">
      <a href="samples?round={{this.id}}">Samples</a>
      {{#if this.left_out}}<a href="jobs?left_out={{this.id}}">{{this.left_out}}</a>{{/if}}
      {{#if this.checkpoint}}<a href="checkpoints?checkpoint={{this.checkpoint_id}}">{{this.checkpoint}}</a>
      {{#if this.interval}}<a href="held-out?new={{this.checkpoint_id}}">Held-out answers</a>{{/if}}
      <a href="compare?new=r{{this.id}}">What changed</a>{{/if}}
      <span class="rondo-needs-curator">
        {{#if this.checkpoint}}<a href="new-round?from={{this.id}}">Start from here</a>{{/if}}
        {{#if this.is_stopped}}<a href="new-round?again={{this.id}}">Change and launch again</a>{{/if}}
      </span>
    </footer>
    {{/unless}}
  </article>
{{/each}}
{{#each value.edges}}<i class="edge {{this.style}}" aria-hidden="true"
  style="grid-column: {{this.column}}; grid-row: {{this.lane}}"></i>{{/each}}
</div></div>
{{#unless value.rounds}}
<div class="rondo-empty"><p><b>No round yet.</b></p>
<p>A round lets a checkpoint answer prompts and judge its answers, shows both to people,
and fine-tunes on what was kept. <a href="recipes">Read what the recipes do</a>, or
<a href="new-round">fill in the form of a round</a>.</p></div>
{{/unless}}
{{/if}}
"""
LINE_CSS = """
.best { display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 0 0 10px; }
.best a { color: var(--rondo-accent); } .best .bad, .best .bad a { color: var(--rondo-bad); }
.best .ok { color: var(--rondo-ok); }
.line { position: relative; overflow-x: auto; padding-bottom: 2px; }
.tree { display: grid; grid-auto-columns: max-content; justify-content: start; }
.round { width: 268px; box-sizing: border-box; display: flex; flex-direction: column; gap: 6px; margin-bottom: 12px; }
.round.base { width: 170px; background: var(--rondo-bg); align-self: start; }
/* Up to four strokes, each drawn where its class asks for it; a branch's is dashed. */
.edge {
  width: 26px; background-repeat: no-repeat;
  background-image: var(--in, none), var(--out, none), var(--up, none), var(--down, none);
  background-position: 0 26px, 100% 26px, 12px 0, 12px 26px; background-size: 14px 2px, 14px 2px, 2px 28px, 2px 100%;
}
.edge.in { --in: linear-gradient(var(--rondo-control), var(--rondo-control)); }
.edge.out { --out: linear-gradient(var(--rondo-control), var(--rondo-control)); }
.edge.again { --out: repeating-linear-gradient(90deg, var(--rondo-control) 0 4px, transparent 4px 7px); }
.edge.up { --up: linear-gradient(var(--rondo-control), var(--rondo-control)); }
.edge.down { --down: linear-gradient(var(--rondo-control), var(--rondo-control)); }
.change .rondo-badge { margin-right: 2px; }
.round header { display: flex; align-items: center; justify-content: space-between; gap: 8px; }
.round h2, .round p { margin: 0; }
.round h2 { font-size: 15px; }
.small { font-size: 12px; }
.line a { color: var(--rondo-accent); }
.accuracy b { font-size: 22px; font-weight: 600; font-variant-numeric: tabular-nums; margin-right: 4px; }
.stages { display: flex; gap: 3px; margin: 2px 0 0; padding: 0; list-style: none; }
.stages li { flex: 1; height: 4px; margin: 0; border-radius: 2px; background: var(--rondo-raised); }
.stages li.done { background: var(--rondo-accent); }
.stages li.now { background: var(--rondo-accent); animation: rondo-pulse 1.4s ease-in-out infinite; }
.stages li.wait { background: var(--rondo-warn); }
.stages li.bad { background: var(--rondo-bad); }
.stages li.off { background: var(--rondo-control); }
.lights { display: flex; flex-wrap: wrap; gap: 4px; }
.lights .rondo-badge { white-space: normal; }
.line .rondo-badge { color: inherit; }
.line .rondo-badge.ok { color: var(--rondo-ok); } .line .rondo-badge.bad { color: var(--rondo-bad); }
.line .rondo-badge.warn { color: var(--rondo-warn); } .line .rondo-badge.accent { color: var(--rondo-accent); }
.progress { font-variant-numeric: tabular-nums; }
.error {
  color: var(--rondo-bad); display: -webkit-box; -webkit-line-clamp: 3; -webkit-box-orient: vertical; overflow: hidden;
}
dl { display: grid; grid-template-columns: 1fr 1fr; gap: 2px 16px; margin: 0; font-variant-numeric: tabular-nums; }
dl .whole { grid-column: 1 / -1; }
dl div { display: flex; justify-content: space-between; gap: 4px; }
dt { color: var(--rondo-muted); } dd { margin: 0; }
.round footer { display: flex; flex-wrap: wrap; gap: 2px 12px; margin-top: auto; padding-top: 4px; }
.round footer a { overflow-wrap: anywhere; }
@media (max-width: 520px) {
  .line { overflow-x: visible; }
  .tree { display: flex; flex-direction: column-reverse; }
  .round, .round.base { width: auto; align-self: stretch; }
  .edge { display: none; }
}
"""
# The newest round is what one looks for first; afterwards the reader's own scrolling stays.
LINE_JS = """
let rounds = 0;
const toEnd = () => {
  const line = element.querySelector(".line"), cards = element.querySelectorAll(".round");
  if (!line || cards.length === rounds) return;
  rounds = cards.length;
  const newest = cards[rounds - 1];
  if (newest) line.scrollLeft = newest.offsetLeft + newest.offsetWidth - line.clientWidth;
};
watch("value", toEnd);
toEnd();
"""
