"""SCoRe: Training Language Models to Self-Correct via Reinforcement Learning. Kumar et al. 2024."""

from typing import Any

from backend.recipes import Phase, Recipe, Step, register
from backend.recipes import _parts as parts

ONE = parts.Sample(n=1, temperature=1.0, take_imported=False)
# What the policy does before the training, for people and for correction_flips; the trainer writes both turns itself.
FIRST = parts.PromptSet(), Step(ONE, name="first")
SECOND = parts.Ask(template=parts.AGAIN, follow=True), Step(ONE, name="second")


def stage(**knobs: Any) -> Phase:
    trainer = parts.MultiTurnGRPO(reward=parts.ExactMatch(), reference="base", follow_ups=(parts.AGAIN,), **knobs)
    return Phase(*FIRST, *SECOND, Step(parts.AllPrompts(), of="first"), trainer)


register(
    Recipe(
        name="score",
        title="Self-Correction via Reinforcement Learning (SCoRe)",
        paper="2409.12917",
        phases=(
            stage(turn_weights=(0.0, 1.0), first_turn_beta=0.1),
            stage(turn_weights=(1.0, 1.0), progress_bonus=10.0, beta=0.01),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.CorrectionFlips(turn="second")),
    )
)
