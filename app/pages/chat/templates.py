"""Markup of the chat. Values go in through {{ }}, which escapes them."""

LOG = """
{{#if value.missing}}<div class="rondo-empty" role="alert"><p>{{value.missing}}</p></div>{{/if}}
{{#if value.has_none}}<div class="rondo-empty"><p><b>No checkpoint to chat with yet.</b></p>
<p><a href="checkpoints">Register a model</a>, or finish a round.</p></div>{{/if}}
{{#if value.is_new}}<div class="rondo-empty"><p><b>No messages yet.</b></p>
<p>Write one below. Messages are not stored: they are gone when you leave or reload this page.
<a href="checkpoints">See the checkpoints</a></p></div>
{{/if}}
{{#if value.sides}}<div class="sides" data-answering="{{value.is_answering}}">{{#each value.sides}}
<section class="rondo-card" aria-label="{{this.checkpoint}}">
<h2><a href="checkpoints?checkpoint={{this.id}}">{{this.checkpoint}}</a></h2>
{{#each this.turns}}<div class="said"><p class="rondo-muted small">You</p>
<div class="words" dir="auto">{{this.question}}</div></div>
<div class="said answer {{this.state}}"><p class="rondo-muted small">{{this.who}}
{{#if this.answer}}<button type="button" data-copy aria-label="Copy this answer">Copy</button>{{/if}}</p>
{{#if this.answer}}<div class="words" dir="auto">{{this.answer}}</div>{{/if}}
<p class="small note {{#if this.is_bad}}rondo-problem{{else}}rondo-muted{{/if}}">{{this.note}}</p></div>{{/each}}
</section>{{/each}}</div>{{/if}}
"""
LOG_CSS = """
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr)); gap: 12px; }
.sides > section { min-width: 0; } h2 { margin: 0 0 6px; font-size: 14px; } h2 a { color: var(--rondo-accent); }
.said { margin: 10px 0 0; } .small { margin: 0 0 2px; font-size: 12px; }
.note { white-space: pre-wrap; }
.answer { padding-left: 10px; border-left: 2px solid var(--rondo-border); }
.answer.answering, .answer.loading { border-left-color: var(--rondo-accent); }
.words { white-space: pre-wrap; overflow-wrap: anywhere; }
.small button { margin-left: 8px; padding: 2px 8px; border: 1px solid var(--rondo-border); font: inherit;
  border-radius: var(--rondo-radius); background: var(--rondo-raised); color: var(--rondo-text); cursor: pointer; }
.small button:focus-visible { outline: 2px solid var(--rondo-accent); outline-offset: 2px; }
"""
# The template is drawn again with each piece, so the listeners sit on what stays around it.
LOG_JS = """
const copied = async (button) => {
  const words = button.closest(".answer").querySelector(".words");
  try {
    await navigator.clipboard.writeText(words.textContent);
  } catch {
    const range = document.createRange();
    range.selectNodeContents(words);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    document.execCommand("copy");
  }
  button.textContent = "Copied";
};
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-copy]");
  if (button) copied(button);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !element.isConnected || event.defaultPrevented) return;
  if (element.querySelector("[data-answering=true]")) document.querySelector("#chat-stop")?.click();
});
let isAtEnd = true;
const root = document.scrollingElement;
addEventListener("scroll", () => { isAtEnd = root.scrollTop + innerHeight > root.scrollHeight - 80; });
new MutationObserver(() => {
  if (isAtEnd && element.querySelector("[data-answering=true]")) root.scrollTop = root.scrollHeight;
}).observe(element, { childList: true, subtree: true, characterData: true });
"""
KEEP_IN_ADDRESS = """(checkpoint, beside) => {
  const address = new URL(window.location.href);
  for (const [name, value] of [["checkpoint", checkpoint], ["beside", beside]]) {
    if (value) address.searchParams.set(name, value); else address.searchParams.delete(name);
  }
  history.replaceState(history.state, "", address);
}"""
