"""Statistical Rejection Sampling Optimization (RSO). Liu et al. 2023. Pairs drawn as if from the optimal policy.

**Statistical Rejection Sampling Improves Preference Optimization (RSO).** Liu, Zhao, Joshi, Khalman, Saleh, Liu, Liu.
2023. arXiv 2309.06657.

*The paper.* DPO wants pairs from the optimal policy, not from whoever wrote the preference data. A reward-ranking model
is trained on human pairs. The SFT policy samples 64 texts a prompt (temperature 0.7, top_k 40~), and 8 of them are
drawn by rejection: a text with reward r is taken with probability exp((r - highest reward left) / beta), beta = 0.5~,
without replacement (algorithm 1). The drawn texts are paired at random, and the reward-ranking model says which is
better (first round), or winners meet again (tournament). The policy is trained on these pairs with the DPO loss
(sigmoid-norm) or the SLiC loss normalised by the SFT policy (hinge-norm), gamma = 0.05~.

*Different here.*
- The reward-ranking model is the role `scorer`, bound at launch and fixed; [a round
  before](../../docs/how-to/train-a-scorer.md) trains one. The paper's compares two texts, and a text's reward is the
  logit of its beating a text of the SFT policy~. For a scorer of one number that is its difference from that text's
  score, and what all texts of a prompt share drops out.
- The scale of a scorer is its own, so beta has to fit it: look at the histogram of scores on *Samples*.
- The paper's sigmoid-norm is `sigmoid` of `dpo` with beta = gamma, its hinge-norm `hinge`. TRL's `sigmoid_norm` is
  another loss.
- A text that was written twice is one candidate. Where there are fewer than 8, all are drawn. Equal rewards make no
  pair.
- Which pairs are made and how many rows a prompt gives follow from the round's seed; learning rate and steps are ours.
- A text that people accepted has the highest reward of its prompt; one that they rejected is never chosen.

*Quoted.* None: its tables were not at hand.
"""

from backend.generators.sample import Sample
from backend.judges.reward_model import RewardModel
from backend.metrics.held_out_accuracy import HeldOutAccuracy
from backend.metrics.length import Length
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe, Step, register
from backend.selectors.drawn_pairs import DrawnPairs
from backend.trainers.dpo import DPO

register(
    Recipe(
        name="rso",
        title="Statistical Rejection Sampling Improves Preference Optimization (RSO)",
        paper="2309.06657",
        steps=(
            PromptSet(),
            Sample(n=64, temperature=0.7, top_k=40),
            Step(RewardModel(), by="scorer"),
            DrawnPairs(draw=8, temperature=0.5),
            DPO(beta=0.05),  # the paper's gamma; its sigmoid-norm is DPO's loss
        ),
        metrics=(HeldOutAccuracy(), Length()),
    )
)
