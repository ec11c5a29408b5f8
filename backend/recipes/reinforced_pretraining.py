"""RLP: a thought is rewarded for how much likelier it makes the text that really follows. Hatamizadeh et al. 2025.

**RLP: Reinforcement as a Pretraining Objective.** Hatamizadeh, Akter, Prabhumoye, Kautz, Patwary, Shoeybi, Catanzaro,
Choi. 2025. arXiv 2510.01265.

*The paper.* On ordinary text, before it predicts the next token, the model samples a thought. The reward of the thought
is the log-probability of what really follows with it, by the policy, less that without it, by a slowly moving average
of the policy. Several thoughts are sampled at each position and compared with each other; only their tokens are
updated. No verifier.

*Different here.*
- The prompts of the chosen sets are the documents. What follows is the next sentence, or the last three words, of a
  passage, 4 tasks a document, and its tokens' log-probabilities are summed; the paper rewards thoughts at positions of
  the text, for the next token.
- The policy as it is at that step gives both log-probabilities. Without a thought it gives all texts of a group the
  same, so that which model gives it moves no advantage; it moves the level of the reward's curve.
- After the thought the policy also writes what it thinks will follow; that part is neither scored nor trained on.
- The instruction is ours. A model that follows none writes no thoughts: start from one that does.
- All settings are ours.

*Quoted.* 19 % more on average over eight benchmarks with Qwen3-1.7B-Base; 42.81 to 61.32 % with Nemotron-Nano-12B-v2
(abstract).
"""

from backend.recipes import Recipe, register
from backend.recipes import _parts as parts

TEMPLATE = "{prompt}\n\nThink first, in a few sentences, about what follows and why. Then write #### and what follows."
TRAINER = parts.GRPO(
    reward=parts.ReferenceLikelihood(form="information_gain"),
    judge_by="live",
    num_generations=8,
    max_completion_length=256,
    scale_rewards="none",
    mask_pattern=r"(?s)####((?:(?!####).)*)\Z",  # thoughts alone
)

register(
    Recipe(
        name="reinforced_pretraining",
        title="RLP: Reinforcement as a Pretraining Objective",
        paper="2510.01265",
        steps=(
            parts.DocumentTasks(kinds=("next_sentence", "last_phrase"), per_document=4),
            parts.AllPrompts(template=TEMPLATE),
            TRAINER,
        ),
        metrics=(parts.HeldOutAccuracy(),),
    )
)
