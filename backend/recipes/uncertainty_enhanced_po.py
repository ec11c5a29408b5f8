"""Uncertainty-enhanced Preference Optimization (UPO): pairs that a scorer with dropout is sure of. Wang et al. 2024.

**Self-Evolutionary Large Language Models through Uncertainty-Enhanced Preference Optimization (UPO).** Wang, Zhou,
Zhang, Bao, Yan. 2024. AAAI 2025. arXiv 2409.11212.

*The paper.* Iterated preference optimization suffers from noisy pairs. An estimator with dropout switched on says in T
= 10 passes whether a pair is suitable; its uncertainty is B = H(mean p) - mean H(p). Pairs are drawn with weights (1 -
B)^mu, and the loss mixes both directions of a pair by a coefficient of its own, and adds the likelihood of the chosen
side.

*Different here.*
- There is no second classifier: p is sigmoid(r(chosen) - r(rejected)) of a scorer, which is also the reward model. Bind
  a scorer with dropout as `scorer`: one trained by `reward_model` with its knob `dropout`. It is not refit.
- The coefficient as printed makes nearly every pair count the wrong way round, and mu as printed would cancel. Here the
  probability that a pair is wrong is 0.4 B, always below one half, and mu = 1 is an exponent.
- The best against the worst of 8 samples is one pair of each prompt; half of the pairs are drawn. Pairs on a side of
  which a person decided all stay, and count as certain.
- Dropout is that of the attention weights. Of a scorer that has none the round ends with an error.
- beta = 0.1 and the training settings are ours.

*Quoted.* None: the abstract claims substantial gains without figures.
"""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

register(
    Recipe(
        name="uncertainty_enhanced_po",
        title="Self-Evolutionary Large Language Models through Uncertainty-Enhanced Preference Optimization (UPO)",
        paper="2409.11212",
        steps=(
            parts.PromptSet(),
            parts.Sample(n=8, temperature=1.0, take_imported=False),
            Step(parts.DropoutRewardModel(passes=10), by="scorer"),
            parts.BestVersusWorst(),
            parts.UncertaintyWeights(mu=1.0, share=0.5),
            parts.DPO(reference="policy", loss_type=("sigmoid", "sft"), weigh_examples=True, smooth_examples=True),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.PairGap(), parts.JudgeQuality()),
    )
)
