"""Markup of the page of notices. Values go in through {{ }}, which escapes them."""

LIST = """
{{#if value}}
{{#unless value.rows}}<div class="rondo-empty"><p><b>{{value.none}}</b></p>
<p>A round that is done, failed or waits for people stands here, and what you are given or mentioned in.
<a href="./">See the loop</a></p></div>{{/unless}}
<ul>{{#each value.rows}}
  <li class="rondo-card {{this.state}}">
    <p class="line"><a href="{{this.link}}" data-notice="{{this.id}}">{{this.text}}</a></p>
    <p class="line rondo-muted"><span class="rondo-badge {{this.badge}}">{{this.kind}}</span>
      <span>{{this.project}}</span> <span>{{this.at}}</span>
      {{#if this.is_unread}}<button type="button" class="rondo-quiet" data-id="{{this.id}}"
        aria-label="Mark read: {{this.text}}">Mark read</button>{{/if}}</p>
  </li>{{/each}}
</ul>
{{/if}}
"""
LIST_CSS = """
ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 8px; }
ul > li { margin: 0; }
.line { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; margin: 0; overflow-wrap: anywhere; }
.line a { color: var(--rondo-text); }
.unread { border-left: 3px solid var(--rondo-accent) !important; }
.unread a { font-weight: 600; }
li button { margin-left: auto; padding: 2px 12px; }
"""
LIST_JS = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-id]");
  if (button) trigger("click", { id: Number(button.dataset.id) });
});
"""
ALLOW = """
<rondo-allow></rondo-allow>
<p class="rondo-muted">The browser shows them while a page of Rondo is open in it.</p>
"""
ALLOW_CSS = "rondo-allow { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; margin: 0; }"
HOOKS = """
{{#if value.denied}}<div class="rondo-empty"><p>{{value.denied}}</p>
<p>Whoever owns this installation says where notices are posted. <a href="people">See who is in the project</a></p>
</div>{{/if}}
{{#if value.none}}<div class="rondo-empty"><p>{{value.none}}</p>
<p>Add one below. <a href="jobs">See what runs</a></p></div>{{/if}}
{{#if value.rows}}
<p class="rondo-muted">Notices of this project are posted to these addresses by a worker, signed, and again with growing
pauses until they arrive.</p>
<ul>{{#each value.rows}}
  <li class="rondo-card">
    <p class="line"><b>{{this.url}}</b>
      {{#if this.state}}<span class="rondo-badge warn">{{this.state}}</span>{{/if}}</p>
    <p class="rondo-muted">{{this.kinds}}</p>
    {{#if this.said}}<p class="rondo-problem">{{this.said}}</p>{{/if}}
    <p class="line acts" role="group" aria-label="{{this.url}}">{{#each this.acts}}
      <button type="button" class="rondo-quiet" data-act="{{this.act}}" data-id="{{this.of}}">{{this.title}}</button>
      {{/each}}</p>
    {{#if this.sent}}<ol aria-label="Last deliveries">{{#each this.sent}}
      <li><span class="rondo-badge {{this.badge}}">{{this.state}}</span> {{this.text}}
        <span class="rondo-muted">{{this.at}} {{this.status}}</span></li>{{/each}}</ol>{{/if}}
  </li>{{/each}}
</ul>
{{/if}}
"""
HOOKS_CSS = """
ul { list-style: none; margin: 8px 0; padding: 0; display: grid; gap: 8px; }
ul > li { margin: 0; } li p { margin: 4px 0 0; overflow-wrap: anywhere; }
.line { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 8px; }
.acts button { padding: 4px 12px; }
ol { list-style: none; margin: 8px 0 0; padding: 0; overflow-wrap: anywhere; }
"""
HOOKS_JS = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (button) trigger("click", { act: button.dataset.act, id: Number(button.dataset.id) });
});
"""
