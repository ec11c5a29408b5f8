"""Can Large Reasoning Models Self-Train? Shafayat et al. 2025. The reward: to agree with the majority of answers."""

from backend.recipes import Recipe, register
from backend.recipes._parts import RLOO, AllPrompts, HeldOutAccuracy, MajorityVote, PromptSet

VOTE = MajorityVote(accept_at=0.0)  # whoever has most votes; nobody where two share the top

register(
    Recipe(
        name="majority_self_training",
        title="Can Large Reasoning Models Self-Train?",
        paper="2505.21444",
        steps=(
            PromptSet(),
            AllPrompts(),
            RLOO(reward=VOTE, reward_from="verdict", num_generations=16, per_device_train_batch_size=16),
        ),
        metrics=(HeldOutAccuracy(),),
    )
)
