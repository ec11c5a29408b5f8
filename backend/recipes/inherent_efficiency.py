"""The Inherent Efficiency within Large Reasoning Models. Zhao et al. 2025. Concise right answers win."""

from backend.recipes import Recipe, register
from backend.recipes._parts import GRPO, AllPrompts, Brevity, ExactMatch, HeldOutAccuracy, PromptSet, WeightedSum

register(
    Recipe(
        name="inherent_efficiency",
        title="Exploring and Exploiting the Inherent Efficiency within Large Reasoning Models",
        paper="2506.15647",
        steps=(
            PromptSet(),
            AllPrompts(),
            GRPO(reward=WeightedSum(judges=(ExactMatch(), Brevity()), weights=(1.0, 0.5), gated=True)),
        ),
        metrics=(HeldOutAccuracy(),),
    )
)
