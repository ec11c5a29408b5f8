"""Self Rewarding Self Improving. Simonds et al. 2025. The policy's own verdict, without a reference, is the reward."""

from backend.recipes import Recipe, register
from backend.recipes._parts import GRPO, AllPrompts, HeldOutAccuracy, PromptSet, WrittenVerdict

register(
    Recipe(
        name="self_rewarding_self_improving",
        title="Self Rewarding Self Improving",
        paper="2505.08827",
        steps=(PromptSet(), AllPrompts(), GRPO(reward=WrittenVerdict(), judge_by="live")),
        metrics=(HeldOutAccuracy(),),  # known answers are for measuring alone
    )
)
