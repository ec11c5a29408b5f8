"""Markup of a person's own page. Values go in through {{ }}, which escapes them."""

MINE = """
{{#if value.empty}}<div class="rondo-empty"><p>{{value.empty}}</p>
<p><a href="./">See the loop</a> · <a href="people">See who is in the project</a></p></div>{{/if}}
{{#if value.facts}}
<section class="rondo-card mine" aria-label="Your work in this round">
  <header><h2>{{value.title}}</h2>
    {{#if value.badge}}<span class="rondo-badge accent">{{value.badge}}</span>{{/if}}
  </header>
  <div class="bar" role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{{value.percent}}"
    aria-label="Your share done"><i style="width: {{value.percent}}%"></i></div>
  <p class="left">{{value.left}}</p>
  <dl>
    {{#each value.facts}}
    <div><dt>{{this.name}}</dt><dd>{{this.value}}</dd><dd class="rondo-muted note">{{this.note}}</dd></div>
    {{/each}}
  </dl>
  {{#if value.target}}
  <p class="go"><a class="rondo-primary" href="{{value.target}}">{{value.go}}</a></p>
  {{/if}}
</section>
{{/if}}
"""
MINE_CSS = """
.mine header { display: flex; align-items: center; gap: 10px; }
.mine h2 { margin: 0; font-size: 16px; }
.bar { height: 8px; margin: 12px 0 6px; border-radius: 4px; background: var(--rondo-raised); overflow: hidden; }
.bar i { display: block; height: 100%; background: var(--rondo-accent); }
.left { margin: 0 0 14px; font-variant-numeric: tabular-nums; }
dl {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(min(210px, 100%), 1fr)); gap: 14px 20px; margin: 0;
}
dt { color: var(--rondo-muted); font-size: 12px; }
dd { margin: 0; font-size: 20px; font-weight: 600; font-variant-numeric: tabular-nums; }
dd.note { font-size: 12px; font-weight: 400; }
.go { margin: 18px 0 0; }
.go a { display: inline-block; text-decoration: none; color: var(--rondo-on-accent); }
"""
