"""ReST: sample once, then train several times on what a fixed scorer puts ever higher. Gulcehre et al. 2023.

**Reinforced Self-Training (ReST) for Language Modeling.** Gulcehre, Le Paine, Srinivasan and others. 2023. arXiv
2308.08998.

*The paper.* Two loops. *Grow*: the policy writes several outputs for each input, once. *Improve*: a fixed reward model
scores them, those above a threshold are trained on, and this is repeated on the same outputs with a higher threshold
each time~ (0, 0.7, 0.8, 0.9, 0.95, 0.99~ of a reward between 0 and 1~). Each improve step goes on from the policy of
the one before~, with a smaller learning rate~; the loss is the plain likelihood of what was kept, and offline RL losses
were tried as well~.

*Different here.*
- One round is one grow step and three improve steps; the next round grows again from the last policy.
- The role `scorer` has to be bound at launch: a registered reward model, or what the trainer `reward_model` made. It
  stays bound in the rounds that follow.
- Scores are standard deviations from the mean of the prompt's samples, since each scorer has a scale of its own, and
  the thresholds are 0, 0.5 and 1, which are ours. For thresholds on the scorer's own scale, as in the paper, set
  `normalize` to none and the three thresholds to numbers that rise.
- The samples of a prompt that all score the same have 0, and so are in the first improve step only.
- The paper also trains on the original data~: mix seed rows in (`mix_share`) for that.
- 8 samples at temperature 1, learning rates and numbers of epochs are ours.
- People decide once, before the first improve step; what they accept is in all three, what they reject in none.

*Quoted.* None: the abstract claims better translation by automatic metrics and by people, without figures.
"""

from backend.recipes import Recipe, Step, register
from backend.recipes._parts import SFT, AboveThreshold, HeldOutAccuracy, Length, PromptSet, Sample
from backend.recipes._parts import RewardModelJudge as RewardModel

register(
    Recipe(
        name="rest",
        title="Reinforced Self-Training (ReST)",
        paper="2308.08998",
        steps=(
            PromptSet(),
            Sample(n=8),  # Grow
            Step(RewardModel(normalize="per_prompt"), by="scorer"),
            AboveThreshold(threshold=0.0),  # Improve, each from the weights of the one before
            SFT(learning_rate=2e-5),
            AboveThreshold(threshold=0.5),
            SFT(learning_rate=1e-5),
            AboveThreshold(threshold=1.0),
            SFT(learning_rate=5e-6),
        ),
        metrics=(HeldOutAccuracy(), Length()),
    )
)
