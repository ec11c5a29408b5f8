"""Pages to which more are added once they are mounted."""

import hashlib
import inspect
from pathlib import Path

import gradio as gr
import pytest

from app import listeners
from app.widgets.number import Number
from app.widgets.slider import Slider
from tests.event_loops import in_event_loop, run_alone


@in_event_loop
def built() -> listeners.Pages:
    """Two pages, of which the second came later; each has a field whose value is asked for at every load."""
    with listeners.Pages(analytics_enabled=False) as pages:
        pages.pages.append(("second", "Second", True))
        gr.Textbox(lambda: "first")
    with pages.more():
        pages.current_page = "second"
        field = gr.Textbox(lambda: "second")
        gr.Button().click(lambda progress=gr.Progress(): progress, None, field)  # noqa: B008 - how Gradio knows it
    return pages


def test_what_came_later_is_as_what_was_there_before() -> None:
    pages = built()
    loads = [fn.fn() for fn in pages.fns.values() if fn.fn and any(event == "load" for _, event in fn.targets)]
    assert loads == ["first", "second"]
    assert (pages.exited, pages.progress_tracking, pages.settled) == (True, True, None)
    assert len(pages.config["components"]) == len(pages.blocks)


def test_what_was_copied_is_still_gradio_s() -> None:
    """Where this fails, compare `Pages.more` with Gradio's `Blocks.__exit__`, then note its hash."""
    source = inspect.getsource(listeners.COPIED)
    result = hashlib.sha256(source.encode()).hexdigest()
    assert result == "1da94bfa8db9a4689ec76e144631608ace8c2ed03d82fcb66326cc725d7adab7"


def test_a_refusal_quotes_what_somebody_typed_as_text() -> None:
    assert listeners.refusal("<b> is no name.").message == "&lt;b&gt; is no name."


def test_every_refusal_is_made_by_one_function() -> None:
    folder = Path(listeners.__file__).parent
    files = [file for file in sorted(folder.rglob("*.py")) if "gr.Error(" in file.read_text(encoding="utf-8")]
    assert [file.name for file in files] == ["listeners.py"]


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ([0, 0.5], "Matches: at least 3."),
        ([5, 1_000.5], "Margin: at most 1,000."),
        ([-1, -0.5], "Matches: at least 3. Margin: at least 0."),
    ],
)
def test_a_number_beyond_its_bounds_is_said_by_its_field(sent: list[float], words: str) -> None:
    pages = numbered()
    (block_fn,) = pages.fns.values()
    with pytest.raises(gr.Error) as refused:
        run_alone(pages.preprocess_data(block_fn, [None, *sent]))
    assert refused.value.message == words
    assert run_alone(pages.preprocess_data(block_fn, [None, 3, 1_000.0]))[1:] == [3, 1_000.0]


@pytest.mark.parametrize(("sent", "taken"), [(-3, 0), (11, 10), (2.5, 2.5), (None, 0), ("", 0)])
def test_a_slider_falls_back_to_its_end(sent: object, taken: float) -> None:
    assert Slider(0, 10, 0).preprocess(sent) == taken


@in_event_loop
def numbered() -> listeners.Pages:
    """A page with two bounded numbers, behind what it keeps."""
    with listeners.Pages(analytics_enabled=False) as pages:
        fields = [gr.State("kept"), Number(5, label="Matches", minimum=3), gr.Slider(0, 1_000.0, 0, label="Margin")]
        gr.Button().click(lambda *_: None, fields, None)
    return pages
