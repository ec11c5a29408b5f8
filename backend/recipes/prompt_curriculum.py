"""PCL: a value model trained alongside chooses the prompts of middling difficulty. Gao et al. 2025."""

from backend.recipes import Recipe, register
from backend.recipes import _parts as parts

TRAINER = parts.GRPOPromptValue(reward=parts.ExactMatch(), target=0.5, candidates=4)

register(
    Recipe(
        name="prompt_curriculum",
        title="Prompt Curriculum Learning for Efficient LLM Post-Training",
        paper="2510.01135",
        steps=(parts.PromptSet(), parts.AllPrompts(), TRAINER),
        metrics=(parts.HeldOutAccuracy(),),
    )
)
