"""S2R: Teaching LLMs to Self-verify and Self-correct via Reinforcement Learning. Ma et al. 2025."""

from typing import Any, Literal

from backend.recipes import Phase, Recipe, Step, register
from backend.recipes import _parts as parts

VERIFY = "Check your answer, step by step. Then end with the line Verdict: right, or the line Verdict: wrong."
CORRECT = "Write the answer once more, with everything put right that you found wrong."
SOLVE = parts.PromptSet(), Step(parts.Sample(n=4, temperature=1.0), name="solutions"), parts.ExactMatch()
CHECK = parts.Ask(template=VERIFY, most=2, follow=True), Step(parts.Sample(n=2, temperature=1.0), name="checks")
CHECKED = parts.AgreesWithLabel(reader=parts.ReadCritique(), by="verdict"), parts.AboveThreshold(max_per_prompt=1)
AGAIN = parts.Ask(template=CORRECT, about="best", follow=True), Step(parts.Sample(n=2, temperature=1.0), name="anew")
RIGHT = parts.ExactMatch(), parts.ImprovedRevisions(require="right_after_wrong", max_per_question=1)
CHAINS = Phase(*SOLVE, parts.AboveThreshold(max_per_prompt=1), *CHECK, *CHECKED, *AGAIN, *RIGHT, parts.SFT())
TURNS = ("answer", "verdict", "answer")


def rl(credit: Literal["turn", "outcome"]) -> Phase:
    """Outcome-level: all turns are paid for the last answer. Process-level: each is paid for itself."""
    asked = VERIFY, CORRECT
    knobs: Any = {"turn_kinds": TURNS, "follow_ups": asked, "credit": credit, "max_length": 2048}  # of all three turns
    trainer = parts.MultiTurnGRPO(reward=parts.ExactMatch(), **knobs)
    return Phase(parts.PromptSet(), parts.AllPrompts(), trainer)


PHASES = (CHAINS, rl("outcome"), rl("turn"))
METRICS = (parts.HeldOutAccuracy(), parts.CorrectionFlips(turn="anew"))
TITLE = "Self-verify and Self-correct via Reinforcement Learning (S2R)"
register(Recipe(name="s2r", title=TITLE, paper="2502.12853", phases=PHASES, metrics=METRICS))
