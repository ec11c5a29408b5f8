"""SPARK: Synergistic Policy And Reward Co-Evolving Framework. Liu et al. 2025. One model answers and judges.

**SPARK: Synergistic Policy And Reward Co-Evolving Framework.** Liu, Fang, Zang, Dong, and others. 2025. arXiv
2509.22624.

*The paper.* Reinforcement learning by verifiable rewards throws its rollouts away. Here the rollouts and what the
verifier says of them also train the model as a generative judge of its own texts: pointwise, pairwise, and after a
further reflection. Policy and judge are one model and get better together; there is no separate reward model and no
human preference.

*Different here.*
- Each text on which the verifier has a verdict gives one judging row in the batch of its own generation; the three
  kinds take turns. A text without an opposite one in its group is judged pointwise.
- The verdict's tokens are learned by their likelihood; the paper may train its judge by reinforcement, too~. A
  reflection is written by the policy as it is at that step, is part of what is asked, and is not trained on.
- The weight of the judging loss, 0.1, the templates, and the training settings are ours. The paper's models see images.
- The reward is whether the final answer equals the known one.

*Quoted.* SPARK-VL-7B gains 9.7 % on 7 reasoning, 12.1 % on 2 reward and 1.5 % on 8 general benchmarks on average
(abstract).
"""

from backend.recipes import Recipe, register
from backend.recipes._parts import AllPrompts, ExactMatch, GRPOJudgeMix, HeldOutAccuracy, PromptSet

TRAINER = GRPOJudgeMix(reward=ExactMatch(), judge_kinds=("pointwise", "pairwise", "reflection"))

register(
    Recipe(
        name="spark",
        title="Synergistic Policy And Reward Co-Evolving Framework (SPARK)",
        paper="2509.22624",
        steps=(PromptSet(), AllPrompts(), TRAINER),
        metrics=(HeldOutAccuracy(),),
    )
)
