"""The fields that a form is refused for: marked until a person changes them, and tied to what is said of each.

The component that says why a form is refused shows `FIELDS` and runs `MARK`; its value comes of `marked`.
"""

import time
from collections.abc import Iterator, Mapping

from backend.errors import InvalidInput, RondoError, Stale
from backend.values import JSON

FIELDS = """{{#each value.fields}}<span hidden id="{{this.id}}-refused">{{this.line}}</span>{{/each}}"""
"""What each field is described by. It is read out with the field, and shown as part of the whole message."""
MARK = """
const refused = new Set(), marked = new Map(), changed = new Map();
let pressed = 0;
// Not the nearest element with an id: Gradio puts one of its own in between.
const place = element.closest(".block[id]")?.id;
const unmark = (id) => {
  for (const [input, before] of marked.get(id) ?? []) {
    input.removeAttribute("aria-invalid");
    if (before) input.setAttribute("aria-describedby", before); else input.removeAttribute("aria-describedby");
  }
  marked.delete(id);
};
const isMarked = (id) => (marked.get(id) ?? []).some(([input]) => input.isConnected);
const mark = () => {
  for (const id of refused) {
    const block = document.getElementById(id);
    if (!block || isMarked(id)) continue;
    const inputs = [...block.querySelectorAll("input, textarea")];
    marked.set(id, inputs.map((input) => [input, input.getAttribute("aria-describedby")]));
    for (const input of inputs) {
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", `${id}-refused`);
    }
  }
};
// What is folded is drawn when it is opened.
const drawn = new MutationObserver(mark);
const show = () => {
  for (const id of [...marked.keys()]) unmark(id);
  refused.clear();
  for (const { id } of props.value?.fields ?? []) if (!changed.has(id)) refused.add(id);
  mark();
  drawn.disconnect();
  if (refused.size) drawn.observe(document.querySelector("gradio-app"), { childList: true, subtree: true });
};
// What is changed while an answer is under way is not what it is about. static/locks.js says when one is asked for; a
// button that is pressed takes what the form holds at that moment, a little before.
document.addEventListener("click", () => { pressed = performance.now(); }, true);
document.addEventListener("rondo-asked", ({ detail: { outputs, isPress } }) => {
  if (!outputs.includes(place)) return;
  for (const [id, at] of changed) if (!isPress || at <= pressed) changed.delete(id);
});
const change = ({ target }) => {
  let at = target.closest?.("[id]");
  for (; at; at = at.parentElement?.closest("[id]")) changed.set(at.id, performance.now());
  for (const id of [...refused]) {
    if (!document.getElementById(id)?.contains(target)) continue;
    refused.delete(id);
    unmark(id);
  }
  if (!refused.size) drawn.disconnect();
};
// Not on `change`: a browser sends that when a field is left, too. Lists of choices tell of theirs to Gradio alone, and
// what is typed into one only looks for a choice.
const list = "[role=combobox]", remover = ".token-remove";
document.addEventListener("input", (event) => {
  if (!event.target.matches?.(list)) change(event);
}, true);
document.addEventListener("mousedown", (event) => {
  if (event.target.closest?.(`[role=option], ${remover}`)) change(event);
}, true);
document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  const isTaken = key === "Enter" && target.matches?.(`${list}[aria-activedescendant], ${remover}`);
  const isRemoved = key === "Backspace" && target.matches?.(list) && !target.value
    && target.closest(".block[id]")?.querySelector(remover);
  if (isTaken || isRemoved) change(event);
}, true);
watch("value", show);
"""


def marked(error: RondoError, fields: Mapping[str, str], message: str | None = None) -> JSON:
    """Return why a form is refused, as `message` or in the error's words, and the fields that it is refused for.

    `fields`: their ids by what names them: `InvalidInput.field`, or what a line of the error begins with. `Stale`
    refuses none: what was typed is as good as before. `at`: when, in nanoseconds. Gradio tells a script only of a value
    that differs from the last, and a field that was changed and is refused in the same words is to be marked again.
    """
    refused = [{"id": id_, "line": line} for id_, line in _refused(error, fields)]
    shown = {"problem": error.message if message is None else message}
    return shown | ({"fields": refused, "at": str(time.time_ns())} if refused else {})


def _refused(error: RondoError, fields: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if isinstance(error, Stale):
        return
    if isinstance(error, InvalidInput) and error.field in fields:
        yield fields[error.field], error.message
        return
    for line in error.message.split("\n"):
        named = [name for name in fields if _begins_with(line, name)]
        if named:
            yield fields[max(named, key=len)], line


def _begins_with(line: str, name: str) -> bool:
    """Whether the line begins with these words: "timeout" begins no line about "timeouts"."""
    return line.startswith(name) and not line[len(name) : len(name) + 1].isalnum()
