"""SECToR: what a model says after reasoning is what it learns to say at once. Zhang and Parkes 2023."""

from backend.recipes import Recipe, register
from backend.recipes import _parts as parts

SLOW = "{prompt}\n\nWork it out step by step. End with a line such as: #### answer"
LEVELS = tuple(float(level) for level in range(1, 11))

register(
    Recipe(
        name="reasoning_as_policy_improvement",
        title="Chain-of-Thought Reasoning is a Policy Improvement Operator",
        paper="2309.08589",
        steps=(
            parts.PromptsByDifficulty(lowest=LEVELS[0], highest=LEVELS[0]),
            parts.Sample(n=8, temperature=0.7, conditions={"slow": SLOW}, take_imported=False),
            parts.MajorityVote(accept_at=0.5),
            parts.DirectAnswers(),  # the prompt as it is, and the answer without the reasoning
            parts.EarlierRounds(),
            parts.SeedShare(share=0.1),
            parts.SFT(),
        ),
        schedule=parts.DifficultyLadder(levels=LEVELS, at_least=0.9, knobs=("lowest", "highest")),
        metrics=(parts.HeldOutAccuracy(), parts.AccuracyByDifficulty()),
    )
)
