"""One row of a file -> samples, each with its prompt and with what judges and people said of it."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from backend import boundary
from backend.services.imports import row_columns, shapes, statements
from backend.services.imports.shapes import Questions, Row
from backend.services.imports.statements import RowDecision, RowJudgment
from backend.services.prompts.files.limits import NumberText
from backend.services.prompts.mapping import Mapping as PromptMapping
from backend.services.prompts.messages import BadRow, looks_like_chat, read_chat
from backend.services.prompts.rows import ParsedPrompt, parse

LONGEST_ID = 200
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


class SampleReader:
    """Reads rows under the chosen columns."""

    def __init__(self, chosen: Mapping[str, str]) -> None:
        self.chosen = chosen
        self.questions = Questions(chosen)
        self.layouts: dict[tuple[str, ...], _Layout] = {}
        self.last: tuple[Row, ParsedPrompt, str] | None = None
        """The columns of the prompt that was read last, the prompt, and its metadata in order of their names: samples
        of one prompt mostly follow each other."""

    def samples(self, number: int, record: Row) -> Iterator[ImportedSample]:
        """The samples of the row; raises `BadRow`."""
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
            self.layouts[columns] = _Layout(row_columns.roles_of(columns, self.chosen))
        return self.layouts[columns]

    def _sample(self, number: int, row: Row, layout: "_Layout") -> ImportedSample:
        external_id = _external_id(layout.value(row, "external_id"))
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
        digest = _digest((prompt.digest.hex(), answer, text, metadata, judgments, decisions))
        return ImportedSample(
            number,
            external_id,
            digest,
            int.from_bytes(prompt.digest[:8], "big", signed=True),
            (prompt.messages, prompt.text, answer, prompt.extra, prompt.key, prompt.digest.hex()),
            text,
            judgments,
            decisions,
        )

    def _prompt(self, row: Row, layout: "_Layout") -> tuple[ParsedPrompt, str]:
        """The prompt, with every column that has no role as metadata; and these in order of their names."""
        if layout.prompt is None:
            names = (*row_columns.ROLES["messages"][:1], *row_columns.ROLES["prompt"])
            raise BadRow(f"it has no prompt. Known names of it are {', '.join(names)}")
        asked = {name: value for name, value in row.items() if name not in layout.beside}
        more = row.get(layout.metadata) if layout.metadata is not None else None
        if isinstance(more, dict):
            asked = {name: value for name, value in more.items() if name not in layout.prompt.used} | asked
        elif more is not None:
            raise BadRow(f"column {layout.roles['metadata']!r} is no object")
        # Equal values may be of two types, 1 and true: only texts are told apart for sure.
        if self.last is None or self.last[0] != asked or any(type(value) is not str for value in asked.values()):
            prompt = parse(asked, layout.prompt)
            is_bare = prompt.extra == "{}"
            self.last = asked, prompt, "{}" if is_bare else json.dumps(json.loads(prompt.extra), sort_keys=True)
        return self.last[1:]

    def _judgments(self, row: Row, layout: "_Layout") -> tuple[RowJudgment, ...]:
        if layout.is_listed:
            return statements.judgments(statements.objects(layout.value(row, "judgments"), "judgments"))
        column = layout.score
        if column is None or row.get(column) is None:
            return ()
        flat = {name: layout.value(row, name) for name in ("judge", "score", "rationale")}
        return statements.judgments((flat,))


class _Layout:
    """The columns of rows of one shape."""

    def __init__(self, roles: dict[str, str]) -> None:
        self.roles = roles
        self.completion, self.score, self.label = (roles.get(role) for role in ("completion", "score", "label"))
        self.metadata = roles.get("metadata")
        self.is_listed = "judgments" in roles or "decisions" in roles
        """Whether judgments and decisions come as lists; a score or label beside them is what came of these."""
        prompt, messages = roles.get("prompt"), roles.get("messages")
        self.prompt: PromptMapping | None = None
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
        # What is no part of the prompt here is metadata, and no column is lost.
        read = {"prompt", "answer", "system", "history", "context", "choices"}
        read |= {"messages"} if prompt is None else set()
        flat = {"score", "judge", "rationale", "label", "decided_by", "decided_at", "note"} if self.is_listed else set()
        self.beside = frozenset(column for role, column in roles.items() if role not in read | flat)

    def value(self, row: Row, role: str) -> Any:
        column = self.roles.get(role)
        return row.get(column) if column is not None else None


def _digest(told: tuple[Any, ...]) -> int:
    """64 bits of a hash of what was read: values in a fixed order, as JSON, where tuples are lists."""
    written = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    digest = hashlib.blake2b(written.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


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
