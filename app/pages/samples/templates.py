"""Markup of the Samples page. Values go in through {{ }}, which escapes them."""

from app.widgets import detail_css
from app.widgets.list_detail import INTO_VIEW

COUNT = """{{#if value.refused}}<p class="rondo-problem" role="alert">{{value.refused}}</p>
{{else}}<p class="rondo-muted" role="status">{{value}}</p>{{/if}}"""

DETAIL = """
{{#if value.is_empty}}<div class="rondo-empty"><p><b>No sample is chosen.</b></p>
<p>Choose one from the list to read it whole, with its judgments and decisions.</p></div>{{/if}}
{{#if value.no_list}}<span class="rondo-no-list"></span>{{/if}}
{{#if value.no_round}}<div class="rondo-empty"><p><b>No round yet.</b></p>
<p><a href="new-round">Launch one</a>: its samples appear here while they are made.</p></div>{{/if}}
{{#if value.missing}}<div class="rondo-empty" role="alert"><p>{{value.missing}}</p>
{{#if value.is_in_trash}}<p><a href="/projects#trash">All projects and the trash</a></p>{{/if}}</div>{{/if}}
{{#if value.id}}
<section class="rondo-card sample" aria-label="The chosen sample">
  <header>
    <h2>Sample {{value.id}}</h2>
    <span class="rondo-badge {{value.badge}}">{{value.verdict}}</span>
    {{#each value.marks}}<span class="rondo-badge warn">{{this}}</span>{{/each}}
    <span class="rondo-muted small">{{value.facts}}</span>
    {{#if value.similar}}<a class="small" href="samples?{{value.similar}}">Similar samples</a>{{/if}}
  </header>
  {{#each value.above}}
  <p class="other"><b>{{#if @first}}About{{else}}which is about{{/if}}</b> <a href="samples?{{this.address}}">sample
  {{this.id}}</a> <span class="rondo-muted small">{{this.step}}</span>
  <span class="rondo-badge {{this.badge}}">{{this.verdict}}</span> {{this.score}}
  <span class="words" dir="auto">{{this.text}}</span></p>
  {{/each}}
  <h3>{{value.asked}}</h3>
  {{#each value.messages}}
  <p class="small rondo-muted role">{{this.role}}</p>
  <div class="words" dir="auto">{{#each this.pieces}}{{#if
    this.is_found}}<mark>{{this.text}}</mark>{{else}}{{this.text}}{{/if}}{{/each}}</div>
  {{/each}}
  {{#if value.few_shot}}<details class="raw"><summary>The prompt after few-shot samples, which
  judges and training rows do not see</summary>
  {{#each value.few_shot}}<p class="small rondo-muted role">{{this.role}}</p>
  <div class="words" dir="auto">{{this.content}}</div>{{/each}}</details>{{/if}}
  {{#if value.unhinted}}<details class="raw"><summary>Training rows get the prompt without this hint</summary>
  <div class="words" dir="auto">{{value.unhinted}}</div></details>{{/if}}
  {{#each value.answers}}<div class="small answered"><p class="rondo-muted">{{this.who}}</p>
  <ul>{{#each this.answers}}
  <li><span dir="auto">{{this.asked}}</span> <b dir="auto">{{this.text}}</b></li>{{/each}}</ul></div>{{/each}}
  {{#if value.notes}}<p class="small rondo-muted">Metadata: <span dir="auto">{{value.notes}}</span></p>{{/if}}
  {{#if value.answer}}<p class="small rondo-muted">Known answer: <span dir="auto">{{value.answer}}</span></p>{{/if}}
  <h3>{{value.title}}</h3>
  {{#each value.turns}}
  <p class="small rondo-muted role">{{this.who}}</p><div class="words" dir="auto">{{this.content}}</div>
  {{/each}}
  <div class="words main" dir="auto">{{#each value.pieces}}{{#if
    this.is_found}}<mark>{{this.text}}</mark>{{else}}{{this.text}}{{/if}}{{/each}}</div>
  {{#if value.reasoning}}<details class="raw"><summary>Reasoning, apart from the text</summary>
  <div class="words" dir="auto">{{value.reasoning}}</div></details>{{/if}}
  {{#if value.changes}}
  <h3>What was changed</h3>
  <div class="words main changes" dir="auto">{{#each value.changes}}<span
    role="{{this.role}}" class="{{this.style}}">{{this.text}}</span>{{/each}}</div>
  {{else}}{{#if value.original}}
  <h3>The original</h3>
  <div class="words main" dir="auto">{{value.original}}</div>
  {{/if}}{{/if}}
  {{#if value.hidden}}<p class="rondo-muted">{{value.hidden}}</p>{{/if}}
  {{#if value.questions}}
  <h3>Questions about this text</h3>
  {{#each value.questions}}
  <details class="question" {{#if @first}}open{{/if}}>
    <summary><span class="words" dir="auto">{{this.asked}}</span></summary>
    {{#each this.answers}}
    <p class="other"><a href="samples?{{this.address}}">{{this.id}}</a>
    <span class="rondo-muted small">{{this.step}}</span>
    <span class="rondo-badge {{this.badge}}">{{this.verdict}}</span> {{this.score}}
    <span class="words" dir="auto">{{this.text}}</span></p>
    {{else}}<p class="rondo-muted">Nothing answers it yet.</p>{{/each}}
  </details>
  {{/each}}
  {{#if value.more}}<p class="rondo-muted">{{value.more}}</p>{{/if}}
  {{/if}}
  <div class="columns">
    <div>
      <h3>Judgments</h3>
      {{#each value.judgments}}
      <details {{#if this.open}}open{{/if}}>
        <summary>{{this.title}}</summary>
        <div class="words" dir="auto">{{this.rationale}}</div>
        <details class="raw"><summary>Raw reply, template {{this.template}}</summary>
        <div class="words" dir="auto">{{this.raw}}</div>
        {{#if this.reasoning}}<p class="rondo-muted">Reasoning, apart from the reply</p>
        <div class="words" dir="auto">{{this.reasoning}}</div>{{/if}}</details>
      </details>
      {{else}}<p class="rondo-muted">{{value.unjudged}}</p>{{/each}}
      <h3>What it trained</h3>
      {{#each value.trained}}<p><a href="datasets?dataset={{this.id}}">{{this.title}}</a></p>
      {{else}}<p class="rondo-muted">Nothing yet.</p>{{/each}}
    </div>
    <div>
      <h3>Decisions</h3>
      {{#each value.history}}
      <p class="{{this.style}}"><b>{{this.what}}</b> {{this.who}}
      <span class="rondo-muted small">{{this.facts}}</span></p>
      {{else}}<p class="rondo-muted">{{value.undecided}}</p>{{/each}}
      <h3>{{value.siblings}}</h3>
      {{#each value.group}}
      <p class="other"><a href="samples?{{this.address}}">{{this.id}}</a>
      {{#if this.step}}<span class="rondo-muted small">{{this.step}}</span>{{/if}}
      <span class="rondo-badge {{this.badge}}">{{this.verdict}}</span> {{this.score}}
      <span class="words" dir="auto">{{this.text}}</span></p>
      {{else}}<p class="rondo-muted">There are none.</p>{{/each}}
    </div>
  </div>
  <h3>Comments</h3>
  <rondo-comments sample="{{value.id}}"></rondo-comments>
</section>
{{/if}}
"""
DETAIL_CSS = (
    detail_css.texts(".sample")
    + """
.sample header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 10px; }
.sample mark { background: var(--rondo-warn-soft); color: inherit; text-decoration: underline; }
.sample .columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(320px, 100%), 1fr)); gap: 0 24px; }
.sample .columns > div { min-width: 0; }
.sample .raw { margin: 4px 0 8px 14px; }
.sample .gone { text-decoration: line-through; color: var(--rondo-muted); }
.sample .other .words, .sample .question summary .words { display: inline; }
.sample .answered ul { margin: 0 0 4px; padding-left: 18px; }
.sample .answered li { overflow-wrap: anywhere; }
.sample .question { margin: 4px 0 8px; }
.sample .question .other { margin-left: 14px; }
"""
)

ABOUT = """<p class="about"><a href="round" data-to="round">The whole round</a>
<a href="groups" data-to="groups">Prompt by prompt</a>
<a href="judge-bench" data-to="judge-bench" class="rondo-needs-curator">Judge what the filter finds again</a></p>"""
ABOUT_CSS = """
.about { display: flex; flex-wrap: wrap; gap: 2px 14px; margin: 2px 0 0; font-size: 12px; }
.about a { color: var(--rondo-accent); }
"""
# The page's address always has the round that it shows, and its view instead of the filters where one is chosen.
ABOUT_JS = """
const aim = () => {
  const whole = document.querySelector("#samples-about")?.dataset.asked;
  const asked = new URLSearchParams(whole ?? window.location.search);
  const round = asked.get("round");
  const to = (page) => element.querySelector(`a[data-to="${page}"]`);
  to("round").setAttribute("href", round ? `round?round=${encodeURIComponent(round)}` : "round");
  for (const name of ["sample", "at", "sort", "then", "view"]) asked.delete(name);
  to("groups").setAttribute("href", `groups?${asked}`);
  to("judge-bench").setAttribute("href", round ? `judge-bench?${asked}` : "judge-bench");
};
for (const event of ["pointerover", "pointerdown", "focusin"]) element.addEventListener(event, aim);
"""

INTO_VIEW_IF_ASKED = f"""() => {{
  if (new URLSearchParams(window.location.search).has("sample")) ({INTO_VIEW})();
}}"""

KEEP_IN_ADDRESS = """(kept) => {
  if (kept.address !== undefined) {
    const address = new URL(window.location.href);
    address.search = kept.address;
    history.replaceState(history.state, "", address);
  }
  if (kept.narrowed !== undefined) document.body.toggleAttribute("data-narrowed", kept.narrowed);
  if (kept.is_refused !== undefined) document.body.toggleAttribute("data-refused", kept.is_refused);
  const about = document.querySelector("#samples-about");
  if (kept.asked !== undefined && about) about.dataset.asked = kept.asked;
  const labels = document.querySelector("#samples-labels");
  if (kept.rest !== undefined && labels) labels.dataset.rest = kept.rest;
  document.dispatchEvent(new Event("rondo-samples-asked"));
  const table = document.querySelector("#samples-table");
  if (!kept.found || !table || !globalThis.CSS?.highlights) return;
  table.found = kept.found;
  table.mark ||= () => {
    const ranges = [], texts = document.createTreeWalker(table, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const node = texts.currentNode;
      if (!node.parentElement.closest("[role=gridcell]") || !Object.hasOwn(table.found, node.data)) continue;
      for (const [start, end] of table.found[node.data]) {
        const range = new StaticRange({ startContainer: node, startOffset: start, endContainer: node, endOffset: end });
        ranges.push(range);
      }
    }
    CSS.highlights.set("samples-found", new Highlight(...ranges));
  };
  // Gradio draws the rows after this, and other rows where one scrolls.
  table.watch ||= new MutationObserver(() => {
    cancelAnimationFrame(table.soon);
    table.soon = requestAnimationFrame(table.mark);
  });
  table.watch.observe(table, { childList: true, subtree: true, characterData: true });
  table.mark();
}"""
"""Keep the address, and mark in the table what the search found: cells take no markup."""

FORGET_PREVIEW = """() => [{ __type__: "update", interactive: false }, ""]"""
