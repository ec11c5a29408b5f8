"""B-STaR: Monitoring and Balancing Exploration and Exploitation in Self-Taught Reasoners. Zeng et al. 2024."""

from backend.recipes import Recipe, register
from backend.recipes import _parts as parts

register(
    Recipe(
        name="bstar",
        title="B-STaR: Monitoring and Balancing Exploration and Exploitation in Self-Taught Reasoners",
        paper="2412.17256",
        steps=(
            parts.PromptSet(),
            parts.Sample(n=64),
            parts.ExactMatch(),
            parts.AboveThreshold(threshold=1.0),
            parts.SFT(),
        ),
        schedule=parts.BalanceProbe(),  # the temperature alone: scores are 0 and 1, so that every threshold is the same
        metrics=(parts.HeldOutAccuracy(), parts.PassAtK(k=8, n=8), parts.BalanceScore()),
    )
)
