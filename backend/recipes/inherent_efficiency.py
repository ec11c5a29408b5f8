"""The Inherent Efficiency within Large Reasoning Models. Zhao et al. 2025. Concise right answers win.

**Exploring and Exploiting the Inherent Efficiency within Large Reasoning Models for Self-Guided Efficiency
Enhancement.** Zhao, Guo, Deng, Sui, Hu, Zhao, Che, Qin, Chua, Liu. 2025. arXiv 2506.15647.

*The paper.* Reasoning models can answer much shorter than they do. One of its two methods is RL that rewards right
answers and among them concise ones, balancing both as it trains. The other steers activations and trains nothing; it is
not here.

*Different here.*
- The reward is 1 for a right answer, and up to 0.5 more the shorter it is within its group: 0.5 (longest - n) /
  (longest - shortest), in tokens. A wrong answer gets 0 however short it is. The paper's formula and its balance over
  time are not checked; these numbers are ours.
- An answer that cannot be read gets no reward.

*Quoted.* Much shorter reasoning with seven models at equal or better accuracy (abstract, without figures).
"""

from backend.recipes import Recipe, register
from backend.recipes._parts import GRPO, AllPrompts, Brevity, ExactMatch, HeldOutAccuracy, PromptSet, WeightedSum

register(
    Recipe(
        name="inherent_efficiency",
        title="Exploring and Exploiting the Inherent Efficiency within Large Reasoning Models",
        paper="2506.15647",
        steps=(
            PromptSet(),
            AllPrompts(),
            GRPO(reward=WeightedSum(judges=(ExactMatch(), Brevity()), weights=(1.0, 0.5), gated=True)),
        ),
        metrics=(HeldOutAccuracy(),),
    )
)
