"""Self-improving transformers: a model labels what is one step harder than it was trained on. Lee et al. 2025.

**Self-Improving Transformers Overcome Easy-to-Hard and Length Generalization Challenges.** Lee, Cai, Schwarzschild,
Lee, Papailiopoulos. 2025. arXiv 2502.01612.

*The paper.* A transformer that was trained on easy problems labels slightly harder ones itself and is trained on them,
round after round, while the architecture stays the same. What it labels is filtered: by length, since outputs that are
too short have left something out~, and by majority vote~. Earlier data stays in~.

*Different here.*
- A prompt's difficulty is a number in a column of the imported file, `difficulty`. A round asks the prompts of one
  level alone. The level rises by one when the new checkpoint answers 90 % of the held-out prompts of the present level;
  levels go from 1 to 10. Both are ours: import held-out prompts of every level.
- The votes are 8 samples of one model. The paper's come from several models, trained with different seeds~.
- A text that has fewer than 80 % of the characters of the round's longest one is too short; the paper's threshold is
  another~.
- The first model has to answer the first level: start from a checkpoint that was fine-tuned on easy problems. Known
  answers of the sets used as mix are 10 % of the rows, where such sets are chosen.
- One sample of the majority's is kept of each prompt; training settings are ours. The paper trains small models from
  scratch.

*Quoted.* From 10-digit to 100-digit addition without apparent saturation (abstract).
"""

from backend.recipes import Recipe, register
from backend.recipes import _parts as parts

LEVELS = tuple(float(level) for level in range(1, 11))

register(
    Recipe(
        name="easy_to_hard",
        title="Self-Improving Transformers Overcome Easy-to-Hard and Length Generalization Challenges",
        paper="2502.01612",
        steps=(
            parts.PromptsByDifficulty(lowest=LEVELS[0], highest=LEVELS[0]),
            parts.Sample(n=8, temperature=0.7),
            parts.AllOf(judges=(parts.RelativeLength(accept_at=0.8), parts.MajorityVote(accept_at=0.5))),
            parts.AboveThreshold(keep="accepted", max_per_prompt=1),
            parts.EarlierRounds(),  # what was learned at lower levels stays in
            parts.SeedShare(share=0.1),
            parts.SFT(),
        ),
        schedule=parts.DifficultyLadder(levels=LEVELS, at_least=0.9, knobs=("lowest", "highest")),
        metrics=(parts.HeldOutAccuracy(), parts.AccuracyByDifficulty()),
    )
)
