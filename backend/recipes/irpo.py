"""Iterative Reasoning Preference Optimization (Iterative RPO). Pang et al. 2024."""

from backend.recipes import Recipe, register
from backend.recipes._parts import DPO, ExactMatch, HeldOutAccuracy, Length, PassAtK, PromptSet, RightAndWrong, Sample

register(
    Recipe(
        name="irpo",
        title="Iterative Reasoning Preference Optimization (Iterative RPO)",
        paper="2404.19733",
        steps=(
            PromptSet(),
            Sample(n=30, temperature=0.8),
            ExactMatch(),
            RightAndWrong(pairs_per_prompt=10),
            # All weights are 1: the likelihood of each chosen text is divided by its own length.
            DPO(beta=0.1, loss_type=("sigmoid", "sft"), loss_weights=(1.0, 1.0), weigh_examples=True),
        ),
        metrics=(HeldOutAccuracy(), PassAtK(k=8, n=8), Length()),
    )
)
