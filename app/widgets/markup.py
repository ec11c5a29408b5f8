"""Our own markup in a page: a Handlebars template whose {{ }} escape what people and models wrote.

Gradio runs what Handlebars made once more, as the text of a JavaScript template literal: `${...}` in a model's answer
would be executed, and a backslash would break the page. So backslashes and dollars of every value are written in a
way that the literal turns back into themselves.
"""

from typing import Any

import gradio as gr

KEEP_OPEN = """
// Drawing again takes away attributes that the template lacks, and so would fold what the reader has opened: that is
// known by its data-fold, or without one is the nth fold with that summary. Another row than before, by its id, begins
// with all folded.
const opened = new Set();
let shownId = props.value?.id;
const folds = () => {
  const counts = new Map();
  return [...element.querySelectorAll("details")].map((one) => {
    if (one.dataset.fold) return [one.dataset.fold, one];
    const text = one.querySelector("summary").textContent.trim(), n = (counts.get(text) ?? 0) + 1;
    counts.set(text, n);
    return [`${n} ${text}`, one];
  });
};
element.addEventListener("click", (event) => {
  const clicked = event.target.closest("summary")?.parentElement;
  for (const [name, one] of folds()) if (one === clicked) opened[one.open ? "delete" : "add"](name);
});
// Find in page opens folds without a click. What closes without one was drawn again.
element.addEventListener("toggle", (event) => {
  for (const [name, one] of folds()) if (one === event.target && one.open) opened.add(name);
}, true);
watch("value", () => {
  if (props.value?.id !== shownId) opened.clear();
  shownId = props.value?.id;
  for (const [name, one] of folds()) if (opened.has(name)) one.open = true;
});
"""
"""For what is drawn again while one reads it."""


def literal(value: Any) -> Any:
    """The value, every text in it safe inside a JavaScript template literal. Handlebars escapes the backtick."""
    if isinstance(value, str):
        return value.replace("\\", "\\\\").replace("$", "\\$")
    if isinstance(value, dict):
        return {key: literal(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [literal(item) for item in value]
    return value


class Markup(gr.HTML):
    """Shows its value through a template."""

    def postprocess(self, value: Any) -> Any:
        return literal(value)


def markup(
    template: str,
    css: str = "",
    *,
    js: str | None = None,
    value: Any = None,
    elem_id: str | None = None,
    elem_classes: str | None = None,
) -> Markup:
    """A component that shows its value through a template. Write {{x}}, never {{{x}}} or ${x}: those interpret."""
    return Markup(
        value=value,
        html_template=template,
        css_template=css,
        js_on_load=js,
        apply_default_css=False,
        elem_id=elem_id,
        elem_classes=elem_classes,
    )
