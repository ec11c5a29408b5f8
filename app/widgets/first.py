"""What a page shows before Gradio has started: parts of it, each drawn by the server where Gradio will put its own.

A page opts in with a function `first_content(request)` that returns what stands on it from the top.
`app/html/first.html` draws it, `static/first.js` takes each part away when Gradio's has come.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from typing import Any

from app.widgets import buttons, handlebars

_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class FirstPart:
    """What the component `elem_id` will show of the value, by the same template."""

    elem_id: str
    template: str
    css: str
    value: Any

    @cached_property
    def html(self) -> str:
        """What is drawn of it, every value escaped; nothing where no word of it can be read."""
        drawn = handlebars.render(self.template, self.value)
        return drawn if unescape(_TAG.sub("", drawn)).strip() else ""


@dataclass(frozen=True)
class Fields:
    """Fields beside each other, as labels and what they will hold. Nobody can change them yet."""

    fields: Sequence[tuple[str, str]]
    are_filters: bool = False
    folded: str = ""
    """What is folded away below them."""


@dataclass(frozen=True)
class FirstForm:
    """Fields below each other, as labels, explanations and what they will hold. Nobody can change them yet."""

    fields: Sequence[tuple[str, str, str]]


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
class FirstFolds:
    """Words on one line each: parts that are folded, or the tabs of the page."""

    labels: Sequence[str]
    are_tabs: bool = False


@dataclass(frozen=True)
class Listed:
    """A list, and what is chosen of it beside it; or a form, and what its fields come to."""

    rows: "Sequence[FirstPart | FirstForm | Toolbar | FirstFolds]"
    detail: Sequence[FirstPart] = ()
    has_wide_detail: bool = False
    is_form: bool = False


FirstRow = FirstPart | Fields | Toolbar | FirstFolds | Listed


def styles(rows: Sequence[FirstRow]) -> dict[str, list[str]]:
    """Return each css of what is drawn in these rows, with the components that have it."""
    styles_: dict[str, list[str]] = {}
    for part in _parts(rows):
        if part.html:
            styles_.setdefault(part.css, []).append(part.elem_id)
    return styles_


def _parts(rows: Sequence[FirstRow | FirstForm]) -> Iterator[FirstPart]:
    for row in rows:
        if isinstance(row, Listed):
            yield from _parts([*row.rows, *row.detail])
        elif isinstance(row, Toolbar):
            yield from [row.words] if row.words else []
        elif isinstance(row, FirstPart):
            yield row
