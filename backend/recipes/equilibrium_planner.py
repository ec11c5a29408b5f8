"""Closed-loop long-horizon planning by equilibrium sequence modeling. Li, Sun, Mu 2024."""

from typing import Any

from backend.generators.fixed_point import REVISE
from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

TO_TARGET = REVISE.replace("{prompt}", "{question}")
CARRIED_OUT = "A task and a plan:\n\nTask: {prompt}\n\nPlan: {response}\n\nSay what happens when it is carried out."
ONCE_MORE = "{prompt}\n\nThis plan was carried out:\n\n{draft}\n\nThis happened:\n\n{response}\n\nWrite another plan."
SETTLED = parts.Noted(key="unchanged", accept_at=1.0)
REVISED = parts.Ask(template=TO_TARGET, about="accepted"), parts.OwnAnswers(), parts.KeepAll()


def at_rest(name: str) -> tuple[Any, ...]:
    """Drafts that stopped changing, and what they are to be revised to, the known plan: no verifier, no reward."""
    return Step(parts.FixedPoint(max_revisions=5), name=name), SETTLED, *REVISED


INNER = parts.PromptSet(), *at_rest("plans")
FEEDBACK = Step(parts.Ask(template=CARRIED_OUT), of="plans"), Step(parts.Sample(n=1, temperature=0.0), by="world")
STEPS = (*INNER, *FEEDBACK, parts.Ask(template=ONCE_MORE), *at_rest("replanned"), parts.SFT())
TITLE = "Equilibrium Sequence Modeling for Planning"
METRICS = (parts.HeldOutSimilarity(), parts.Length())
register(Recipe(name="equilibrium_planner", title=TITLE, paper="2410.01440", steps=STEPS, metrics=METRICS))
