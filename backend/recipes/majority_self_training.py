"""Can Large Reasoning Models Self-Train? Shafayat et al. 2025. The reward: to agree with the majority of answers.

**Can Large Reasoning Models Self-Train?** Shafayat, Tajwar, Salakhutdinov, Schneider, Zanette. 2025. arXiv 2505.21444.

*The paper.* The reward of an answer is 1 if it equals the majority of the group's answers, else 0. The majority is
taken anew by the current policy at every step; labels of a frozen model are a baseline. The main runs use RLOO. At
first it learns as with known answers; trained for long it collapses: one answer for every prompt, the reward at its
highest, accuracy down.

*Different here.*
- 16 completions of each prompt and beta 0.05 are ours; the released script has 32 and 0.001. The learning rate is its
  1e-6.
- Two answers tied for the top: all of the group get 0, so nothing is learned from it; the released code takes one of
  the two. A completion without a readable answer gets no reward; there it gets 0.
- The paper's guards (stopping early on a small labeled set, labels of a frozen model, a curriculum) are no parts of the
  recipe: watch `held_out_accuracy` beside the curve `reward`, and stop the training where they part.

*Quoted.* None: the abstract gives no figures.
"""

from backend.recipes import Recipe, register
from backend.recipes._parts import RLOO, AllPrompts, HeldOutAccuracy, MajorityVote, PromptSet

VOTE = MajorityVote(accept_at=0.0)  # whoever has most votes; nobody where two share the top

register(
    Recipe(
        name="majority_self_training",
        title="Can Large Reasoning Models Self-Train?",
        paper="2505.21444",
        steps=(
            PromptSet(),
            AllPrompts(),
            RLOO(reward=VOTE, reward_from="verdict", num_generations=16, per_device_train_batch_size=16),
        ),
        metrics=(HeldOutAccuracy(),),
    )
)
