"""What a form is refused for, said beside it: a raised error covers every output with a red box and loses the input."""

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import gradio as gr

from app.widgets.markup import Markup, markup
from app.widgets.refused_fields import FIELDS, MARK, marked
from backend.errors import RondoError

PROBLEM = (
    """{{#if value.problem}}<p class="rondo-problem problem" role="alert">{{value.problem}}</p>""" + FIELDS + "{{/if}}"
)
NO_FIELDS: Mapping[str, str] = MappingProxyType({})
PROBLEM_CSS = ".problem { margin: 0; }"


def problem(elem_id: str) -> Markup:
    """The place of the message; it is the last output of every handler that is `refused_beside`."""
    return markup(PROBLEM, PROBLEM_CSS, js=MARK, value={}, elem_id=elem_id)


def refused_beside(
    others: int,
    fields: Mapping[str, str] | Callable[[], Mapping[str, str]] = NO_FIELDS,
    *,
    clears: bool = True,
    refill: Callable[..., list[Any]] | None = None,
) -> Callable[[Callable[..., list[Any]]], Callable[..., list[Any]]]:
    """Append the message to what a handler returns for its `others` outputs; a refusal leaves those as they are.

    `fields`: the ids of the fields that are marked, by what names them (`refused_fields.marked`); or what returns them.
    `clears`: success takes an earlier message away. Not where a list is shown: it may come after what was refused.
    `refill`: what the outputs show after a refusal instead; it is given the error and what the handler was given.
    """

    def decorated(handler: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
        @functools.wraps(handler)
        def wrapped(*args: Any, **kwargs: Any) -> list[Any]:
            try:
                return [*handler(*args, **kwargs), {} if clears else gr.skip()]
            except RondoError as error:
                shown = [gr.skip()] * others if refill is None else refill(error, *args, **kwargs)
                return [*shown, marked(error, fields() if callable(fields) else fields)]

        return wrapped

    return decorated
