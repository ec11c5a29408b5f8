"""What stands above a sample's text."""

from types import SimpleNamespace
from typing import Any

import pytest

from app.widgets.sample_card import title
from backend.values import JSON


def detail(noted: JSON, author: str | None = None) -> Any:
    return SimpleNamespace(noted=noted, author=author, edited_from_id=None, turns=[])


@pytest.mark.parametrize(
    ("noted", "text"),
    [
        ({"goes_on": True, "value": 0.25, "visits": 1}, "Step of a text (in the search: value 0.25, 1 visit)"),
        ({"goes_on": False, "value": None, "visits": 2}, "Step of a text (in the search: no value, 2 visits)"),
        ({}, "Text"),
    ],
)
def test_a_step_says_what_the_search_noted_of_it(noted: JSON, text: str) -> None:
    assert title(detail(noted)) == text


def test_an_imported_text_says_what_its_file_does_whatever_its_columns_are_called() -> None:
    text = title(detail({"goes_on": True, "value": "high"}, author="import"))
    assert text == "Text by import (the file says goes_on True, value high)"
