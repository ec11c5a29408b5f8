"""What is typed into the form of a new round, kept in the browser until it is launched, or nobody touched it for long.

It is kept by person, project and address: `?again=7` is another form than `?from=7`. Of two tabs with the same address
the one that was typed into last is kept. The server sees it when the form opens, in the one request that fills it.
"""

import json
from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.context import get_blocks_context

from app.form_values import path_key
from app.pages.new_round.drawing import Drawing
from app.widgets import round_form
from app.widgets.form_fields import FormField
from app.widgets.markup import markup

DAYS, MOST_KEPT = 60, 20
"""Days after which a form that nobody touched is forgotten, and how many forms a browser keeps: the desk needs room."""
_KEY = """
  const prefix = "rondo.new-round.", header = document.querySelector(".rondo-header");
  const own = `${prefix}${header.dataset.me}.${header.querySelector(".rondo-project").dataset.id}.`;
  const key = own + location.search;
  const names = (start) => Object.keys(localStorage).filter((name) => name.startsWith(start));
"""
READ = f"""() => {{{_KEY}
  try {{
    const day = 24 * 60 * 60 * 1000, at = (name) => Number(/^{{"at":(\\d+)/.exec(localStorage.getItem(name))?.[1] ?? 0);
    const newest = names(prefix).sort((a, b) => at(b) - at(a));
    newest.forEach((name, place) => {{
      if (place >= {MOST_KEPT} || Date.now() - at(name) > {DAYS} * day) localStorage.removeItem(name);
    }});
    return [{{ text: localStorage.getItem(key) }}, null];
  }} catch {{
    return [null, null];
  }}
}}"""
"""What is kept of this form, as text: Gradio takes values that look like a file's for files. Before, what is old or too
much is forgotten."""
_KEEP = """
  const keep = (form, filled, [start, , ...values]) => {
    const kept = { at: Date.now(), recipe: form.recipe, origin: filled?.origin ?? {}, start };
    for (const [group, name] of form.names) (kept[group] ??= {})[name] = values.shift();
    const [title, yaml] = values.map((text) => text ?? "");
    // A full or forbidden store: the form works without it.
    const whole = { at: kept.at, beside: {}, knobs: {}, roles: {}, ...kept, title, yaml };
    try { localStorage.setItem(key, JSON.stringify(whole)); } catch {}
  };
"""
DRAWN = f"""(filled, ...values) => {{{_KEY}{_KEEP}
  const form = %s, held = filled?.held ?? [];
  window.rondoForm = {{ ...form, seen: JSON.stringify(values) }};
  const now = JSON.stringify(values.slice(1, 1 + held.length));
  const isAsFilled = filled?.at === form.at && now === JSON.stringify(held);
  if (!isAsFilled || filled.is_chosen) keep(form, filled, values);
}}"""
"""When the slots are drawn: kept where that comes of what a person chose, or typed before they were there."""
CHANGED = f"""(filled, ...values) => {{{_KEY}{_KEEP}
  const form = window.rondoForm, now = JSON.stringify(values);
  if (form?.at !== %d || form.seen === now) return;
  form.seen = now;
  keep(form, filled, values);
}}"""
"""Told of what the server writes, too, which mostly changes nothing."""
LAUNCHED = f"""() => {{{_KEY}
  const preview = Number(new URLSearchParams(location.search).get("preview"));
  try {{
    localStorage.removeItem(key);
    for (const name of names(own)) {{
      if (preview && JSON.parse(localStorage.getItem(name)).preview === preview) localStorage.removeItem(name);
    }}
  }} catch {{}}
  window.location.assign('./');
}}"""
"""What was launched is forgotten, also where it was typed before it was previewed."""
PREVIEWED = f"""(started) => {{{_KEY}
  if (!started.id) return;
  try {{
    const kept = JSON.parse(localStorage.getItem(key) ?? "null");
    if (kept) localStorage.setItem(key, JSON.stringify({{ ...kept, preview: Number(started.id) }}));
  }} catch {{}}
  window.location.assign(`previews?preview=${{Number(started.id)}}`);
}}"""
RESTORED = """{{#if value}}<p class="restored" role="status">{{value.text}} {{value.left_out}}
<button type="button" class="rondo-quiet">Start afresh</button></p>{{/if}}"""
RESTORED_CSS = """
p { margin: 0; overflow-wrap: anywhere; } button { margin-left: 8px; padding: 2px 12px; }
"""
AFRESH = f"""element.addEventListener("click", (event) => {{
  if (!event.target.closest("button")) return;{_KEY}
  localStorage.removeItem(key);
  location.reload();
}});"""


def draw_line() -> gr.HTML:
    """Lay out the line that says what was restored, with the way back to the form as it would be without."""
    return markup(RESTORED, RESTORED_CSS, js=AFRESH, elem_id="restored")


def wire(
    drawing: Drawing, beside: Sequence[FormField], texts: Sequence[gr.Textbox], above: Sequence[Component]
) -> None:
    """Keep what the fields hold, when they are drawn anew and whenever a person changes one.

    beside: the fields beside the recipe. texts: the recipe's name and its YAML. above: what the form was filled with,
    what it starts from, its recipe.
    """
    typed = [*beside, *drawing.form.inputs, *(field for _, field in drawing.roles), *texts]
    values = [*above, *typed]
    blocks = get_blocks_context()
    assert blocks is not None
    form = {"at": drawing.at, "recipe": drawing.form.start, "names": names(drawing)}
    js_only: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    blocks.root_block.load(None, values, None, js=DRAWN % json.dumps(form), **js_only)
    # Not on input: of a text that comes before the page has what was typed.
    gr.on([field.change for field in typed], None, values, None, js=CHANGED % drawing.at, **js_only)


def names(drawing: Drawing) -> Sequence[tuple[str, str]]:
    """By which group and name each field is kept, in the order of the fields."""
    beside = [("beside", name) for name in round_form.names()]
    knobs = [("knobs", path_key(drawn.path)) for drawn in drawing.form.fields]
    return [*beside, *knobs, *(("roles", name) for name, _ in drawing.roles)]
