"""Optimizing Language Model's Reasoning Abilities with Weak Supervision (self-reinforcement). Tong et al. 2024."""

from backend.recipes import Phase, Recipe, Step, register
from backend.recipes import _parts as parts
from backend.recipes._taught import taught

ONE = parts.Sample(n=1, temperature=0.7, take_imported=False)
PAIRS = parts.AnchoredPairs(
    chosen_from=("policy",), rejected_from=("base",), require_higher=False, differ_in="answer"
)  # who wrote it is the label; two texts that agree teach nothing
REINFORCED = Phase(
    parts.PromptSet(),
    Step(ONE, name="tuned"),
    Step(ONE, name="untuned", by="base"),
    PAIRS,
    parts.DPO(beta=0.1, reference="policy"),
)

register(
    Recipe(
        name="weak_supervision_self_reinforcement",
        title="Optimizing Reasoning with Weak Supervision (Self-Reinforcement)",
        paper="2405.04086",
        phases=(taught(), REINFORCED),
        metrics=(parts.HeldOutAccuracy(), parts.Length()),
    )
)
