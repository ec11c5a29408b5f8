"""A table of texts whose rows can be clicked, and that never asks what a data frame is."""

from typing import Any

import gradio as gr
from gradio.components.dataframe import DataframeData

from backend.errors import InvalidInput


class Table(gr.Dataframe):
    """Takes rows of cells. Gradio's own imports pandas for every value: half a second and a sixth of the memory."""

    is_template = True  # it is shown as a Dataframe

    def postprocess(self, value: Any) -> DataframeData:
        rows = [list(row) for row in value or []]
        return DataframeData(headers=self.headers, data=rows, metadata=None)


def row_number(event: gr.SelectData) -> int:
    """Return the number in the first cell of the row that was clicked."""
    try:
        return int(event.row_value[0])
    except (TypeError, ValueError, LookupError, OverflowError) as error:
        raise InvalidInput("No row of the table was chosen. Click one.") from error
