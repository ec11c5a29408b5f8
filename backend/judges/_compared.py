"""Judgments that score all texts of a group at once: which text has which number, and which score each gets."""

import hashlib
import re
from collections.abc import Sequence

from backend.answers.thinking import spoken
from backend.values import Sample, SampleKind

LOWEST, HIGHEST = 1, 10
_LINE = re.compile(
    r"(?im)^[ \t*_`>#-]{0,12}scores?\b[ \t*_`]{0,12}:[ \t*_`]{0,12}\[{0,2}"
    r"(?P<scores>[0-9]{1,4}(?:[ \t]{0,9}[,;][ \t]{0,9}[0-9]{1,4}){0,99})[\]. \t*_`]{0,12}$"
)
_KNOWN = re.compile(r"(?P<best>[0-9]+) of (?P<count>[0-9]+)")


def in_order(prompt_id: int, texts: Sequence[Sample]) -> list[Sample]:
    """Return the texts in the order in which they are shown: shuffled, so that their places say nothing of them.

    The order follows from the prompt and the texts alone. Edits by people, which came later, are left out.
    """
    shown = [sample for sample in texts if sample.kind != SampleKind.edit]
    return sorted(shown, key=lambda sample: hashlib.sha256(f"{prompt_id} {sample.text}".encode()).digest())


def answer_of(best: int, count: int) -> str:
    """Write down which text of how many is the best, numbered from 1: the known answer of the question."""
    return f"{best} of {count}"


def known(answer: str | None) -> tuple[int, int] | None:
    """Read such an answer; None where it is none."""
    match = _KNOWN.fullmatch(answer or "")
    return (int(match["best"]), int(match["count"])) if match else None


def scores_in(sample: Sample, count: int) -> list[int] | None:
    """Return the whole numbers from 1 to 10 on the last line of scores; None unless there are so many of them.

    What was thought before does not count, nor does a text that was cut off.
    """
    lines = [*_LINE.finditer(spoken(sample.text))]
    if not lines or sample.finish_reason == "length":
        return None
    scores = [int(number) for number in re.findall("[0-9]+", lines[-1]["scores"])]
    return scores if len(scores) == count and all(LOWEST <= score <= HIGHEST for score in scores) else None
