"""RLP: a thought is rewarded for how much likelier it makes the text that really follows. Hatamizadeh et al. 2025."""

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
