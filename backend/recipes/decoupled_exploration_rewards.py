"""RLSP: demonstrations first, then separate rewards for exploring and for being right. Ye et al. 2025.

**On the Emergence of Thinking in LLMs I: Searching for the Right Intuition.** Ye, Pham, Zhang, Gopi, Peng, Li,
Kulkarni, Inan. 2025. arXiv 2502.06773.

*The paper.* Reinforcement learning via self-play (RLSP): SFT on demonstrations of the process of reasoning, by people
or synthetic, where there are any; then RL with two signals kept apart, a reward for exploring and the verdict of an
outcome verifier, which keeps the first from being hacked. Even the simplest reward, for more intermediate steps, brings
out going back, trying other ideas and checking.

*Different here.*
- The first round makes demonstrations: right answers that the policy writes when it is asked to think aloud, and right
  completions that files brought; training rows hold the prompt alone.
- The exploration reward is the share of four behaviors (checking, going back, subgoals, working backwards) of which
  English phrases are found, once each, times 0.2; being right is 1. So exploring never outweighs being right. Phrases
  and weights are ours; for the paper's reward by steps give `behavior_tags` a pattern for a step.
- GRPO in place of PPO.
- Both rewards stand on each text and have a curve of their own. Exploration that rises while `held_out_accuracy` does
  not is the sign of a hacked reward.
- All settings are ours.

*Quoted.* 23 % more on MATH-500 with Llama-3.1-8B-Instruct, 10 % more on AIME 2024 with Qwen2.5-32B-Instruct (abstract).
"""

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
