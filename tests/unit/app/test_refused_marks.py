"""Which fields a refusal marks, and that a page hears of the same refusal twice."""

import pytest

from app.pages.team.question_rows import FIELDS
from app.widgets.refused_fields import marked
from backend import boundary
from backend.errors import Conflict, InvalidInput, RondoError, Stale


def ids(error: RondoError, fields: dict[str, str]) -> list[str]:
    return [field["id"] for field in marked(error, fields).get("fields", [])]


def test_what_somebody_changed_meanwhile_is_no_field_s_fault() -> None:
    assert "fields" not in marked(Stale("The question 'Tone' was changed since you read it."), FIELDS)
    with pytest.raises(InvalidInput) as empty:
        boundary.name(" ", "The question")
    assert ids(empty.value, FIELDS) == ["question-title"]
    assert ids(Conflict("There is a question with the key 'tone' already."), FIELDS) == ["question-key"]


def test_a_refusal_in_the_same_words_is_another_value() -> None:
    error = InvalidInput("No sample is named.", field="samples")
    assert marked(error, {"samples": "gold-samples"}) != marked(error, {"samples": "gold-samples"})
