"""Questions that a model writes about documents, and answers that it writes with the document in view."""

from typing import Any

from backend.recipes import Step
from backend.recipes import _parts as parts

WRITE = (
    "Below stands a text.\n\nText: {prompt}\n\nWrite one question that the text answers. Name what it is about, so "
    "that it can be understood without the text. Reply with the question alone."
)
ANSWER = (
    "Below stands a text.\n\nText: {passages}\n\nAnswer this question by the text alone, in whole sentences that can "
    "be understood without it.\n\nQuestion: {prompt}"
)


def answered(questions: int, rules: Any, answers: parts.Sample) -> tuple[Any, ...]:
    """The steps from documents to answers; training rows get the question alone.

    questions: written about each document. rules: what judges them before they are adopted.
    """
    return (
        parts.EvolvePrompts(template=WRITE),  # the prompts of the sets are documents
        Step(parts.Sample(n=questions, temperature=1.0, max_tokens=128), name="questions"),
        rules,
        parts.Adopt(),
        parts.WithPassages(take="own", number=4, max_chars=2000, template=ANSWER),
        Step(answers, name="answers"),
    )
