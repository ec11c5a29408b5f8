"""Read the final answer out of a text, compare it, and write it so that equal answers are equal strings."""

import re
from collections import deque
from dataclasses import dataclass

from backend.answers import equality, numbers, reading
from backend.answers.reading import Kind
from backend.answers.thinking import spoken


@dataclass(frozen=True)
class Known:
    """A known answer: what is compared, and what kind of answer is looked for in a text."""

    answer: str
    kind: Kind

    @classmethod
    def of(cls, written: str) -> "Known":
        """Read a known answer; of a whole solution, what its box or its `####` holds."""
        answer = next((marked for marked in reading.marked(written) if marked), None)
        if answer is None and "\n" in written.strip():
            answer = extract(written)
        answer = (answer or written).strip()
        return cls(answer, reading.kind_of(answer))


@dataclass(frozen=True)
class ExtractedAnswer:
    """What a text gives as its answer; `is_marked` where the text says that this is the answer."""

    answer: str
    is_marked: bool


def find(text: str, known: Known | None = None, pattern: str = "") -> ExtractedAnswer | None:
    """Return the answer of a text, None where none can be read: strictly first, then as the field's harnesses do.

    With a pattern: its last match outside the thinking, of that the group `answer`, else the first group, else all
    of it. Without: the last `\\boxed{...}`, `<answer>` or `####`, what follows `answer:` or "the answer is", and at
    last what looks like the known answer: the last number, letter, formula or line.
    """
    if pattern:
        matched = (_matched(spoken(text), pattern) or "").strip()
        return ExtractedAnswer(matched, is_marked=True) if matched else None
    kind, like = (known.kind, known.answer) if known else (Kind.any, "")
    reading_ = reading.read(text, kind, like)
    answer = reading_[0].strip().strip("\"'`*") if reading_ else ""
    return ExtractedAnswer(answer.strip(), reading_[1]) if reading_ and answer.strip() else None


def extract(text: str, pattern: str = "") -> str | None:
    """Return the answer a text gives, without knowing the right one; None where none can be read."""
    answer = find(text, pattern=pattern)
    return answer.answer if answer else None


def is_equal(stated: str, known: Known, *, with_numbers: bool = True) -> bool:
    """Say whether an answer is the known one: numbers exactly, formulas by math-verify, else the same words."""
    if known.kind is Kind.choice:
        return _letter(stated) == _letter(known.answer)
    return equality.are_equal(stated, known.answer, with_numbers=with_numbers)


def normalise(answer: str, *, numbers: bool = True) -> str:
    """Write an answer in one form: no case, spacing, `$` or final full stops; with `numbers`, `1,000.0` as `1000`."""
    plain = equality.words(answer)
    return _number(plain) if numbers else plain


def last_match(pattern: str, text: str) -> re.Match[str] | None:
    """Return the last match in a text, None where there is none."""
    return next(iter(deque(re.finditer(pattern, text), maxlen=1)), None)


def check_pattern(pattern: str) -> str:
    """Return the pattern; raise ValueError when it is no regular expression."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(
            f"The pattern {pattern!r} is no regular expression: {error}. Correct it or leave it empty."
        ) from error
    return pattern


def _matched(text: str, pattern: str) -> str | None:
    match = last_match(pattern, text)
    if match is None:
        return None
    if "answer" in match.re.groupindex:
        return match["answer"]
    return match[1] if match.re.groups else match[0]


def _letter(answer: str) -> str:
    return re.sub(r"[^A-Za-z]", "", re.sub(r"\\[a-z]+", "", answer))[:1].upper()


def _number(text: str) -> str:
    quantity = numbers.parse(text)
    return text if quantity is None else quantity.text
