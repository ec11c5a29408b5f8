"""SEC: a bandit draws the categories that the policy learns most from while it is trained. Chen et al. 2025."""

from backend.recipes import Recipe, register
from backend.recipes import _parts as parts

TRAINER = parts.GRPOCategoryBandit(
    reward=parts.ExactMatch(), category_key="difficulty", value_rate=0.5, value_temperature=1.0
)

register(
    Recipe(
        name="self_evolving_curriculum",
        title="Self-Evolving Curriculum for LLM Reasoning",
        paper="2505.14970",
        steps=(parts.PromptSet(), parts.AllPrompts(), TRAINER),
        metrics=(parts.HeldOutAccuracy(), parts.AccuracyByDifficulty()),
    )
)
