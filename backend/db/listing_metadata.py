"""The samples whose metadata passes a test: what a file says of their prompts, or an import of the samples themselves.

Metadata is JSON of any shape, in which the two databases look by functions of their own. A number that is written as a
text, as in a CSV file, counts as a number.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Float, Numeric, Select, String, and_, case, cast, collate, func, or_, select, type_coerce
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.filter_tests import MOST_DIGITS, MetadataTest

OWN = "metadata"
"""The field of a sample's `extra` that holds its own metadata."""


def passing(db: Session, tests: Sequence[MetadataTest]) -> Select[int]:
    """The ids of the samples that pass all tests, to be narrowed to some of them or to a round.

    Not to both: by the round, SQLite would read all its samples for a few.
    """
    sample, prompt = tables.Sample, tables.Prompt
    query = select(sample.id).join(prompt, prompt.id == sample.prompt_id)
    is_sqlite = db.get_bind().dialect.name == "sqlite"
    for test in tests:
        own, of_prompt = _Value(is_sqlite, sample.extra, (OWN, test.key)), _Value(is_sqlite, prompt.extra, (test.key,))
        # What an import says of a sample stands above what its prompt says.
        query = query.where(case((own.is_there, _passes(own, test)), else_=_passes(of_prompt, test)))
    return query


class _Value:
    """One value in a column of JSON, as a text and as a number."""

    def __init__(self, is_sqlite: bool, column: Any, path: Sequence[str]) -> None:
        self.is_sqlite = is_sqlite
        if is_sqlite:
            at = "$" + "".join(f'."{name}"' for name in path)
            self.kind: Any = func.json_type(column, at)
            self.plain: Any = func.json_extract(column, at)
            self.text: Any = case((self.kind.in_(("true", "false")), self.kind), else_=cast(self.plain, String))
            self.is_number = self.kind.in_(("integer", "real"))
        else:
            self.kind = func.jsonb_typeof(func.jsonb_extract_path(column, *path))
            self.text = func.jsonb_extract_path_text(column, *path)
            self.is_number = self.kind == "number"
        self.is_text = self.kind == ("text" if is_sqlite else "string")

    @property
    def is_there(self) -> Any:
        return func.coalesce(self.kind, "null") != "null"

    @property
    def number(self) -> Any:
        """None where it is none. SQLite's texts of numbers have fifteen digits, so that no text of a number is read.

        PostgreSQL's JSON has numbers of any size: as such they are compared, since few others hold all of them.
        """
        if self.is_sqlite:
            digits = func.ltrim(self.text, "-+")
            is_plain = and_(
                func.length(self.text) - func.length(digits) <= 1,
                digits.op("GLOB")("[0-9]*"),
                ~digits.op("GLOB")("*[^0-9.]*"),
                ~digits.op("GLOB")("*.*.*"),
            )
            number: Any = type_coerce(self.plain, Float)
            of_text: Any = cast(self.text, Float)
        else:
            is_plain = self.text.op("~")("^[-+]?[0-9]+[.]?[0-9]*$")
            number = of_text = cast(self.text, Numeric)
        is_short = func.length(self.text) <= MOST_DIGITS
        return case((self.is_number, number), (and_(self.is_text, is_short, is_plain), of_text))

    def of(self, number: float) -> Any:
        """What the number is compared with."""
        return number if self.is_sqlite else cast(Decimal(repr(number)), Numeric)

    def date(self, length: int) -> Any:
        """The beginning of a date, compared by its bytes; None for any other value."""
        start = func.replace(func.substr(self.text, 1, length), "T", " ")
        day = "[0-9][0-9][0-9][0-9]-[0-9][0-9]"
        if not self.is_sqlite:
            is_date = self.text.op("~")(f"^{day}(-[0-9][0-9]([T ].*)?)?$")
            return case((and_(self.is_text, is_date), collate(start, "C")))
        shapes = (day, f"{day}-[0-9][0-9]", f"{day}-[0-9][0-9][T ]*")
        return case((and_(self.is_text, or_(*(self.text.op("GLOB")(shape) for shape in shapes))), start))


def _passes(value: _Value, test: MetadataTest) -> Any:
    if test.sign == "~":
        # Databases differ in what LIKE minds; replacing a text minds the same in all.
        lower = func.lower(value.text)
        return func.replace(lower, test.word.lower(), "") != lower
    number = test.number
    if test.sign == "=":
        same = value.text == test.word
        return same if number is None else or_(same, value.number == value.of(number))
    compared: Any = value.date(len(test.word)) if number is None else value.number
    word: Any = test.word.replace("T", " ") if number is None else value.of(number)
    return compared >= word if test.sign == ">=" else compared <= word
