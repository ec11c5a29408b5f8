"""GHPO: prompts that the policy cannot solve yet are asked with the beginning of a solution. Liu et al. 2025."""

from backend.recipes import Recipe, register
from backend.recipes import _parts as parts

# As in the released code the hint stays in the prompt that is trained on.
TRAINER = parts.GuidedGRPO(reward=parts.ExactMatch(), hint_shares=(0.25, 0.5, 0.75), strip_hints=False)

register(
    Recipe(
        name="guided_hybrid_po",
        title="GHPO: Adaptive Guidance for Stable and Efficient LLM Reinforcement Learning",
        paper="2507.10628",
        steps=(parts.PromptSet(), parts.AllPrompts(), TRAINER),
        metrics=(parts.HeldOutAccuracy(),),
    )
)
