"""ReST: sample once, then train several times on what a fixed scorer puts ever higher. Gulcehre et al. 2023."""

from backend.recipes import Recipe, Step, register
from backend.recipes._parts import SFT, AboveThreshold, HeldOutAccuracy, Length, PromptSet, Sample
from backend.recipes._parts import RewardModelJudge as RewardModel

register(
    Recipe(
        name="rest",
        title="Reinforced Self-Training (ReST)",
        paper="2308.08998",
        steps=(
            PromptSet(),
            Sample(n=8),  # Grow
            Step(RewardModel(normalize="per_prompt"), by="scorer"),
            AboveThreshold(threshold=0.0),  # Improve, each from the weights of the one before
            SFT(learning_rate=2e-5),
            AboveThreshold(threshold=0.5),
            SFT(learning_rate=1e-5),
            AboveThreshold(threshold=1.0),
            SFT(learning_rate=5e-6),
        ),
        metrics=(HeldOutAccuracy(), Length()),
    )
)
