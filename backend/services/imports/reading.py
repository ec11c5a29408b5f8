"""One row of a file -> samples, each with its prompt and with what judges and people said of it."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from backend import boundary
from backend.services.imports import row_columns, shapes
from backend.services.imports.shapes import ANSWERS, Row
from backend.services.prompts.files.limits import NumberText
from backend.services.prompts.mapping import Mapping as PromptMapping
from backend.services.prompts.messages import BadRow, looks_like_chat, read_chat
from backend.services.prompts.rows import ParsedPrompt, json_of, parse
from backend.values import DecisionKind, Verdict, mean_score

LONGEST_ID = 200
MOST_JUDGE = 80
"""Characters of a judge's name."""
MOST_DECIDERS = 10
"""People who decided on one sample: as many as a review has for an item."""


class SaidJudgment(NamedTuple):
    judge: str
    position: int
    score: float | None
    verdict: str | None
    rationale: str


class SaidDecision(NamedTuple):
    """`who`: as the file calls them, None for whoever imports. `at`: seconds since 1970; None where not told."""

    who: str | None
    kind: str
    score: float | None
    note: str
    at: float | None
    value: str


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
    judgments: tuple[SaidJudgment, ...]
    decisions: tuple[SaidDecision, ...]


class SampleReader:
    """Reads rows under the chosen columns; from `accept_at` up a score without a verdict is an accept."""

    def __init__(self, chosen: Mapping[str, str], accept_at: float) -> None:
        self.chosen, self.accept_at = chosen, accept_at
        self.layouts: dict[tuple[str, ...], _Layout] = {}

    def samples(self, number: int, record: Row) -> Iterator[ImportedSample]:
        """The samples of the row; raises `BadRow`."""
        whole = shapes.plain_row(record)
        roles = self._layout(whole).roles
        if "completions" not in roles:
            yield self._sample(number, whole)
            return
        for row in shapes.single_rows(whole, roles["completions"], roles.get("external_id")):
            yield self._sample(number, row)

    def _layout(self, row: Row) -> "_Layout":
        columns = tuple(row)
        if columns not in self.layouts:
            if len(self.layouts) > 1_000:
                self.layouts.clear()  # a file whose rows all have other columns
            self.layouts[columns] = _Layout(row_columns.roles_of(columns, self.chosen))
        return self.layouts[columns]

    def _sample(self, number: int, row: Row) -> ImportedSample:
        layout = self._layout(row)
        external_id = _external_id(layout.value(row, "external_id"))
        prompt = self._prompt(row, layout)
        column = layout.roles.get("completion")
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
        decisions = _decisions(row, layout)
        told = (prompt.digest, answer, text, prompt.extra, judgments, decisions)
        digest = hashlib.blake2b(repr(told).encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return ImportedSample(
            number,
            external_id,
            int.from_bytes(digest, "big", signed=True),
            int.from_bytes(prompt.digest[:8], "big", signed=True),
            (prompt.messages, prompt.text, answer, prompt.extra, prompt.key, prompt.digest.hex()),
            text,
            judgments,
            decisions,
        )

    def _prompt(self, row: Row, layout: "_Layout") -> ParsedPrompt:
        """The prompt, with every column that has no role as metadata."""
        if layout.prompt is None:
            names = (*row_columns.ROLES["messages"][:1], *row_columns.ROLES["prompt"])
            raise BadRow(f"it has no prompt. Known names of it are {', '.join(names)}")
        asked = {name: value for name, value in row.items() if name not in layout.beside}
        more = layout.value(row, "metadata")
        if isinstance(more, dict):
            asked = {name: value for name, value in more.items() if name not in layout.prompt.used} | asked
        elif more is not None:
            raise BadRow(f"column {layout.roles['metadata']!r} is no object")
        return parse(asked, layout.prompt)

    def _judgments(self, row: Row, layout: "_Layout") -> tuple[SaidJudgment, ...]:
        if layout.is_listed:
            said = _objects(layout.value(row, "judgments"), "judgments")
        else:
            score = layout.value(row, "score")
            if score is None:
                return ()
            said = [{name: layout.value(row, name) for name in ("judge", "score", "rationale")}]
        places: Counter[str] = Counter()
        judgments = []
        for one in said:
            judge = _line(one.get("judge") or "import", "a judge's name", MOST_JUDGE)
            score, verdict = _score(one.get("score")), _verdict(one.get("verdict", one.get("label")))
            if verdict is None and score is not None:
                verdict = Verdict.accept if score >= self.accept_at else Verdict.reject
            rationale = _line(one.get("rationale") or one.get("reason") or "", "a rationale", boundary.MOST_TEXT)
            judgments.append(
                SaidJudgment(judge, places[judge], score, None if verdict is None else verdict.value, rationale)
            )
            places[judge] += 1
        return tuple(judgments)


class _Layout:
    """The columns of rows of one shape."""

    def __init__(self, roles: dict[str, str]) -> None:
        self.roles = roles
        self.is_listed = "judgments" in roles or "decisions" in roles
        """Whether judgments and decisions come as lists; a score or label beside them is what came of these."""
        prompt, messages = roles.get("prompt"), roles.get("messages")
        self.prompt: PromptMapping | None = None
        if prompt is not None or messages is not None:
            self.prompt = PromptMapping(
                messages=None if prompt is not None else messages,
                prompt=prompt,
                answer=roles.get("answer"),
                system=roles.get("system"),
            )
        read = {"prompt", "answer", "system"} | ({"messages"} if prompt is None else set())
        flat = {"score", "judge", "rationale", "label", "decided_by", "decided_at", "note"} if self.is_listed else set()
        self.beside = frozenset(column for role, column in roles.items() if role not in read | flat)

    def value(self, row: Row, role: str) -> Any:
        column = self.roles.get(role)
        return row.get(column) if column is not None else None


def machine_label(said: Sequence[tuple[Any, ...]], accept_at: float) -> tuple[float | None, Verdict | None]:
    """What the judgments say together: the mean of their scores, and the verdict that most of them gave.

    Where as many say one as the other, the mean decides.
    """
    if not said:
        return None, None
    judgments = [*map(SaidJudgment._make, said)]
    if len(judgments) == 1:
        return judgments[0].score, None if judgments[0].verdict is None else Verdict(judgments[0].verdict)
    scores = [one.score for one in judgments if one.score is not None]
    mean = mean_score(scores) if scores else None
    given = Counter(one.verdict for one in judgments if one.verdict is not None).most_common()
    if not given:
        return mean, None
    if len(given) > 1 and given[0][1] == given[1][1] and mean is not None:
        return mean, Verdict.accept if mean >= accept_at else Verdict.reject
    return mean, Verdict(given[0][0])


def _decisions(row: Row, layout: _Layout) -> tuple[SaidDecision, ...]:
    if layout.is_listed:
        said = _objects(layout.value(row, "decisions"), "decisions")
    else:
        label = layout.value(row, "label")
        if label is None or label == "":
            return ()
        said = [{name: layout.value(row, name) for name in ("label", "decided_by", "decided_at", "note")}]
    decisions = [found for one in said if (found := _decision(one)) is not None]
    if len({one.who for one in decisions}) > MOST_DECIDERS:
        raise BadRow(f"more than {MOST_DECIDERS} people decided on it")
    decisions.sort(key=lambda one: one.at or 0.0)  # stable: without times, in the file's order
    return tuple(decisions)


def _decision(said: Row) -> SaidDecision | None:
    """A decision; None for one that was taken back, or that is none: only a note, or answers to other questions."""
    if said.get("is_retracted"):
        return None
    kind = said.get("kind")
    label = next((said[name] for name in ("label", "verdict") if said.get(name) is not None), None)
    verdict = _verdict(kind if label is None and kind in ("accept", "reject") else label)
    score = _score(said.get("score"))
    if verdict is None and score is None:
        return None
    who = said.get("decided_by", said.get("who"))
    note = _line(said.get("note") or "", "a note", boundary.MOST_NOTE)
    kept = {ANSWERS: answers} if (answers := said.get(ANSWERS)) else {}
    if verdict is not None and score is not None:
        kept["score"] = score
    value = json_of(kept, "what was answered") if kept else "{}"
    at = said.get("decided_at", said.get("created_at"))
    return SaidDecision(
        None if who in (None, "") else _line(str(who), "who decided", boundary.MOST_NAME),
        (DecisionKind.score if verdict is None else DecisionKind(verdict.value)).value,
        score if verdict is None else None,
        note,
        None if at in (None, "") else _seconds(str(at)),
        value,
    )


def _external_id(value: Any) -> str:
    if value is None or value == "":
        names = ", ".join(row_columns.ROLES["external_id"])
        raise BadRow(f"it has no external id, by which it is known when it comes again. Known names of it are {names}")
    if isinstance(value, bool | list | dict):
        raise BadRow("its external id is neither a text nor a number")
    text = value.strip() if isinstance(value, str) else str(value)
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


def _objects(value: Any, subject: str) -> list[Row]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise BadRow(f"its {subject} are no list of objects")
    return value


def _score(value: Any) -> float | None:
    if value is None or value == "":
        return None
    try:
        score = float(value) if not isinstance(value, bool) else float("nan")
    except (TypeError, ValueError, OverflowError) as error:
        raise BadRow(f"the score {str(value)[:40]!r} is no number") from error
    if not -boundary.MOST_SCORE <= score <= boundary.MOST_SCORE:
        raise BadRow(f"the score {str(value)[:40]!r} is no number from -1e9 to 1e9")
    return score


def _verdict(value: Any) -> Verdict | None:
    if value is None or value == "":
        return None
    verdict = shapes.verdict_of(value)
    if verdict is None:
        raise BadRow(f"the label {str(value)[:40]!r} is neither accept nor reject, nor another word for one of them")
    return verdict


def _line(value: Any, subject: str, most: int) -> str:
    text = value if isinstance(value, str) else str(value)
    if text and (fault := boundary.fault_of(text, most)):
        raise BadRow(f"{subject} {fault}")
    return text


@lru_cache(maxsize=4_096)
def _seconds(written: str) -> float:
    try:
        at = datetime.fromisoformat(written)
        at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
        if boundary.fault_of_time(at) is None:
            return at.timestamp()
    except ValueError:
        pass
    raise BadRow(f"the time {written[:40]!r} is none. Write it as 2026-11-29T12:00:00+00:00")
