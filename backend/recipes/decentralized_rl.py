"""INTELLECT-2: GRPO with two-sided clipping on answers that can be checked. Prime Intellect Team 2025."""

from backend.recipes import Recipe, register
from backend.recipes._parts import GRPO, AllPrompts, ExactMatch, HeldOutAccuracy, PromptSet

TRAINER = GRPO(
    reward=ExactMatch(), num_generations=16, per_device_train_batch_size=16, beta=0.001, epsilon=0.2, delta=4.0
)

register(
    Recipe(
        name="decentralized_rl",
        title="INTELLECT-2: A Reasoning Model Trained Through Globally Decentralized Reinforcement Learning",
        paper="2505.07291",
        steps=(PromptSet(), AllPrompts(), TRAINER),
        metrics=(HeldOutAccuracy(),),
    )
)
