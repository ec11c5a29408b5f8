"""Negative-aware fine-tuning (NFT). Chen et al. 2025.

**NFT: Bridging Supervised Learning and Reinforcement Learning in Math Reasoning.** Chen, Zheng, Zhang, Cui, Yuan, Cui,
Ye, Lin, Liu, Zhu, Wang. 2025. arXiv 2505.18116.

*The paper.* Several answers of each question are sampled and checked. Wrong ones are not thrown away: what a policy
that only fails would say is expressed by the policy that is trained, so that both kinds of answers have a likelihood.
With R = pi / pi_old of a token and r_q the share of right answers, a right answer loses -log R of each token and a
wrong one -log max(epsilon, (1 - r_q R) / (1 - r_q)), with epsilon = 1 and the gradient kept through the maximum, r_q
kept between 0.02 and 0.98, both times a weight of the question: 1 - r_q, with which the gradient of the first step is
that of Dr. GRPO, or sqrt((1 - r_q) / r_q), with which it is that of GRPO. Questions that are always or never answered
right are left out.

*Different here.*
- The paper trains online: new answers for every few optimizer steps. Here a round samples once, and the trainer goes
  over the answers as often as its knobs say; the further the policy moves from pi_old, the more the maximum decides.
- pi_old is what training starts from, computed before the first step. It is what wrote the answers as long as the round
  trains the policy that sampled, at temperature 1 and top_p 1.
- 16 answers of each question and the learning rate are those of the released script for 7B; the other settings of the
  training are ours.
- An answer that the check cannot read has no verdict and is left out; so is one that was cut off before it gave an
  answer.
- What a person decided counts as the check's verdict does. Texts that people wrote are trained on but are no draws, so
  they have no share in r_q.
- The loss is the mean over all tokens of an optimizer step.

*Quoted.* No figures: the abstract says that NFT improves on rejection sampling and matches or surpasses GRPO and DAPO,
with models of 7 and 32 billion parameters.
"""

from backend.recipes import Recipe, register
from backend.recipes._parts import (
    ExactMatch,
    HeldOutAccuracy,
    NegativeAwareSFT,
    PassAtK,
    PromptSet,
    Sample,
    SignedExamples,
)

register(
    Recipe(
        name="nft",
        title="Negative-aware Fine-Tuning (NFT)",
        paper="2505.18116",
        steps=(
            PromptSet(),
            Sample(n=16, temperature=1.0, top_p=1.0, take_imported=False),  # the policy's own, as it is trained
            ExactMatch(),
            SignedExamples(mixed_only=True),
            NegativeAwareSFT(epsilon=1.0, prompt_weight="one_minus_rate"),
        ),
        metrics=(HeldOutAccuracy(), PassAtK(k=8, n=8)),
    )
)
