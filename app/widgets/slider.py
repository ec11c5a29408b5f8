"""A slider whose number may be typed beside it, too."""

from typing import Any

import gradio as gr


class Slider(gr.Slider):
    """What is typed beyond an end counts as that end, to which the field in the browser falls back unasked; an emptied
    field as the lower one."""

    is_template = True  # it is shown as a Slider

    def preprocess(self, payload: Any) -> float:
        if payload in ("", None):
            payload = self.minimum
        elif isinstance(payload, int | float):
            payload = min(max(payload, self.minimum), self.maximum)
        return super().preprocess(payload)
