"""Entropy-Based Adaptive Weighting for Self-Training (EAST), with DPO. Wang et al. 2025."""

from backend.recipes import Recipe, register
from backend.recipes._parts import DPO, DistinctN, ExactMatch, HeldOutAccuracy, PromptSet, RightAndWrong, Sample

register(
    Recipe(
        name="east",
        title="Entropy-Based Adaptive Weighting for Self-Training (EAST)",
        paper="2503.23913",
        steps=(
            PromptSet(),
            Sample(n=16, temperature=1.0),
            ExactMatch(),
            RightAndWrong(pick="most_common_wrong", entropy_power=1.0),
            DPO(beta=0.1, weigh_examples=True, normalise_weights=True),
        ),
        metrics=(HeldOutAccuracy(), DistinctN()),
    )
)
