"""The samples whose metadata passes a test: what a file says of their prompts, or an import of the samples themselves.

Metadata is JSON of any shape, in which the two databases look by functions of their own. A number that is written as a
text, as in a CSV file, counts as a number.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Float, Select, String, and_, case, cast, collate, func, or_, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.filters import MetadataTest

OWN = "metadata"
"""The field of a sample's `extra` that holds its own metadata."""


def passing(db: Session, test: MetadataTest) -> Select[int]:
    """The ids of the samples that pass, to be narrowed to some of them or to a round.

    Not to both: by the round, SQLite would read all its samples for a few.
    """
    sample, prompt = tables.Sample, tables.Prompt
    query = select(sample.id).join(prompt, prompt.id == sample.prompt_id)
    is_sqlite = db.get_bind().dialect.name == "sqlite"
    own, of_prompt = _Value(is_sqlite, sample.extra, (OWN, test.key)), _Value(is_sqlite, prompt.extra, (test.key,))
    # What an import says of a sample stands above what its prompt says.
    passes = case((own.is_there, _passes(own, test)), else_=_passes(of_prompt, test))
    return query.where(passes)


class _Value:
    """One value in a column of JSON, as a text and as a number."""

    def __init__(self, is_sqlite: bool, column: Any, path: Sequence[str]) -> None:
        self.is_sqlite = is_sqlite
        if is_sqlite:
            at = "$" + "".join(f'."{name}"' for name in path)
            self.kind: Any = func.json_type(column, at)
            plain: Any = cast(func.json_extract(column, at), String)
            self.text: Any = case((self.kind.in_(("true", "false")), self.kind), else_=plain)
        else:
            self.kind = func.jsonb_typeof(func.jsonb_extract_path(column, *path))
            self.text = func.jsonb_extract_path_text(column, *path)

    @property
    def is_there(self) -> Any:
        return func.coalesce(self.kind, "null") != "null"

    @property
    def number(self) -> Any:
        """None where it is none."""
        if self.is_sqlite:
            digits = func.ltrim(self.text, "-+")
            is_plain = and_(
                func.length(self.text) - func.length(digits) <= 1,
                digits.op("GLOB")("[0-9]*"),
                ~digits.op("GLOB")("*[^0-9.]*"),
                ~digits.op("GLOB")("*.*.*"),
            )
            is_number, is_text = self.kind.in_(("integer", "real")), self.kind == "text"
        else:
            is_plain = self.text.op("~")("^[-+]?[0-9]+[.]?[0-9]*$")
            is_number, is_text = self.kind == "number", self.kind == "string"
        return case((or_(is_number, and_(is_text, is_plain)), cast(self.text, Float)))

    def begins(self, length: int) -> Any:
        """The beginning of the text, compared by its bytes."""
        start = func.substr(self.text, 1, length)
        return start if self.is_sqlite else collate(start, "C")


def _passes(value: _Value, test: MetadataTest) -> Any:
    if test.sign == "~":
        # Databases differ in what LIKE minds; replacing a text minds the same in all.
        lower = func.lower(value.text)
        return func.replace(lower, test.word.lower(), "") != lower
    number = test.number
    if test.sign == "=":
        same = value.text == test.word
        return same if number is None else or_(same, value.number == number)
    compared: Any = value.begins(len(test.word)) if number is None else value.number
    word: Any = test.word if number is None else number
    return compared >= word if test.sign == ">=" else compared <= word
