"""SELF-GUIDE: a model writes inputs of one task, then their outputs, and is trained on both. Zhao et al. 2024."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

NOISE = ("I am not sure", "as an AI", "I cannot")
RULES = parts.PromptRules(min_words=1, max_words=300, without=NOISE, plain_start=False)

register(
    Recipe(
        name="self_guide",
        title="SELF-GUIDE: Self-Synthetic Finetuning",
        paper="2407.12874",
        steps=(
            parts.FewShotPrompts(n_seed=3, n_own=0),
            Step(parts.Sample(n=1, temperature=1.0, max_tokens=256), name="inputs"),
            parts.AllOf(judges=(RULES, parts.Novelty(below=0.7))),
            parts.Adopt(),
            Step(parts.Sample(n=1, temperature=0.0), name="outputs"),
            RULES,
            parts.AboveThreshold(threshold=1.0),
            parts.Deduplicate(),
            parts.SFT(),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.Length()),
    )
)
