r"""B-STaR: Monitoring and Balancing Exploration and Exploitation in Self-Taught Reasoners. Zeng et al. 2024.

**B-STaR: Monitoring and Balancing Exploration and Exploitation in Self-Taught Reasoners.** Zeng, Huang, Zhao, Wang,
Shan, He. 2024. arXiv 2412.17256.

*The paper.* Self-training stalls when samples become alike (exploration) or the reward no longer tells right from wrong
(exploitation). The balance score of a prompt, min(n'/n\*, 1) n'/n, is high where many different samples are kept (n'
right ones, n\* = 8 wanted) and those that are kept are right (n' of n). Before each iteration the temperature and the
threshold of the reward are chosen by the mean balance score over a pilot set, of which 64 samples of each prompt are
drawn; duplicates are removed before counting, and a prompt of which nothing is kept is in no mean. The reward is 1 for
a right final answer plus a fifth of the lowest score that a process reward model gives to any step; thresholds from -1
to 1 are tried in steps of 0.01. Then the model samples with what was chosen, and is fine-tuned on what is kept, each
iteration going on from the last.

*Different here.*
- Without the process reward model: the score is whether the answer is right, so that every threshold above 0 keeps the
  same samples and only the temperature is tuned. With a judge whose scores say more, give `balance_probe` thresholds to
  try.
- Temperatures from 0.5 to 1.2 are tried by 0.1, in the released code by 0.05. Of equal balance scores the lower
  temperature is taken.
- The pilot set is 64 prompts drawn from the round's prompt sets, the same ones in every round; they are trained on,
  too.
- The released code has a file of its own for the pilot set, of 1,000 questions by its name.
- All samples that pass are kept. The released code keeps the best ones of each prompt, as many as fill a dataset of a
  set size, puts the known solution among them, and chooses the threshold once more on the round's own samples.
- The number of samples in a round (64), its number of prompts and the training settings are ours. The optimizer's state
  does not go from round to round.
- Trials are made in the round's first job and leave no rows; the round keeps what was tried and what was chosen.

*Quoted.* Exploration is kept up over iterations in which it falls with fixed settings; mathematics, code, common sense.
"""

from backend.recipes import Recipe, register
from backend.recipes import _parts as parts

register(
    Recipe(
        name="bstar",
        title="B-STaR: Monitoring and Balancing Exploration and Exploitation in Self-Taught Reasoners",
        paper="2412.17256",
        steps=(
            parts.PromptSet(),
            parts.Sample(n=64),
            parts.ExactMatch(),
            parts.AboveThreshold(threshold=1.0),
            parts.SFT(),
        ),
        schedule=parts.BalanceProbe(),  # the temperature alone: scores are 0 and 1, so that every threshold is the same
        metrics=(parts.HeldOutAccuracy(), parts.PassAtK(k=8, n=8), parts.BalanceScore()),
    )
)
