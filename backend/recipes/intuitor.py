"""Intuitor: GRPO whose reward is how certain the policy is of what it writes. Zhao et al. 2025.

**Learning to Reason without External Rewards (Intuitor).** Zhao, Kang, Feng, Levine, Song. 2025. arXiv 2505.19590.

*The paper.* GRPO in which the reward is self-certainty: the mean over the tokens of a completion of KL(uniform ||
policy), over the whole vocabulary, computed by the policy as it is at that step and normalized within the group. No
answers, no verifier. 7 samples of a prompt, beta = 0.005. A fixed scorer in its place is exploited within about 100
steps.

*Different here.*
- The end token is not read.
- The learning rate (3e-6~), the length of completions and the number of steps are ours.

*Quoted.* On mathematics as good as GRPO with known answers, and better on code that it was not trained on (abstract).
Watch `held_out_accuracy`: the reward rises in any case.
"""

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
