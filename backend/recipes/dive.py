"""DIVE: Diversified Iterative Self-Improvement. Qin et al. 2025.

**DIVE: Diversified Iterative Self-Improvement.** Qin, Liu, Liu. 2025. arXiv 2501.00747.

*The paper.* Training on one's own texts over and over makes them alike. DIVE works against it twice. The pool is
expanded: more samples of each problem, and samples of earlier iterations stay selectable~. And pairs of a right and a
wrong sample, told apart by the known answer, are selected for diversity: within the right and within the wrong ones
outliers are removed and members are picked greedily for distance~. DPO on the pairs gives the next model. The released
code shuffles the right and the wrong samples of a problem and pairs them one by one; it has neither the expanded pool
nor the selection.

*Different here.*
- What is selected among are pairs, not single samples: of each problem up to 16 pairs of this round and all pairs that
  the rounds above selected. A right sample of this round is not paired anew with a wrong one of an earlier round.
- A distance is 1 less the cosine of word counts, the mean of both sides; the paper's measure is not checked. Nor is the
  rule for outliers: here the tenth of a problem's pairs that is farthest from their mean.
- 16 samples of a problem and 4 pairs of it are ours; temperature and top_p are those of the released code, which draws
  8 samples. There a sample is in one pair at most, here in several where one side has fewer.
- The rounds above count where they trained the same role on pairs, whatever their recipe was.
- beta 0.1, learning rate and number of steps are ours. The example of the released code has beta 0.4 and adds half the
  SFT loss of the chosen side.

*Quoted.* The diversity of samples on MATH and GSM8K is 10 to 45 % higher, relatively, than with plain iterative
self-improvement, at the same quality (abstract). Watch `distinct_n` beside `held_out_accuracy`, and compare with
`irpo`.
"""

from backend.recipes import Recipe, register
from backend.recipes import _parts as parts

register(
    Recipe(
        name="dive",
        title="Diversified Iterative Self-Improvement (DIVE)",
        paper="2501.00747",
        steps=(
            parts.PromptSet(),
            parts.Sample(n=16, temperature=0.7, top_p=0.95),
            parts.ExactMatch(),
            parts.RightAndWrong(pairs_per_prompt=16),
            parts.EarlierRounds(take="selected"),  # all pairs of all rounds, not only those that were picked before
            parts.DiverseSubset(most=4, outliers=0.1),
            parts.DPO(beta=0.1),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.DistinctN(), parts.Length()),
    )
)
