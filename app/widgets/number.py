"""A field for a number that may be empty: Gradio's own holds 0 in the browser where it was given none."""

from typing import Any

import gradio as gr


class Number(gr.Number):
    """Empty is None to handlers, and nothing in the field."""

    is_template = True  # it is shown as a Number

    def preprocess(self, payload: Any) -> float | int | None:
        return None if payload in ("", None) else super().preprocess(payload)

    def postprocess(self, value: Any) -> Any:
        return "" if value in ("", None) else super().postprocess(value)
