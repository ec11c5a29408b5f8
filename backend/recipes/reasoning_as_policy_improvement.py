"""SECToR: what a model says after reasoning is what it learns to say at once. Zhang and Parkes 2023.

**Chain-of-Thought Reasoning is a Policy Improvement Operator (SECToR).** Zhang, Parkes. 2023. arXiv 2309.08589.

*The paper.* A model solves additions that are too long for it by reasoning step by step, and is then trained to give
the same answers without reasoning. What it could do only slowly it now does fast, and the next, longer additions are
reasoned out with it. Answers are checked for consistency before they are trained on~.

*Different here.*
- The slow mode is the same prompt with a request to work it out step by step, 8 samples of it. The fast mode is the
  prompt as it is. What is trained on is the majority's answer alone, behind `####`; prompts without a majority of half
  the votes are dropped. The vote is the only check: the paper also compares answers to the same sum in another order~.
- The slow mode is not trained. The paper trains on reasoning at the new length as well~.
- Difficulty and its levels are as in `easy_to_hard`, and the held-out accuracy is that of the fast mode. Earlier rows
  stay in.
- No known answers but those of the sets used as mix, 10 % of the rows where such sets are chosen. The paper begins with
  supervised training on up to 6 digits: start from such a checkpoint.

*Quoted.* From supervision on at most 6 digits to additions of up to 29 digits (abstract).
"""

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
