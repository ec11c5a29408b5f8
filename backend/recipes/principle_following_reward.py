"""SALMON: a reward model that reads principles, trained on own preferences, then RL by it. Sun et al. 2023.

**SALMON: Self-Alignment with Principle-Following Reward Models** (later: with Instructable Reward Models). Sun, Shen,
Zhang, Zhou, Chen, Cox, Yang, Gan. 2023. ICLR 2024. arXiv 2310.05910.

*The paper.* A model prefers one of its own two responses by principles that people wrote. A reward model is trained on
these synthetic preferences and reads the principles as part of its input, so that it follows whatever list it is given,
with some principles negated in training~. RL then uses it under a list that may be changed while training runs, such as
by a principle against self-praise, and no new preferences are collected.

*Different here.*
- The first round trains the reward model, all later ones the policy. The list is the knob `principles` of the reward in
  `grpo`: change it when a round is launched, and the scorer of the first round reads the new list.
- A row holds one principle; the paper samples several for a row and takes the label of the one with the widest
  difference~.
- The choice is written out, in both orders; the paper takes the probabilities of the letters~.
- Half of the rows hold the negation of their principle, with both sides swapped. The share is ours.
- Which principle a prompt is judged by follows from the prompt, so that `principle_pairs` writes down the right one.
- Four principles, their negations and one against hacking stand here, in our words; the paper has 31.
- GRPO in place of PPO. The paper's policy is fine-tuned by Self-Align before; start from a model that follows
  instructions.

*Quoted.* Dromedary-2, a LLaMA-2-70b with 6 exemplars and 31 principles, surpasses LLaMA-2-Chat-70b on several
benchmarks (abstract).
"""

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
