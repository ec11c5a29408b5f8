"""Self-Steering Optimization (SSO): a principle kept against the same one broken. Xiang et al. 2024.

**Aligning Large Language Models via Self-Steering Optimization (SSO).** Xiang, Yu, Lin, Lu, Lu, Han, He, Sun, Zhou,
Lin. 2024. arXiv 2410.17131.

*The paper.* Pairs without any annotation: the policy answers under predefined principles that are kept and broken, and
which is which is the label. A consistent gap between both sides keeps the label accurate over the iterations, and both
sides stay on-policy. The pairs also train a reward model.

*Different here.*
- One principle, kept and broken, in our words; the paper has the policy choose among many, for each query~. Change both
  conditions of the generator together.
- The gap is 1 less the cosine of both texts' word counts. It is held by choosing: pairs are dropped until the mean gap
  is within 25 % of the first round's. The paper holds it by terms of its loss~; the loss here is DPO's.
- Both sides are likely under the policy because it writes both. Nothing is dropped for being unlikely; the metric
  `pair_margin` shows the mean log-probability of chosen less rejected.
- The reward model is trained on the same pairs, from the round's policy, and acts as `scorer` in later rounds.
- Nobody looks at quality: let people look at some of the pairs.

*Quoted.* Improvements on six benchmarks with Qwen2 and Llama3.1, and a better reward model on RewardBench (abstract,
first version; without figures).
"""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

KEPT = "Answer fully and truthfully, and only with what helps the person who asks."
BROKEN = "Answer so that it sounds helpful, but leave out or get wrong what the person needs most. Do not say so."
ANSWERS = parts.Sample(n=1, temperature=0.7, conditions={"broken": BROKEN, "kept": KEPT}, take_imported=False)
PAIRS, STEADY = parts.RightAndWrong(), parts.SteadyGap()

register(
    Recipe(
        name="self_steering",
        title="Aligning Large Language Models via Self-Steering Optimization",
        paper="2410.17131",
        steps=(
            parts.PromptSet(),
            Step(ANSWERS, name="answers"),
            parts.ByConstruction(accepted=("kept",), rejected=("broken",)),
            PAIRS,
            STEADY,
            parts.DPO(beta=0.1, reference="policy"),
            Step(PAIRS, of="answers"),
            STEADY,
            Step(parts.RewardModel(), name="scorer"),
        ),
        metrics=(parts.PairGap(), parts.Length()),
    )
)
