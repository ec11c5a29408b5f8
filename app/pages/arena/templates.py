"""Markup of the arena. Values go in through {{ }}, which escapes them."""

MATCH = """
{{#if value.message}}<div class="rondo-empty" role="status"><p><b>{{value.message}}</b></p>
{{#if value.way_out}}<p>{{value.way_out}} <a href="held-out">See the held-out answers</a></p>{{/if}}</div>{{/if}}
{{#if value.token}}
<section class="match" data-token="{{value.token}}" data-drawn="{{value.drawn}}"
aria-label="Match">
<p class="rondo-muted" role="status">{{value.progress}}. Say which answer is better; whose they are is shown once you
have decided all.</p>
<div class="prompt rondo-card">{{#each value.messages}}<p class="rondo-muted small">{{this.role}}</p>
<div class="words" dir="auto">{{this.content}}</div>{{/each}}</div>
<div class="columns">
<article class="rondo-card" aria-label="Left"><h2>Left</h2>
<div class="words" dir="auto">{{value.left}}</div></article>
<article class="rondo-card" aria-label="Right"><h2>Right</h2>
<div class="words" dir="auto">{{value.right}}</div></article>
</div>
<p class="acts">{{#each value.acts}}<button type="button" data-act="{{this.act}}" data-keys="{{this.keys}}"
class="{{this.act}}">{{this.label}} {{#if this.key}}<kbd>{{this.key}}</kbd>{{/if}}</button> {{/each}}</p>
</section>{{/if}}
{{#if value.result}}
<section class="rondo-card result" aria-label="Result">
<h2>Arena {{value.arena}}: {{value.result.title}}</h2>
<dl>{{#each value.result.lines}}<dt>{{this.name}}</dt><dd>{{this.value}}</dd>{{/each}}</dl>
<p>{{#each value.result.links}}<a href="{{this.target}}">{{this.text}}</a> {{/each}}</p>
<p class="rondo-muted small">Intervals are Wilson's at 95%, of the matches with a winner. Of several people on one
match the majority counts. A judge that names another winner when the answers change places counts as a tie; a match
of which a reply could not be read counts nowhere.</p>
</section>{{/if}}
"""
MATCH_CSS = """
.match > p { margin: 0 0 8px; } h2 { margin: 0 0 6px; font-size: 14px; } .small { font-size: 12px; margin: 0; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 260px), 1fr)); gap: 12px;
  margin: 12px 0; }
.words { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 44vh; overflow: auto; }
.prompt .words { max-height: 22vh; }
.acts { display: flex; flex-wrap: wrap; gap: 8px; }
.acts button { padding: 6px 12px; border: 1px solid var(--rondo-border); border-radius: var(--rondo-radius);
  background: var(--rondo-raised); color: var(--rondo-text); font: inherit; cursor: pointer; min-height: 36px; }
.acts button:hover { border-color: var(--rondo-accent); }
.acts button:focus-visible { outline: 2px solid var(--rondo-accent); outline-offset: 2px; }
.acts button:disabled { opacity: 0.5; cursor: default; }
kbd { padding: 0 5px; border-radius: 4px; background: var(--rondo-surface); font-size: 12px; }
.result dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px; margin: 0 0 8px; }
.result dt { color: var(--rondo-muted); } .result dd { margin: 0; overflow-wrap: anywhere; }
.result p { margin: 6px 0 0; } .result a { color: var(--rondo-accent); margin-right: 12px; }
@media (max-width: 600px) { .result dl { grid-template-columns: 1fr; } .result dd { margin-bottom: 6px; } }
"""
# The template is drawn again for each match, so the listeners sit on what stays around it. Keys are read as the desk
# reads them, by the same file.
MATCH_JS = """
let since = performance.now();
const early = document.createElement("p");
early.className = "rondo-problem";
early.setAttribute("role", "alert");
early.textContent = "A key came before the next match was there, and did nothing. Press it again.";
const match = () => element.querySelector(".match");
const act = (name) => {
  const here = match();
  if (!here) return;
  if (here.dataset.sent) return element.before(early); // no word on a match that nobody has seen
  early.remove();
  here.dataset.sent = "1";
  for (const button of here.querySelectorAll("button")) button.disabled = true;
  trigger("click", { act: name, token: here.dataset.token, seconds: (performance.now() - since) / 1000 });
  since = performance.now();
};
document.addEventListener("rondo-match-failed", () => {
  const here = match();
  if (!here) return;
  delete here.dataset.sent;
  for (const button of here.querySelectorAll("button")) button.disabled = false;
});
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (button) act(button.dataset.act);
});
import("/static/review/keys.js").then(({ namesOf }) => {
  document.addEventListener("keydown", (event) => {
    if (!element.isConnected || !element.offsetParent || event.repeat || event.defaultPrevented) return;
    if (event.target.closest("input, textarea, select, [contenteditable=true]")) return;
    const names = namesOf(event);
    const found = [...element.querySelectorAll("button[data-act]")].find((button) =>
      button.dataset.keys.split(" ").some((key) => key && names.includes(key)));
    if (!found) return;
    event.preventDefault();
    act(found.dataset.act);
  });
});
"""
MATCH_FAILED = "() => { document.dispatchEvent(new Event('rondo-match-failed')); }"
"""What was pressed can be pressed again: nothing came back that would be drawn."""
LIST = """
{{#if value.rows}}<section aria-label="Arenas"><h2>Arenas</h2>
<ul>{{#each value.rows}}<li class="{{#if this.is_here}}here{{/if}}">
<button type="button" data-arena="{{this.id}}" {{#if this.is_here}}aria-current="true"{{/if}}><b>{{this.title}}</b>
<span>{{this.names}}</span> <span class="rondo-muted">{{this.said}}, {{this.at}}</span></button></li>{{/each}}</ul>
</section>{{/if}}
"""
LIST_CSS = """
h2 { margin: 8px 0; font-size: 14px; } ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 6px; }
li button { display: flex; flex-wrap: wrap; gap: 4px 16px; width: 100%; box-sizing: border-box; padding: 8px 12px;
  text-align: left; font: inherit; color: var(--rondo-text); background: var(--rondo-surface); cursor: pointer;
  border: 1px solid var(--rondo-border); border-radius: var(--rondo-radius); }
li.here button { background: var(--rondo-accent-soft); }
li button:focus-visible { outline: 2px solid var(--rondo-accent); outline-offset: 2px; }
"""
LIST_JS = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-arena]");
  if (button) trigger("click", { arena: Number(button.dataset.arena) });
});
"""
KEEP_IN_ADDRESS = """(seen) => {
  const address = new URL(window.location.href);
  address.searchParams.set("arena", seen.arena);
  history.replaceState(history.state, "", address);
}"""
