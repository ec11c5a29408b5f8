"""The review desk: one component whose script (static/review) asks the REST interface."""

import gradio as gr

from app import own_files

ID, SCRIPT = "review-desk", "review/desk.js"
HEAD = f'<link rel="stylesheet" href="{own_files.address("review/review.css")}">'
TEMPLATE = '<div class="rondo-muted">Opening the review…</div>'
START = f"""import("{own_files.address(SCRIPT)}").then(
  (desk) => desk.start(element),
  () => {{ element.textContent = "A part of this page did not arrive. Reload it."; }},
);"""


def review_desk() -> gr.HTML:
    """The component. Its value never changes: a changed value would draw the template again."""
    return gr.HTML(html_template=TEMPLATE, js_on_load=START, head=HEAD, elem_id=ID, apply_default_css=False)
