"""LaSeR: Reinforcement Learning with Last-Token Self-Rewarding. Yang et al. 2025."""

from backend.recipes import Phase, Recipe, register
from backend.recipes import _parts as parts


def rl(share: float) -> Phase:
    trainer = parts.GRPOSelfScore(reward=parts.ExactMatch(), score_weight=0.1, advantage_share=share)
    return Phase(parts.PromptSet(), parts.AllPrompts(), trainer)


register(
    Recipe(
        name="laser",
        title="Reinforcement Learning with Last-Token Self-Rewarding (LaSeR)",
        paper="2510.14943",
        phases=(rl(0.0), rl(0.1)),  # it learns to score itself before its scores count
        metrics=(parts.HeldOutAccuracy(),),
    )
)
