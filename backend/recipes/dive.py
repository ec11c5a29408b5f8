"""DIVE: Diversified Iterative Self-Improvement. Qin et al. 2025."""

from backend.recipes import Recipe, register
from backend.recipes import _parts as parts

register(
    Recipe(
        name="dive",
        title="Diversified Iterative Self-Improvement (DIVE)",
        paper="2501.00747",
        steps=(
            parts.PromptSet(),
            parts.Sample(n=16, temperature=0.7, top_p=0.95),
            parts.ExactMatch(),
            parts.RightAndWrong(pairs_per_prompt=16),
            parts.EarlierRounds(take="selected"),  # all pairs of all rounds, not only those that were picked before
            parts.DiverseSubset(most=4, outliers=0.1),
            parts.DPO(beta=0.1),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.DistinctN(), parts.Length()),
    )
)
