"""SeRL: a policy writes prompts, and is rewarded for agreeing with itself on them. Fang et al. 2025.

**SeRL: Self-Play Reinforcement Learning for Large Language Models with Limited Data.** Fang and others. 2025. arXiv
2505.20347.

*The paper.* In each iteration the policy writes new instructions after the example of the seed set and of what it wrote
before (6 and 2 examples, 2,000 instructions), which are filtered: 4 to 150 words, no words for what a model of texts
cannot do, no odd first character, nothing like what is there. It answers each 16 times. The reward is 1 for members of
the majority's answer, and instructions with a mean reward outside [0.2, 0.8] are left out, which also guards against
hacked rewards. RL by REINFORCE++, GRPO or RLOO.

*Different here.*
- Prompts are written and filtered before the training, by the policy as it is then; the released code filters by the
  rewards of the training itself. Answers are written anew in the training, and voted on by the policy as it is at that
  step.
- A tie for the top gives nobody the reward; the released code takes the first answer that it saw. In the band, answers
  that cannot be read do not count.
- Similarity is a ROUGE-L of 0.7 with any prompt of the pool or one before~.
- Own prompts alone are trained on. Those of earlier rounds are shown as examples, not trained on again.
- GRPO with advantages divided by the deviation of the whole batch, the nearest that TRL has to REINFORCE++. Learning
  rate (5e-7), samples and weight of the divergence (1e-4) are those of the released script; there the divergence is
  part of the reward. Lengths and steps are ours.
- People may decide on the proposed prompts before they are adopted.

*Quoted.* Results like those of training on high-quality data with verifiable rewards (abstract, without figures).
"""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

VOTE = parts.MajorityVote(accept_at=0.0)  # whoever has most votes; nobody where two share the top
TRAINER = parts.GRPO(
    reward=VOTE,
    reward_from="verdict",
    num_generations=16,
    per_device_train_batch_size=16,
    learning_rate=5e-7,
    beta=1e-4,
    scale_rewards="batch",
)

register(
    Recipe(
        name="serl",
        title="SeRL: Self-Play Reinforcement Learning for Large Language Models with Limited Data",
        paper="2505.20347",
        steps=(
            parts.FewShotPrompts(n_seed=6, n_own=2),
            Step(parts.Sample(n=1, temperature=0.6, top_p=0.9), name="proposals"),
            parts.AllOf(judges=(parts.PromptRules(), parts.Novelty(below=0.7))),
            parts.Adopt(),
            Step(parts.Sample(n=16), name="answers"),
            VOTE,
            parts.AllPrompts(),
            parts.DifficultyBand(low=0.2, high=0.8),
            TRAINER,
        ),
        metrics=(parts.HeldOutAccuracy(),),
    )
)
