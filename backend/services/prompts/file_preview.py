"""The look at a file before its import: its format, its columns, and what becomes of its first rows."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import StringIO
from itertools import islice
from typing import Any

from backend import boundary
from backend.errors import InvalidInput
from backend.services.prompts.choices import ANY, Places, places_of
from backend.services.prompts.files import PromptFile
from backend.services.prompts.formats import recognise
from backend.services.prompts.mapping import Fate, Mapping, check_mapping, fates
from backend.services.prompts.row_completions import RowCompletion
from backend.services.prompts.row_problems import Problems
from backend.services.prompts.rows import BadRow, parse
from backend.services.prompts.staging import Stager, UnfitIds
from backend.values import JSON, Messages

PREVIEW_ROWS = 1000
SCANNED_ROWS = 5_000
"""Rows of a file without fixed columns whose column names are read."""
SHOWN_ROWS = 20
SHOWN_TEXT = 4000


@dataclass(frozen=True)
class Finished:
    """A row as it would be imported: what the model will see, or why the row is left out."""

    line: int
    reason: str
    messages: Messages
    answer: str | None
    completions: tuple[RowCompletion, ...]

    @property
    def text(self) -> str:
        """All turns with their roles."""
        return "\n\n".join(f"{m['role']}: {m['content']}" for m in self.messages)


@dataclass(frozen=True)
class FilePreview:
    """The start of a file. `kind` and `format` in words; `columns` are those of all rows that were scanned."""

    kind: str
    format: str
    columns: tuple[str, ...]
    becomes: tuple[Fate, ...]
    rows: tuple[JSON, ...]
    mapping: Mapping
    num_rows: int
    is_whole: bool
    prompts: tuple[Finished, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Looked:
    """The first rows of a file and the columns found in it."""

    rows: tuple[tuple[int, Any], ...]
    columns: tuple[str, ...]
    is_whole: bool


def look_at(source: PromptFile) -> Looked:
    """Read the first rows, and of a file without fixed columns the names of more; raises `InvalidInput`."""
    numbered = source.rows()
    rows = list(islice(numbered, PREVIEW_ROWS + 1))
    is_whole, first = len(rows) <= PREVIEW_ROWS, rows[:PREVIEW_ROWS]
    columns = dict.fromkeys(str(name) for _, row in rows if isinstance(row, dict) for name in row)
    if not source.is_table and not is_whole:
        for _, row in islice(numbered, SCANNED_ROWS):
            if isinstance(row, dict) and not columns.keys() >= row.keys():
                columns.update(dict.fromkeys(row))
    return Looked(tuple(first), tuple(columns), is_whole)


def suggest(source: PromptFile, rows: Sequence[tuple[int, Any]], columns: Sequence[str]) -> tuple[str, Mapping]:
    """The format in words and the mapping that it suggests; an empty mapping where no column has a known name."""
    if source.kind == "text":
        return "plain text lines", Mapping(prompt="text")
    format_ = recognise(columns, [row for _, row in rows])
    if format_ is None:
        return "", Mapping()
    return format_[0].title, format_[1]


def preview(source: PromptFile, mapping: Mapping | None = None) -> FilePreview:
    """Show how a file would be imported; raises `InvalidInput` where it cannot be."""
    looked = look_at(source)
    format, suggested = suggest(source, looked.rows, looked.columns)
    warnings: list[str] = []
    if mapping is None and (why := _unfit_ids(source, looked, suggested)):
        warnings.append(f"{why}.")
        suggested = replace(suggested, external_id=None)
    chosen = mapping or suggested
    places = ANY
    if not chosen.used:
        warnings.append("No column has a known name. Choose the one that holds the prompt: messages or prompt.")
        done = [_bad(number, row) for number, row in looked.rows if isinstance(row, str)]
    else:
        check_mapping(chosen, looked.columns)
        ignored: set[str] = set()
        places = places_of(looked.rows, chosen)
        done = [finished(number, row, chosen, ignored, places) for number, row in looked.rows]
        if ignored:
            warnings.append(
                f"Messages hold more than role and text; this is not imported: {', '.join(sorted(ignored))}."
            )
    if bad := sum(bool(parsed.reason) for parsed in done):
        rest = "the good ones can" if bad < len(looked.rows) else "look at the columns chosen below"
        warnings.append(f"{bad} of the first {len(looked.rows)} rows cannot be imported; {rest}.")
    rows = tuple(row for _, row in looked.rows if isinstance(row, dict))
    becomes = fates(chosen, looked.columns, texts_of(rows, looked.columns))
    return FilePreview(
        kind=source.title,
        format=format or "no known format",
        columns=tuple(map(boundary.clean, looked.columns)),
        becomes=tuple(replace(become, column=boundary.clean(become.column)) for become in becomes),
        rows=tuple(_shown(row) for row in rows[:SHOWN_ROWS]),
        mapping=chosen,
        num_rows=len(looked.rows),
        is_whole=looked.is_whole,
        prompts=tuple(done[:SHOWN_ROWS]),
        warnings=tuple(warnings),
        notes=(*source.notes.sentences(), *places.sentences()),
    )


def _unfit_ids(source: PromptFile, looked: Looked, suggested: Mapping) -> str:
    """Why the column that seems to be one of external ids is none, by the rows that were looked at; else ""."""
    if suggested.external_id is None:
        return ""
    stager = Stager(suggested, Problems(StringIO()), unit=source.unit, places=places_of(looked.rows, suggested))
    try:
        for _ in stager.chunks(looked.rows):
            pass
    except UnfitIds as unfit:
        return unfit.why
    return ""


def _shown(value: Any, depth: int = 0) -> Any:
    """A value of the file as an answer can hold it: a bad row is shown, too."""
    if isinstance(value, str):
        return boundary.clean(value)
    if isinstance(value, dict | list | tuple) and depth > boundary.MOST_DEPTH:
        return "…"
    if isinstance(value, dict):
        return {_shown(name): _shown(inner, depth + 1) for name, inner in value.items()}
    return [_shown(inner, depth + 1) for inner in value] if isinstance(value, list | tuple) else value


def texts_of(rows: Sequence[JSON], columns: Sequence[str]) -> set[str]:
    """The columns that hold texts of more than a word, lists or objects: what a model might need to see."""
    return {name for name in columns if any(_is_telling(row.get(name)) for row in rows[:100])}


def _is_telling(value: Any) -> bool:
    return bool(value) and (isinstance(value, list | dict) or (isinstance(value, str) and " " in value.strip()))


def finished(number: int, row: Any, mapping: Mapping, ignored: set[str], places: Places) -> Finished:
    """One row under a mapping."""
    if isinstance(row, str):
        return _bad(number, row)
    try:
        prompt = parse(row, mapping, places)
    except BadRow as error:
        return _bad(number, str(error))
    ignored.update(prompt.ignored)
    messages: Messages = prompt_messages_of(prompt.messages)
    short = tuple(RowCompletion(completion.text[:SHOWN_TEXT], completion.extra) for completion in prompt.completions)
    return Finished(number, "", messages, prompt.answer and prompt.answer[:SHOWN_TEXT], short)


def prompt_messages_of(stored: str) -> Messages:
    """Stored messages with their texts cut to what is shown."""
    return [{"role": m["role"], "content": m["content"][:SHOWN_TEXT]} for m in json.loads(stored)]


def _bad(number: int, reason: str) -> Finished:
    return Finished(number, reason, [], None, ())


def mapping_for(source: PromptFile, looked: Looked, mapping: Mapping | None) -> Mapping:
    """The mapping, or the one the file's format suggests; raises `InvalidInput` where it does not fit the file."""
    if looked.rows and not looked.columns:
        number, why = looked.rows[0]
        raise InvalidInput(
            f"{source.path.name} has no row that can be read. {source.unit.capitalize()} {number}: {why}. "
            "Nothing was imported."
        )
    chosen = mapping or suggest(source, looked.rows, looked.columns)[1]
    # A column that a person names may come on a later row; whether it does is seen when all rows were read.
    later = chosen.used if mapping and not source.is_table and not looked.is_whole else ()
    check_mapping(chosen, [*looked.columns, *later])
    return chosen
