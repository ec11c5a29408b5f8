"""The completions that a row brings, and what the file says of them."""

from typing import Any, NamedTuple

from backend.services.prompts import messages
from backend.services.prompts.files.limits import NumberText, WrittenNumber, type_name
from backend.services.prompts.mapping import Mapping
from backend.services.prompts.messages import BadRow, looks_like_chat, read_chat
from backend.values import JSON, Messages

TEXTS = ("text", "response", "completion", "content", "output", "answer", "generated_text")
SCORES = ("score", "overall_score", "rating", "overall_rating", "reward", "helpfulness")
WORDS = {
    "true": True,
    "1": True,
    "1.0": True,
    "yes": True,
    "good": True,
    "chosen": True,
    "accept": True,
    "+1": True,
    "false": False,
    "0": False,
    "0.0": False,
    "no": False,
    "bad": False,
    "rejected": False,
    "reject": False,
    "-1": False,
}
NOTHING: tuple[Any, ...] = (None, "", [], {})
"""What stands where there is no completion."""
UNREAD = "unread_score"


class RowCompletion(NamedTuple):
    """A text that the file holds for a prompt. `extra`: what it says of it (chosen, label, score, ...)."""

    text: str
    extra: JSON


def completions_of(
    row: dict[str, Any], mapping: Mapping, asked: Messages, ignored: set[str]
) -> tuple[RowCompletion, ...]:
    """The row's completions with what is noted on them; raises `BadRow`."""
    completions: list[RowCompletion] = []
    sides = ((mapping.chosen, True, mapping.score_chosen), (mapping.rejected, False, mapping.score_rejected))
    for column, is_chosen, score in sides:
        if column is not None and row.get(column) not in NOTHING:
            text = _after(row[column], column, asked, ignored)
            completions.append(RowCompletion(text, {"chosen": is_chosen, "column": column} | _scored(row, score)))
    if mapping.completion and (value := row.get(mapping.completion)) not in NOTHING:
        noted = _scored(row, mapping.score) | _labelled(row, mapping.label)
        for value_ in (value_ for value_ in _several(value) if value_ not in NOTHING):
            text, more = _one(value_, mapping.completion, asked, ignored)
            completions.append(RowCompletion(text, {"column": mapping.completion} | more | noted))
    return tuple(completion for completion in completions if completion.text.strip())


def pair_of(row: dict[str, Any], mapping: Mapping, ignored: set[str]) -> tuple[Messages, tuple[RowCompletion, ...]]:
    """What both sides of a pair begin with, and how each goes on; raises `BadRow`."""
    sides = []
    for column in (mapping.chosen or "", mapping.rejected or ""):
        value = row.get(column)
        if not value:
            raise BadRow(f"column {column!r} is missing or empty")
        sides.append(_turns(value, column, ignored))
    chosen, rejected = sides
    same = messages.common_start(chosen, rejected)
    if not same:
        raise BadRow("chosen and rejected begin with nothing in common, so there is no prompt")
    same = min(same, len(chosen) - 1, len(rejected) - 1)
    asked, ends = chosen[:same], (chosen[same:], rejected[same:])
    for name, end in zip((mapping.chosen, mapping.rejected), ends, strict=True):
        if len(end) != 1 or end[0]["role"] != "assistant":
            raise BadRow(f"column {name!r} goes on with other than one assistant turn after what both sides share")
        if not end[0]["content"].strip():
            raise BadRow(f"the last turn of column {name!r} is empty")
    messages.check_order(asked)
    scores = (mapping.score_chosen, mapping.score_rejected)
    return asked, tuple(
        RowCompletion(end[0]["content"], {"chosen": is_chosen, "column": name} | _scored(row, score))
        for end, is_chosen, name, score in zip(
            ends, (True, False), (mapping.chosen, mapping.rejected), scores, strict=True
        )
    )


def _turns(value: Any, column: str, ignored: set[str]) -> Messages:
    """A whole chat, or a transcript; plain texts have no turns and so no prompt."""
    if isinstance(value, str) and (turns := messages.transcript(value)) is not None:
        return turns
    if isinstance(value, str) and not looks_like_chat(value):
        raise BadRow(
            f"column {column!r} is plain text, and the file has no prompt; only chats and transcripts "
            '("\\n\\nHuman: ...\\n\\nAssistant: ...") hold their prompt'
        )
    return read_chat(value, column, ignored)


def _several(value: Any) -> list[Any]:
    """The completions in a cell: one text, one chat, or a list of texts or objects."""
    if (
        isinstance(value, list)
        and value
        and not (isinstance(value[0], dict) and ("role" in value[0] or "from" in value[0]))
    ):
        return value
    return [value]


def _one(value: Any, column: str, asked: Messages, ignored: set[str]) -> tuple[str, JSON]:
    """A completion's text, and what an object says of it besides."""
    if not isinstance(value, dict) or "role" in value:
        return _after(value, column, asked, ignored), {}
    text = next((value[name] for name in TEXTS if isinstance(value.get(name), str)), None)
    if text is None:
        raise BadRow(f"a completion in column {column!r} has no text; known names of it are {', '.join(TEXTS)}")
    more: JSON = {name: inner for name, inner in value.items() if inner is not None and inner != text}
    scores = [score for name in SCORES if name in more and (score := number(more[name], name)) is not None]
    if "score" in more:
        # Under this name stands a number or nothing: judges read it.
        if number(more["score"], "score") is None:
            more[UNREAD] = more["score"]
        del more["score"]
    return text, more | ({"score": scores[0]} if scores else {})


def _after(value: Any, column: str, asked: Messages, ignored: set[str]) -> str:
    """The text of a completion; of a chat its last turn, which must follow the prompt (or stand alone)."""
    if isinstance(value, WrittenNumber):
        return value.text
    if isinstance(value, str) and not isinstance(value, NumberText) and not looks_like_chat(value):
        turns = messages.transcript(value)
        if turns is None:
            return value
    elif isinstance(value, list | dict | str) and not isinstance(value, NumberText):
        turns = read_chat(value, column, ignored)
    elif isinstance(value, bool | int | float | NumberText):
        return str(value)
    else:
        raise BadRow(f"column {column!r} is {type_name(value)}; a completion is text or a list of messages")
    if not turns or turns[-1]["role"] != "assistant":
        raise BadRow(f"column {column!r} does not end with an assistant turn")
    if not _follows(turns[:-1], asked):
        raise BadRow(f"column {column!r} is a chat that does not follow the prompt")
    return turns[-1]["content"]


def _follows(before: Messages, asked: Messages) -> bool:
    """Whether a chat begins with what is asked, or with it as it is without the columns that are added to it."""
    if not before:
        return True
    if before[0]["role"] != "system":
        asked = [turn for turn in asked if turn["role"] != "system"]
    if before == asked:
        return True
    # Context stands below the last turn, history before the first.
    last, full = before[-1], asked[-1]
    is_same = last["role"] == full["role"] and full["content"].startswith(last["content"] + "\n\n")
    return (is_same or last == full) and before[:-1] == asked[len(asked) - len(before) : -1]


def _scored(row: dict[str, Any], column: str | None) -> JSON:
    score = number(row.get(column), column) if column else None
    return {} if score is None else {"score": score}


def number(value: Any, column: str | None) -> float | None:
    """A score as a number, None where there is none; raises `BadRow` for what is no finite number."""
    if value is None or value == "" or value == "N/A":
        return None
    try:
        parsed = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadRow(f"column {column!r} is {str(value)[:40]!r}; a score is a number") from error
    if parsed - parsed != 0:
        raise BadRow(f"column {column!r} is {str(value)[:40]!r}; a score is a finite number")
    return parsed


def _labelled(row: dict[str, Any], column: str | None) -> JSON:
    if column is None or row.get(column) in (None, ""):
        return {}
    word = WORDS.get(str(row[column]).strip().lower())
    if word is None:
        raise BadRow(f"column {column!r} is {str(row[column])[:40]!r}; a label is true or false (or 1 or 0)")
    return {"label": word}
