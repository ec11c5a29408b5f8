"""What a page shows before Gradio has started: parts of it, each drawn by the server where Gradio will put its own.

A page opts in with a function `first_content(request)` that returns what stands on it from the top.
`app/html/first.html` draws it, `static/first.js` takes each part away when Gradio's has come.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.widgets import buttons, handlebars


@dataclass(frozen=True)
class FirstPart:
    """What the component `elem_id` will show of the value, by the same template."""

    elem_id: str
    template: str
    css: str
    value: Any

    @property
    def html(self) -> str:
        """What is drawn of it, every value escaped."""
        return handlebars.render(self.template, self.value)


@dataclass(frozen=True)
class Fields:
    """Fields beside each other, as labels and what they will hold. Nobody can change them yet."""

    fields: Sequence[tuple[str, str]]
    are_filters: bool = False
    folded: str = ""
    """What is folded away below them."""


@dataclass(frozen=True)
class Toolbar:
    """Words beside buttons, and the places of these, which are no buttons yet."""

    words: FirstPart | None = None
    labels: Sequence[str] = ()
    elem_classes: str = ""

    @property
    def buttons(self) -> list[tuple[str, int]]:
        """Words and width of each."""
        return [(label, buttons.width(label)) for label in self.labels]


@dataclass(frozen=True)
class Listed:
    """A list that has what is chosen of it beside it."""

    rows: "Sequence[FirstPart | Toolbar]"


FirstRow = FirstPart | Fields | Toolbar | Listed


def parts_of(rows: Sequence[FirstRow]) -> list[FirstPart]:
    """Return the parts in these rows."""
    parts: list[FirstPart] = []
    for row in rows:
        if isinstance(row, Listed):
            parts += parts_of(row.rows)
        elif isinstance(row, Toolbar):
            parts += [row.words] if row.words else []
        elif isinstance(row, FirstPart):
            parts.append(row)
    return parts
