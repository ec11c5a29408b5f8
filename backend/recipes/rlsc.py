"""Reinforcement learning via self-confidence (RLSC). Li et al. 2025."""

from backend.recipes import Recipe, Step, register
from backend.recipes._parts import SFT, DistinctN, HeldOutAccuracy, KeepAll, PromptSet, Sample, SelfCertainty

CONFIDENCE = SelfCertainty(measure="sequence_probability", accept_at=0.0)

register(
    Recipe(
        name="rlsc",
        title="Reinforcement Learning via Self-Confidence (RLSC)",
        paper="2506.06395",
        steps=(
            PromptSet(),
            Sample(n=16, temperature=0.5, take_imported=False),
            Step(CONFIDENCE, by="policy"),  # no other model can say how sure this one is
            KeepAll(weigh_by="score", drop_truncated=False),
            SFT(weigh_examples=True, weight_offset=0.1, reduction="sum", learning_rate=1e-5, max_steps=20),
        ),
        metrics=(HeldOutAccuracy(), DistinctN()),
    )
)
