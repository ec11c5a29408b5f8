"""Filters in one line, and the rest of them behind "More filters", which says how many of those are set."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr

from backend.translations import N_, gettext

MORE = N_("More filters")


@contextmanager
def line() -> Iterator[gr.Row]:
    """The filters that are used most."""
    with gr.Row(elem_classes="rondo-filters") as row:
        yield row


@contextmanager
def more(elem_id: str) -> Iterator[gr.Accordion]:
    """The others."""
    with gr.Accordion(MORE, open=False, elem_id=elem_id, elem_classes="rondo-more-filters") as accordion:
        with gr.Row(elem_classes="rondo-filters"):
            yield accordion


def label(number: int) -> str:
    """`More filters: 2 set`."""
    return gettext("More filters: {number} set").format(number=number) if number else gettext(MORE)


def folded(number: int) -> gr.Accordion:
    """What the accordion shows when `number` of its filters are set; whether it is open stays."""
    return gr.Accordion(label=label(number))


def opened(number: int) -> gr.Accordion:
    """The same when a page is drawn: open where a filter is set, since it is why rows are missing."""
    more: dict[str, Any] = {"open": True} if number else {}
    return gr.Accordion(label=label(number), **more)
