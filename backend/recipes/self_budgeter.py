"""SelfBudgeter: a model states how many tokens it needs, then answers and keeps to it. Li et al. 2025."""

from backend.recipes import Phase, Recipe, register
from backend.recipes import _parts as parts

REWARD = parts.WeightedSum(judges=(parts.ExactMatch(), parts.StatedBudget(tolerance=0.5)), weights=(1.0, 0.5))

register(
    Recipe(
        name="self_budgeter",
        title="SelfBudgeter: Adaptive Token Allocation for Efficient LLM Reasoning",
        paper="2505.11274",
        phases=(
            Phase(
                parts.PromptSet(),
                parts.Sample(n=4),
                parts.ExactMatch(),
                parts.BudgetExamples(threshold=1.0, max_per_prompt=1, order="shortest"),
                parts.SFT(),
            ),
            Phase(parts.PromptSet(), parts.AllPrompts(), parts.GRPO(reward=REWARD, max_completion_length=512)),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.Length()),
    )
)
