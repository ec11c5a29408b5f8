"""SALMON: a reward model that reads principles, trained on own preferences, then RL by it. Sun et al. 2023."""

from backend.recipes import Phase, Recipe, Step, register
from backend.recipes import _parts as parts
from backend.recipes._reward_words import AGAINST_HACKING, NEGATIONS, PREFER, PRINCIPLES

PAIR = parts.PromptSet(), Step(parts.Sample(n=2, temperature=1.0), name="answers")
CHOICE = parts.PairwiseSwapped(template=PREFER, principles=PRINCIPLES, draw_by="prompt", score="wins")
ROWS = parts.PrinciplePairs(principles=PRINCIPLES, negations=NEGATIONS)
REWARD = parts.PrincipledReward(principles=PRINCIPLES + AGAINST_HACKING)  # edited from round to round
RL = parts.GRPO(reward=REWARD, judge_by="scorer")

register(
    Recipe(
        name="principle_following_reward",
        title="SALMON: Self-Alignment with Principle-Following Reward Models",
        paper="2310.05910",
        phases=(
            Phase(*PAIR, CHOICE, ROWS, Step(parts.RewardModel(), name="scorer")),
            Phase(parts.PromptSet(), parts.AllPrompts(), RL),  # no new preferences: the scorer stays
        ),
        metrics=(parts.Length(),),
    )
)
