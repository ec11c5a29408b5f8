"""Markup of the Team page. Values go in through {{ }}, which escapes them."""

PROGRESS = """
{{#if value.empty}}<div class="rondo-empty"><p>{{value.empty}}</p>
<p><a href="new-round">Launch a round</a> · <a href="./">See the loop</a></p></div>{{/if}}
{{#if value.title}}
<section class="rondo-card progress" aria-label="How far the review is">
  <header><h2>{{value.title}}</h2><span class="rondo-badge {{value.badge}}">{{value.status}}</span></header>
  {{#if value.has_bar}}
  <div class="bar" role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{{value.percent}}"
    aria-label="Items decided"><i style="width: {{value.percent}}%"></i></div>{{/if}}
  <p class="numbers">{{value.done}}</p>
  <p class="rondo-muted">{{value.ends}}</p>
  <p class="here">{{#if value.here}}<b>Here now</b>
    {{#each value.here}}<span class="rondo-badge ok">{{this}}</span>{{/each}}
    {{else}}<span class="rondo-muted">Nobody is at the review desk now.</span>{{/if}}</p>
  {{#if value.way_on}}<p class="go"><a class="rondo-quiet" href="{{value.target}}">{{value.way_on}}</a></p>{{/if}}
</section>
{{/if}}
"""
PROGRESS_CSS = """
.progress header { display: flex; align-items: center; gap: 10px; }
.progress h2 { margin: 0; font-size: 16px; }
.progress p { margin: 0; }
.bar { height: 8px; margin: 12px 0 6px; border-radius: 4px; background: var(--rondo-raised); overflow: hidden; }
.bar i { display: block; height: 100%; background: var(--rondo-accent); }
.numbers { font-variant-numeric: tabular-nums; }
.here { display: flex; flex-wrap: wrap; gap: 6px; margin-top: 10px !important; }
.go { margin-top: 12px !important; }
.go a { display: inline-block; color: var(--rondo-text); text-decoration: none; }
"""

NOTE = """
{{#each value}}<p class="rondo-muted line">{{this}}</p>{{/each}}
"""
NOTE_CSS = ".line { margin: 0 0 4px; }"

ARTICLE = """
<article class="rondo-card item" data-sample="{{this.sample}}" aria-label="An item on which people disagree">
  <header><h3>{{this.title}}</h3><span class="rondo-muted">{{this.left}}</span></header>
  {{#if this.prompt}}<h4>Prompt</h4><pre class="prompt">{{this.prompt}}</pre>{{/if}}
  {{#each this.texts}}<h4>{{this.name}}</h4><pre>{{this.text}}</pre>
    {{#if this.judge}}<p class="rondo-muted judged">The judge: {{this.judge}}</p>{{/if}}{{/each}}
  <h4>What was said</h4>
  <ul>{{#each this.votes}}
    <li><b>{{this.who}}</b> <span class="rondo-badge {{this.badge}}">{{this.said}}</span>
      <span class="rondo-muted">{{this.note}}</span></li>{{/each}}
    {{#if this.judge}}<li><b>The judge</b> <span class="rondo-badge">{{this.judge}}</span></li>{{/if}}</ul>
  <p class="keys">{{#each this.buttons}}
    <button type="button" class="rondo-quiet" data-word="{{this.word}}" data-key="{{this.key}}">{{this.name}}
      <kbd>{{this.key}}</kbd></button>{{/each}}
    <button type="button" class="rondo-quiet" data-word="later" data-key="s">Later <kbd>s</kbd></button>
    <button type="button" class="rondo-quiet" data-word="undo" data-key="u">Undo my last <kbd>u</kbd></button></p>
</article>
"""
ITEM = (
    """
{{#if value.said}}<p class="{{#if value.is_bad}}rondo-problem{{/if}} said" role="status">{{value.said}}</p>{{/if}}
{{#if value.empty}}<div class="rondo-empty"><p>{{value.empty}} <a href="review">Go to the review desk</a></p>
  {{#if value.undo}}<p><button type="button" class="rondo-quiet" data-word="undo" data-key="u">Undo my last
    <kbd>u</kbd></button></p>{{/if}}</div>{{/if}}
{{#each value.shown}}"""
    + ARTICLE
    + """{{/each}}
{{#each value.ready}}<template class="next">"""
    + ARTICLE
    + """</template>{{/each}}
"""
)
# The template is drawn again for each item, so the listener sits on what stays around it.
ITEM_JS = """
// From a key on, nothing counts until the next item is painted, or the server refused: it was meant for what was shown.
// The next item is here already and painted at once; a key pressed on it is sent when the server has brought it, too.
let waits = false, early = null, before = null;
const sampleShown = () => Number(element.querySelector("[data-sample]")?.dataset.sample || 0);
const buttons = () => [...element.querySelectorAll("button[data-word]")];
const ready = () => {
  const pressed = early;
  waits = false;
  early = before = null;
  for (const button of buttons()) button.disabled = false;
  if (pressed && pressed.sample === sampleShown()) press(buttons().find((one) => one.dataset.word === pressed.word));
};
const paintNext = () => {
  const shown = element.querySelector("article[data-sample]");
  const next = element.querySelector("template.next")?.content.firstElementChild;
  if (!waits || before || !shown || !next) return;
  before = shown;
  shown.replaceWith(next.cloneNode(true));
  for (const button of buttons()) button.disabled = true;
};
const press = (button) => {
  if (!button) return;
  const [word, sample] = [button.dataset.word, sampleShown()];
  if (waits) {
    if (before && !early) early = { word, sample };
    return;
  }
  waits = button.disabled = true;
  trigger("click", { word, sample });
  if (word !== "undo") requestAnimationFrame(paintNext);
};
watch("value", ready);
document.addEventListener("rondo-adjudication-failed", () => {
  early = null;
  if (before) element.querySelector("article[data-sample]")?.replaceWith(before);
  ready();
});
element.addEventListener("click", (event) => press(event.target.closest("button[data-word]")));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || !element.isConnected) return;
  if (!element.offsetParent || event.target.closest("input, textarea, select, [contenteditable=true]")) return;
  const button = [...element.querySelectorAll("button[data-key]")].find((one) => one.dataset.key === event.key);
  if (button) { event.preventDefault(); press(button); }
});
"""
ITEM_FAILED = "() => { document.dispatchEvent(new Event('rondo-adjudication-failed')); }"
ITEM_CSS = """
.said { margin: 0 0 10px; }
.item header { display: flex; align-items: baseline; justify-content: space-between; gap: 10px; }
.item h3 { margin: 0; }
.item h4 { margin: 10px 0 4px; color: var(--rondo-muted); font-size: 12px; font-weight: 500; }
.item pre {
  margin: 0; padding: 10px; max-height: 320px; overflow: auto; border-radius: var(--rondo-radius);
  background: var(--rondo-raised); font-size: 13px; white-space: pre-wrap; overflow-wrap: anywhere;
}
.item .judged { margin: 4px 0 0; font-size: 12px; }
.item .keys button, .rondo-empty button { padding: 6px 12px; }
.item .keys { display: flex; flex-wrap: wrap; gap: 8px; margin: 14px 0 0; }
.item kbd { margin-left: 4px; padding: 0 5px; border-radius: 4px; background: var(--rondo-raised); font-size: 12px; }
.item ul { display: grid; gap: 4px; margin: 0; padding: 0; list-style: none; }
"""

REMOVAL = """
{{#if value.person}}
<article class="rondo-card removal" aria-label="What removing this work changes">
  <h3>Removing the work of {{value.person}}</h3>
  <p>{{value.what}}</p>
  {{#if value.labels}}<h4>Labels that change</h4><ul>
    {{#each value.labels}}<li>{{this}}</li>{{/each}}</ul>{{/if}}
  {{#if value.datasets}}<h4>Datasets that hold these samples</h4><ul>
    {{#each value.datasets}}<li><a href="datasets?dataset={{this.id}}">Dataset {{this.id}}</a> of round
      {{this.round}}: {{this.examples}} examples</li>{{/each}}</ul>{{/if}}
  {{#if value.checkpoints}}<h4>Checkpoints that learned from it</h4><ul>
    {{#each value.checkpoints}}<li><a href="checkpoints?checkpoint={{this.id}}">{{this.name}}</a>
      <span class="rondo-muted">{{this.how}}</span></li>{{/each}}</ul>
  {{else}}<p class="rondo-muted">No checkpoint learned from it.</p>{{/if}}
</article>
{{/if}}
"""
REMOVAL_CSS = """
.removal h3, .removal p { margin: 0 0 6px; }
.removal h4 { margin: 10px 0 4px; color: var(--rondo-muted); font-size: 12px; font-weight: 500; }
.removal ul { margin: 0; padding-left: 18px; }
.removal a { color: var(--rondo-accent); }
"""

FORGET_REMOVAL = """() => [{}, { __type__: "update", interactive: false }, {}]"""
