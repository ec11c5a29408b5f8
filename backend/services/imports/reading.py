"""Reads one row of a file as samples, each with its prompt, its judgments and its decisions."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from json.encoder import encode_basestring as quoted
from typing import Any, NamedTuple

from backend import boundary
from backend.services.imports import row_columns, shapes, statements
from backend.services.imports.shapes import Questions, Row
from backend.services.imports.statements import RowDecision, RowJudgment
from backend.services.prompts import plain_rows
from backend.services.prompts.files.limits import NumberText
from backend.services.prompts.mapping import Mapping as PromptMapping
from backend.services.prompts.messages import BadRow, looks_like_chat, read_chat
from backend.services.prompts.rows import ParsedPrompt, parse

LONGEST_ID = 200
TEXTS = frozenset({str})
DIGEST_VERSION = 1
"""Raised whenever a row may be read otherwise than before: digests of two versions are not compared."""


class ImportedSample(NamedTuple):
    """A sample ready to be written; what is JSON is text. `digest`: equal for rows that say the same."""

    row: int
    external_id: str
    digest: int
    prompt_key: int
    """Equal for samples that answer the same messages."""
    prompt: tuple[str, str, str | None, str, int, str]
    """Messages, text, answer, metadata, the key of the question, the content hash."""
    text: str
    judgments: tuple[RowJudgment, ...]
    decisions: tuple[RowDecision, ...]
    has_judgments: bool
    """Whether its row has a place for them, empty or not."""


class SampleReader:
    """Reads rows under the chosen columns."""

    def __init__(self, chosen: Mapping[str, str]) -> None:
        self.chosen = chosen
        self.questions = Questions(chosen)
        self.layouts: dict[tuple[str, ...], _Layout] = {}
        self.has_records = False
        """Whether a row was a record of another tool."""
        self.last: tuple[tuple[tuple[str, ...], list[Any], Any], ParsedPrompt, str] | None = None
        """What was given for the prompt that was read last, the prompt, and its metadata in order of their names:
        samples of one prompt mostly follow each other."""

    def samples(self, number: int, record: Row) -> Iterator[ImportedSample]:
        """The samples of the row; raises `BadRow`."""
        layout = self._layout(record)
        whole = record
        if not layout.is_plain:
            self.has_records = True
            whole = shapes.plain_row(record, self.questions)
            layout = self._layout(whole)
        if "completions" not in layout.roles:
            yield self._sample(number, whole, layout)
            return
        for row in shapes.single_rows(whole, {**self.chosen, **layout.roles}):
            yield self._sample(number, row, self._layout(row))

    def _layout(self, row: Row) -> "_Layout":
        columns = tuple(row)
        if columns not in self.layouts:
            if len(self.layouts) > 1_000:
                self.layouts.clear()  # a file whose rows all have other columns
            self.layouts[columns] = _Layout(columns, row_columns.roles_of(columns, self.chosen))
        return self.layouts[columns]

    def _sample(self, number: int, row: Row, layout: "_Layout") -> ImportedSample:
        external_id = _external_id(row[layout.external_id] if layout.external_id is not None else None)
        prompt, metadata = self._prompt(row, layout)
        column = layout.completion
        given = row.get(column) if column else None
        if given is None and "answer" not in layout.roles:
            text, answer = prompt.answer, None  # a chat ends with it
        else:
            text, answer = _text_of(given, column or ""), prompt.answer
        if not text or text.isspace():
            raise BadRow("it has no completion. Known names of it are " + ", ".join(row_columns.ROLES["completion"]))
        if fault := boundary.fault_of(text):
            raise BadRow(f"the completion {fault}")
        judgments = self._judgments(row, layout)
        decisions = _decisions(row, layout, self.questions.left_out)
        content_hash = prompt.digest.hex()
        return ImportedSample(
            number,
            external_id,
            _digest(content_hash, answer, text, metadata, judgments, decisions),
            int.from_bytes(prompt.digest[:8], "big", signed=True),
            (prompt.messages, prompt.text, answer, prompt.extra, prompt.key, content_hash),
            text,
            judgments,
            decisions,
            layout.has_judgments,
        )

    def _prompt(self, row: Row, layout: "_Layout") -> tuple[ParsedPrompt, str]:
        """The prompt, with every column that has no role as metadata; and these in order of their names."""
        if layout.prompt is None:
            names = (*row_columns.ROLES["messages"][:1], *row_columns.ROLES["prompt"])
            raise BadRow(f"it has no prompt. Known names of it are {', '.join(names)}")
        more = row[layout.metadata] if layout.metadata is not None else None
        if more is not None and not isinstance(more, dict):
            raise BadRow(f"column {layout.roles['metadata']!r} is no object")
        values = [row[name] for name in layout.asked]
        given = layout.asked, values, more
        # Equal values may be of two types, 1 and true: only texts are told apart for sure.
        is_told_apart = TEXTS.issuperset(map(type, values)) and (not more or TEXTS.issuperset(map(type, more.values())))
        if self.last is not None and is_told_apart and self.last[0] == given:
            return self.last[1:]
        asked = dict(zip(layout.asked, values, strict=True))
        if more:
            asked = {name: value for name, value in more.items() if name not in layout.prompt.used} | asked
        plain = layout.plain(asked)
        prompt = parse(asked, layout.prompt) if plain is None else ParsedPrompt(*plain)
        is_bare = prompt.extra == "{}"
        metadata = "{}" if is_bare else json.dumps(json.loads(prompt.extra), sort_keys=True)
        self.last = (given, prompt, metadata) if is_told_apart else None
        return prompt, metadata

    def _judgments(self, row: Row, layout: "_Layout") -> tuple[RowJudgment, ...]:
        if layout.is_listed:
            return statements.judgments(statements.objects(layout.value(row, "judgments"), "judgments"))
        column = layout.score
        if column is None or row[column] is None:
            return ()
        told = statements.judgment(layout.value(row, "judge"), row[column], None, layout.value(row, "rationale"))
        return (told,)


class _Layout:
    """The columns of rows of one shape. `is_plain`: no tool's record has them."""

    def __init__(self, columns: tuple[str, ...], roles: dict[str, str]) -> None:
        self.roles = roles
        self.is_plain = shapes.are_plain(columns)
        self.completion, self.score, self.label = (roles.get(role) for role in ("completion", "score", "label"))
        self.external_id, self.metadata = roles.get("external_id"), roles.get("metadata")
        self.is_listed = "judgments" in roles or "decisions" in roles
        """Whether judgments and decisions come as lists; a score or label beside them is what came of these."""
        self.has_judgments = "judgments" in roles if self.is_listed else self.score is not None
        prompt, messages = roles.get("prompt"), roles.get("messages")
        self.prompt: PromptMapping | None = None
        self.plain = plain_rows.reader(PromptMapping())
        if prompt is not None or messages is not None:
            context, choices = (
                (roles[role],) if role in roles and prompt is not None else () for role in ("context", "choices")
            )
            self.prompt = PromptMapping(
                messages=None if prompt is not None else messages,
                prompt=prompt,
                answer=roles.get("answer"),
                system=roles.get("system"),
                history=roles.get("history"),
                context=context,
                choices=choices,
            )
            self.plain = plain_rows.reader(self.prompt)
        # What is no part of the prompt here is metadata, and no column is lost.
        read = {"prompt", "answer", "system", "history", "context", "choices"}
        read |= {"messages"} if prompt is None else set()
        flat = {"score", "judge", "rationale", "label", "decided_by", "decided_at", "note"} if self.is_listed else set()
        beside = frozenset(column for role, column in roles.items() if role not in read | flat)
        self.asked = tuple(column for column in columns if column not in beside)
        """The columns of the prompt and of its metadata."""

    def value(self, row: Row, role: str) -> Any:
        column = self.roles.get(role)
        return row.get(column) if column is not None else None


def _digest(
    content_hash: str,
    answer: str | None,
    text: str,
    metadata: str,
    judgments: tuple[RowJudgment, ...],
    decisions: tuple[RowDecision, ...],
) -> int:
    """64 bits of a hash of what was read: a list of the values as JSON without blanks, where tuples are lists.

    Judgments are written here and not by `json`, which takes five times as long.
    """
    judged = [f"[{quoted(j)},{n},{_or_null(score)},{_text(v)},{quoted(why)}]" for j, n, score, v, why in judgments]
    decided = _encode(decisions) if decisions else "[]"
    told = f"{_text(answer)},{quoted(text)},{quoted(metadata)},[{','.join(judged)}],{decided}"
    written = f'["{content_hash}",{told}]'.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(written, digest_size=8).digest(), "big", signed=True)


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _text(value: str | None) -> str:
    return "null" if value is None else quoted(value)


def _or_null(score: float | None) -> str:
    return "null" if score is None else repr(score)


def _decisions(row: Row, layout: _Layout, left_out: Counter[str]) -> tuple[RowDecision, ...]:
    if layout.is_listed:
        return statements.decisions(statements.objects(layout.value(row, "decisions"), "decisions"), left_out)
    if layout.label is None or row.get(layout.label) in (None, ""):
        return ()
    flat = {name: layout.value(row, name) for name in ("label", "decided_by", "decided_at", "note")}
    return statements.decisions((flat,), left_out)


def _external_id(value: Any) -> str:
    if value is None or value == "":
        names = ", ".join(row_columns.ROLES["external_id"])
        raise BadRow(f"it has no external id, by which it is known when it comes again. Known names of it are {names}")
    if isinstance(value, bool | list | dict):
        raise BadRow("its external id is neither a text nor a number")
    text = value.strip() if isinstance(value, str) else str(value)
    if text.isascii() and text.isprintable() and 0 < len(text) <= LONGEST_ID:
        return text
    if fault := boundary.fault_of_name(text, LONGEST_ID):
        raise BadRow(f"its external id {fault}")
    return text


def _text_of(value: Any, column: str) -> str:
    """A completion's text: the last turn, where it is a chat."""
    if value is None:
        return ""
    if isinstance(value, str):
        if isinstance(value, NumberText) or not looks_like_chat(value):
            return value
    elif not isinstance(value, list | dict):
        raise BadRow(f"column {column!r} is no text")
    turns = read_chat(value, column, set())
    if not turns or turns[-1]["role"] != "assistant":
        raise BadRow(f"column {column!r} does not end with an assistant turn")
    return turns[-1]["content"]
