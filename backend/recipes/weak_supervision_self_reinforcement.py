"""Optimizing Language Model's Reasoning Abilities with Weak Supervision (self-reinforcement). Tong et al. 2024.

**Optimizing Language Model's Reasoning Abilities with Weak Supervision.** Tong, Wang, Li, Wang, Han, Lin, Huang, Huang,
Shang. 2024. arXiv 2405.04086.

*The paper.* A small set of questions with answers fine-tunes the base model. On questions without answers the
fine-tuned model and the untouched base answer both, and DPO~ prefers the fine-tuned one's answer: the difference
between the two is the signal, and nobody judges. Pairs are filtered by the model itself~. It goes on iteratively, from
the improved model.

*Different here.*
- Two phases: the first round takes known answers and trains on them, later rounds need prompts only. Choose another
  prompt set at launch.
- The rejected side is always by the checkpoint without a parent that the policy descends from; the chosen side is by
  the newest policy~.
- The filter is our reading: a pair whose two sides give the same answer is dropped.
- One sample of each at temperature 0.7, beta = 0.1 and the training settings are ours.

*Quoted.* None: the abstract gives no figures of the method. It introduces PuzzleBen, 25,147 questions with answers and
10,000 without.
"""

from backend.recipes import Phase, Recipe, Step, register
from backend.recipes import _parts as parts
from backend.recipes._taught import taught

ONE = parts.Sample(n=1, temperature=0.7, take_imported=False)
PAIRS = parts.AnchoredPairs(
    chosen_from=("policy",), rejected_from=("base",), require_higher=False, differ_in="answer"
)  # who wrote it is the label; two texts that agree teach nothing
REINFORCED = Phase(
    parts.PromptSet(),
    Step(ONE, name="tuned"),
    Step(ONE, name="untuned", by="base"),
    PAIRS,
    parts.DPO(beta=0.1, reference="policy"),
)

register(
    Recipe(
        name="weak_supervision_self_reinforcement",
        title="Optimizing Reasoning with Weak Supervision (Self-Reinforcement)",
        paper="2405.04086",
        phases=(taught(), REINFORCED),
        metrics=(parts.HeldOutAccuracy(), parts.Length()),
    )
)
