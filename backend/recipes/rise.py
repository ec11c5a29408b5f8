"""Recursive Introspection: Teaching Language Model Agents How to Self-Improve (RISE). Qu et al. 2024."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

AGAIN = "The answer is wrong. Find what went wrong in it, and answer the question once more."


def turn(name: str) -> tuple[object, ...]:
    """One more try after a failed one, which the chat still shows: the best of five is what the next turn learns."""
    asked = parts.Ask(template=AGAIN, about="rejected", most=1, follow=True)
    best = parts.ImprovedRevisions(require="right_after_wrong", max_per_question=1)
    return asked, Step(parts.Sample(n=5, temperature=1.0), name=name), parts.ExactMatch(), best


FIRST = parts.PromptSet(), Step(parts.Sample(n=1, temperature=1.0), name="first"), parts.ExactMatch()
STEPS = (*FIRST, *turn("second"), *turn("third"), parts.SFT())
METRICS = (parts.HeldOutAccuracy(), parts.CorrectionFlips(turn="second"))
TITLE = "Recursive Introspection (RISE)"
register(Recipe(name="rise", title=TITLE, paper="2407.18219", steps=STEPS, metrics=METRICS))
