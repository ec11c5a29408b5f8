"""SPARK: Synergistic Policy And Reward Co-Evolving Framework. Liu et al. 2025. One model answers and judges."""

from backend.recipes import Recipe, register
from backend.recipes._parts import AllPrompts, ExactMatch, GRPOJudgeMix, HeldOutAccuracy, PromptSet

TRAINER = GRPOJudgeMix(reward=ExactMatch(), judge_kinds=("pointwise", "pairwise", "reflection"))

register(
    Recipe(
        name="spark",
        title="Synergistic Policy And Reward Co-Evolving Framework (SPARK)",
        paper="2509.22624",
        steps=(PromptSet(), AllPrompts(), TRAINER),
        metrics=(HeldOutAccuracy(),),
    )
)
