"""Our own markup in a page: a Handlebars template whose {{ }} escape what people and models wrote."""

from typing import Any

import gradio as gr


def markup(
    template: str, css: str = "", *, js: str | None = None, value: Any = None, elem_id: str | None = None
) -> gr.HTML:
    """A component that shows its value through a template. Write {{x}}, never {{{x}}} or ${x}: those interpret."""
    return gr.HTML(
        value=value, html_template=template, css_template=css, js_on_load=js, apply_default_css=False, elem_id=elem_id
    )
