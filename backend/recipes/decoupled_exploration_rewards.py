"""RLSP: demonstrations first, then separate rewards for exploring and for being right. Ye et al. 2025."""

from backend.recipes import Phase, Recipe, register
from backend.recipes import _parts as parts

EXPLORE = "Think aloud: set subgoals, try out, check what you find, go back where it fails. Then answer.\n\n{prompt}"
REWARD = parts.WeightedSum(judges=(parts.ExactMatch(), parts.BehaviorTags()), weights=(1.0, 0.2))

register(
    Recipe(
        name="decoupled_exploration_rewards",
        title="On the Emergence of Thinking in LLMs I: Searching for the Right Intuition",
        paper="2502.06773",
        phases=(
            Phase(
                parts.PromptSet(),
                parts.Sample(n=4, temperature=0.8, max_tokens=1024, conditions={"explore": EXPLORE}),
                parts.ExactMatch(),
                parts.AboveThreshold(threshold=1.0, max_per_prompt=2, order="random"),
                parts.SFT(),
            ),
            Phase(parts.PromptSet(), parts.AllPrompts(), parts.GRPO(reward=REWARD, max_completion_length=512)),
        ),
        metrics=(parts.HeldOutAccuracy(),),
    )
)
