"""A table of texts whose rows can be clicked, and that never asks what a data frame is."""

from typing import Any

import gradio as gr
from gradio.components.dataframe import DataframeData

from backend.errors import InvalidInput
from backend.translations import gettext


class Table(gr.Dataframe):
    """Takes rows of cells, or a dict of them (`data`) and their `headers`.

    Gradio's own imports pandas for every value: half a second and a sixth of the memory.
    """

    is_template = True  # it is shown as a Dataframe

    def postprocess(self, value: Any) -> DataframeData:
        # Headers that come with the rows may be somebody's own words: who makes them translates the others.
        headers = value["headers"] if isinstance(value, dict) else [gettext(head) for head in self.headers]
        rows = value["data"] if isinstance(value, dict) else value
        return DataframeData(headers=headers, data=[list(row) for row in rows or []], metadata=None)


def row_number(event: gr.SelectData) -> int:
    """Return the number in the first cell of the row that was clicked."""
    try:
        return int(event.row_value[0])
    except (TypeError, ValueError, LookupError, OverflowError) as error:
        raise InvalidInput("No row of the table was chosen. Click one.") from error
