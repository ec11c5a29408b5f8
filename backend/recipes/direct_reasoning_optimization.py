"""DRO: reasoning is rewarded for making the reference answer likely, where that depends on it. Xu et al. 2025."""

from backend.recipes import Recipe, register
from backend.recipes import _parts as parts

THOUGHT, LEAD = r"</think>", "</think>\n"  # the outcome follows the thinking
R3 = parts.ReferenceLikelihood(form="r3", answer_pattern=THOUGHT, lead=LEAD)
LENGTH = parts.ReferenceLength(answer_pattern=THOUGHT)
REWARD = parts.WeightedSum(judges=(R3, LENGTH), weights=(1.0, 0.1))

register(
    Recipe(
        name="direct_reasoning_optimization",
        title="Direct Reasoning Optimization: LLMs Can Reward And Refine Their Own Reasoning for Open-Ended Tasks",
        paper="2506.13351",
        steps=(
            parts.PromptSet(),
            parts.Sample(n=8),
            parts.ReachableAnswer(top_k=10, answer_pattern=THOUGHT, lead=LEAD),
            parts.AllPrompts(),
            parts.DifficultyBand(low=0.01, high=1.0),  # some sample has all hard tokens in reach
            parts.InformativePrompts(by="reward_gap", top_share=0.75),
            parts.GRPO(reward=REWARD, judge_by="live", num_generations=8, max_completion_length=512),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.Length()),
    )
)
