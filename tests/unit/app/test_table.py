"""Tables of texts: what Gradio's own shows, without frames."""

from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from app.widgets.table import Table

HEADERS = ["Name", "Prompts"]
APP = Path(__file__).parents[3] / "app"


@pytest.mark.parametrize("rows", [None, [], [["a", "1"], ["b", "2"]], [("a", "1")]])
def test_rows_are_those_of_a_dataframe(rows: Any) -> None:
    ours, theirs = (kind(headers=HEADERS, datatype="str") for kind in (Table, gr.Dataframe))
    assert ours.postprocess(rows) == theirs.postprocess(rows)


def test_a_browser_takes_it_for_a_dataframe() -> None:
    ours, theirs = Table(headers=HEADERS, render=False), gr.Dataframe(headers=HEADERS, render=False)
    assert (ours.get_block_name(), ours.get_block_class()) == (theirs.get_block_name(), theirs.get_block_class())
    assert ours.get_config() == theirs.get_config()


def test_no_page_makes_one_of_gradios_own() -> None:
    names = [path.name for path in APP.rglob("*.py") if "gr.Dataframe(" in path.read_text()]
    assert names == []
