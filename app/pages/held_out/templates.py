"""Markup of the held-out answers. Values go in through {{ }}, which escapes them."""

from app.widgets import detail_css

COUNT = '<p class="rondo-muted" role="status">{{value}}</p>'

LIST = """
{{#if value.is_none}}<div class="rondo-empty" role="status"><p><b>{{value.message}}</b></p>
<p><a href="held-out">See all prompts</a></p></div>{{else}}
{{#if value.message}}<div class="rondo-empty" role="status"><p><b>{{value.message}}</b></p>
{{#if value.way_out}}<p>{{value.way_out}} <a href="{{value.target}}">{{value.link}}</a></p>{{/if}}</div>{{/if}}{{/if}}
{{#if value.rows}}
<div class="scroll" tabindex="0" role="region" aria-label="Prompts and answers"><table>
<thead><tr><th scope="col">Prompt</th>{{#each value.columns}}
<th scope="col"><a href="checkpoints?checkpoint={{this.id}}">{{this.name}}</a>
<span class="rondo-muted">{{this.round}}</span></th>{{/each}}</tr></thead>
<tbody>{{#each value.rows}}
<tr data-id="{{this.id}}" {{#if this.is_here}}class="here"{{/if}}>
  <th scope="row"><button type="button" {{#if this.is_here}}aria-current="true"{{/if}}
    dir="auto">{{this.text}}</button></th>
  {{#each this.answers}}
  <td><span class="rondo-badge {{this.badge}}">{{this.said}}</span> <span dir="auto">{{this.text}}</span></td>{{/each}}
</tr>{{/each}}</tbody></table></div>
<p class="rondo-muted keys"><kbd>j</kbd> and <kbd>k</kbd>, or the arrow keys in the list, go down and up.</p>
{{/if}}
"""
LIST_CSS = """
.scroll { overflow: auto; max-height: 75vh; border: 1px solid var(--rondo-border); border-radius: var(--rondo-radius); }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 6px 10px; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rondo-border); }
th, td { font-weight: 400; overflow-wrap: anywhere; min-width: 110px; }
tbody tr { cursor: pointer; }
tbody tr:hover, tbody tr.here { background: var(--rondo-accent-soft); }
thead th { position: sticky; top: 0; background: var(--rondo-surface); font-size: 12px; z-index: 1; }
th a { color: var(--rondo-accent); }
td { font-size: 13px; }
button { all: unset; display: block; box-sizing: border-box; width: 100%; cursor: pointer; color: var(--rondo-text); }
button:focus-visible { outline: 2px solid var(--rondo-accent); outline-offset: 2px; border-radius: 2px; }
.keys { margin: 6px 0 0; font-size: 12px; }
kbd { padding: 0 5px; border-radius: 4px; background: var(--rondo-raised); font-size: 12px; }
"""
# The template is drawn again for each page of the list, so the listeners sit on what stays around it.
LIST_JS = """
let turn = 0;
const rows = () => [...element.querySelectorAll("tr[data-id]")];
const open = (row) => {
  for (const one of rows()) {
    one.classList.toggle("here", one === row);
    one.querySelector("button").toggleAttribute("aria-current", false);
  }
  row.querySelector("button").setAttribute("aria-current", "true");
  turn += 1;
  trigger("click", { prompt: Number(row.dataset.id), turn });
};
element.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-id]");
  if (row) open(row);
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || !element.isConnected) return;
  if (!element.offsetParent || event.target.closest("input, textarea, select, [contenteditable=true]")) return;
  const isArrow = ["ArrowDown", "ArrowUp"].includes(event.key);
  if (!["j", "k"].includes(event.key) && !(isArrow && element.contains(document.activeElement))) return;
  const listed = rows(), here = listed.findIndex((one) => one.classList.contains("here"));
  const next = listed[["j", "ArrowDown"].includes(event.key) ? here + 1 : Math.max(0, here - 1)];
  event.preventDefault();
  if (!next || next === listed[here]) return;
  next.scrollIntoView({ block: "nearest" });
  next.querySelector("button").focus({ preventScroll: true });
  open(next);
});
"""

DETAIL = """
{{#if value.is_none}}<div class="rondo-empty"><p><b>No prompt is chosen.</b></p>
<p>Choose one from the list to read the answers beside each other.</p></div>{{/if}}
{{#if value.missing}}<div class="rondo-empty" role="alert"><p>{{value.missing}}</p></div>{{/if}}
{{#if value.id}}
<section class="rondo-card one" aria-label="The chosen prompt">
  <h2>Prompt {{value.id}}</h2>
  {{#if value.notes}}<p class="rondo-muted small" dir="auto">{{value.notes}}</p>{{/if}}
  {{#each value.messages}}
  <p class="small rondo-muted role">{{this.role}}</p><div class="words" dir="auto">{{this.content}}</div>
  {{/each}}
  {{#if value.answer}}<p class="small rondo-muted">Known answer: <span dir="auto">{{value.answer}}</span></p>{{/if}}
  <div class="columns">
  {{#each value.answers}}
  <article aria-label="{{this.name}}">
    <h3><a href="checkpoints?checkpoint={{this.checkpoint}}">{{this.name}}</a>
    <span class="rondo-badge {{this.badge}}">{{this.said}}</span></h3>
    <p class="rondo-muted small">{{this.facts}}</p>
    {{#if this.is_there}}<div class="words main" dir="auto">{{this.text}}</div>{{/if}}
    {{#if this.reasoning}}<details><summary>Reasoning, apart from the text</summary>
    <div class="words" dir="auto">{{this.reasoning}}</div></details>{{/if}}
    {{#each this.words}}<details><summary>{{this.title}}</summary>
    <div class="words" dir="auto">{{this.rationale}}</div></details>{{/each}}
  </article>
  {{/each}}
  </div>
  {{#if value.changes}}
  <h3>{{value.from}}</h3>
  <div class="words main changes" dir="auto">{{#each value.changes}}<span
    role="{{this.role}}" class="{{this.style}}">{{this.text}}</span>{{/each}}</div>
  {{/if}}
</section>
{{/if}}
"""
DETAIL_CSS = (
    detail_css.texts(".one")
    + """
.one h3 { overflow-wrap: anywhere; }
.one .main { padding: 8px 10px; }
.one .columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(220px, 100%), 1fr)); gap: 0 16px; }
.one .columns > article { min-width: 0; }
"""
)

KEEP_IN_ADDRESS = """(kept) => {
  const address = new URL(window.location.href);
  address.search = kept.address || "";
  history.replaceState(history.state, "", address);
}"""
