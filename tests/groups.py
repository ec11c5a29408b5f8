"""Groups for tests of parts: samples written as `sample(3, "text", score=4.0)`."""

from collections.abc import Sequence
from typing import Any

from backend.values import Group, LabelSource, Prompt, Sample, Verdict


def prompt(text: str = "question", *, id: int = 1, answer: str | None = None) -> Prompt:
    return Prompt(id, [{"role": "user", "content": text}], answer)


def sample(id: int, text: str | None = None, **changes: Any) -> Sample:
    """A sample of prompt 1 at position id - 1; its text is its number unless given."""
    return Sample(
        **({"id": id, "prompt_id": 1, "text": f"text {id}" if text is None else text, "position": id - 1} | changes)
    )


def by_person(id: int, verdict: Verdict, text: str | None = None, **changes: Any) -> Sample:
    return sample(id, text, verdict=verdict, source=LabelSource.person, **changes)


def scored(scores: Sequence[float | None], *, id: int = 1) -> Group:
    """A group whose samples 1, 2, ... have these scores."""
    return Group(prompt(id=id), tuple(sample(n, score=score) for n, score in enumerate(scores, start=1)))


def texts(*written: str, answer: str | None = None, **changes: Any) -> Group:
    """A group whose samples 1, 2, ... have these texts."""
    return Group(prompt(answer=answer), tuple(sample(n, text, **changes) for n, text in enumerate(written, start=1)))
