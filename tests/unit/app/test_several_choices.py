"""Lists of several choices, of which Gradio tells by `input` or by `change` alone: all pages hear both."""

import re
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import get_blocks_context

from app import pages
from tests.drawing import drawing
from tests.event_loops import in_event_loop

APP = Path(pages.__file__).parents[1]
HEARD = {
    "held-out-also",
    "import-metadata",
    "recipes-needs",
    "recipes-training",
    "samples-columns",
    "samples-source",
    "samples-verdict",
    "shares-people",
    "training-rounds",
}
"""Some of those that pages read as soon as they are changed; each page is looked at for others."""


@in_event_loop
def _several() -> list[tuple[str, set[str]]]:
    """Each list of several choices that a listener waits for: what it is called, and the events that are heard."""
    several: list[tuple[str, set[str]]] = []
    for page in pages.PAGES:
        with drawing():
            page.build()
            context = get_blocks_context()
            assert context is not None
            several += [told for fn in context.fns.values() for told in _told(context.blocks, fn)]
    return several


def _told(blocks: dict[int, Any], fn: Any) -> list[tuple[str, set[str]]]:
    by_field: dict[int, set[str]] = {}
    for number, event in fn.targets:
        by_field.setdefault(number, set()).add(event)
    fields = ((blocks.get(number), events) for number, events in by_field.items())
    return [
        (str(field.elem_id or field.label), events)
        for field, events in fields
        if isinstance(field, gr.Dropdown) and field.multiselect and events & {"input", "change"}
    ]


def test_each_list_of_several_choices_that_is_watched_is_heard_when_it_is_cleared() -> None:
    several = _several()
    assert [name for name, events in several if events != {"input", "change"}] == []
    assert {name for name, _ in several} >= HEARD


def test_what_a_form_draws_is_not_heard_by_its_input_alone() -> None:
    """Of a part's choice nobody knows before it is drawn whether it is of several: `touched` does."""
    files = [file for file in APP.rglob("*.py") if re.search(r"\.input\.input\b", file.read_text(encoding="utf-8"))]
    assert files == []
