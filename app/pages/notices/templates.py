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
<p class="allow"><button type="button" id="allow-notices" class="rondo-quiet" hidden>Allow notifications in this
browser</button> <span class="rondo-muted" role="status"></span></p>
<p class="rondo-muted">The browser shows them while a page of Rondo is open in it.</p>
"""
ALLOW_CSS = ".allow { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; margin: 0; }"
