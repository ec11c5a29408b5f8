"""What arguments a component takes is read once, and is what Gradio reads."""

import inspect

import gradio as gr
import pytest
from gradio import component_meta

from app import gradio_signatures
from tests.drawing import drawing
from tests.event_loops import in_event_loop


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(component_meta, "inspect", inspect)
    gradio_signatures.install()
    return


def test_gradio_reads_them_by_the_name_that_is_put_in_its_place() -> None:
    assert "inspect.getfullargspec(fn).args" in inspect.getsource(component_meta.updateable)


@in_event_loop
def _made() -> tuple[gr.Textbox, int]:
    with drawing():
        gr.Textbox("a", label="first")
        before = gradio_signatures.getfullargspec.cache_info().misses
        second = gr.Textbox("b", label="second", lines=3)
        return second, gradio_signatures.getfullargspec.cache_info().misses - before


def test_a_second_component_of_a_class_is_made_as_the_first_without_reading_them(installed: None) -> None:
    second, misses = _made()
    assert (second.value, second.label, second.lines, misses) == ("b", "second", 3, 0)
    assert second._constructor_args[0] == {"value": "b", "label": "second", "lines": 3}
