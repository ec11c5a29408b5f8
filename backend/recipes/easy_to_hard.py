"""Self-improving transformers: a model labels what is one step harder than it was trained on. Lee et al. 2025."""

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
