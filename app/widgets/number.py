"""Fields for a number: one that may be empty, where Gradio's own holds 0 in the browser, and a slider typed beside."""

from typing import Any

import gradio as gr

from backend.translations import gettext


class Number(gr.Number):
    """Empty is None to handlers, and nothing in the field."""

    is_template = True  # it is shown as a Number

    def preprocess(self, payload: Any) -> float | int | None:
        return None if payload in ("", None) else super().preprocess(payload)

    def postprocess(self, value: Any) -> Any:
        return "" if value in ("", None) else super().postprocess(value)


class Slider(gr.Slider):
    """What is typed beyond an end counts as that end, to which the field in the browser falls back unasked."""

    is_template = True  # it is shown as a Slider

    def preprocess(self, payload: float) -> float:
        if isinstance(payload, int | float):
            payload = min(max(payload, self.minimum), self.maximum)
        return super().preprocess(payload)


def beyond_bounds(field: Any, value: Any) -> str:
    """Say which bound of its field a number is beyond, by the field's label; nothing for one that is within them."""
    label = getattr(field, "label", None)
    if not isinstance(value, int | float) or not label:
        return ""
    least, most = getattr(field, "minimum", None), getattr(field, "maximum", None)
    if least is not None and value < least:
        return gettext("{label}: at least {bound}.").format(label=gettext(label), bound=_plain(least))
    if most is not None and value > most:
        return gettext("{label}: at most {bound}.").format(label=gettext(label), bound=_plain(most))
    return ""


def _plain(bound: float) -> str:
    return f"{bound:,}".removesuffix(".0")
