"""Intuitor: GRPO whose reward is how certain the policy is of what it writes. Zhao et al. 2025."""

from backend.recipes import Recipe, register
from backend.recipes._parts import GRPO, AllPrompts, HeldOutAccuracy, PromptSet, SelfCertainty

CERTAINTY = SelfCertainty(measure="kl_from_uniform")
TRAINER = GRPO(
    reward=CERTAINTY, judge_by="live", num_generations=7, per_device_train_batch_size=7, learning_rate=3e-6, beta=0.005
)

register(
    Recipe(
        name="intuitor",
        title="Learning to Reason without External Rewards",
        paper="2505.19590",
        steps=(PromptSet(), AllPrompts(), TRAINER),
        metrics=(HeldOutAccuracy(),),
    )
)
