"""I-SHEEP: instructions and responses that a model writes and assesses itself. Liang et al. 2024."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

register(
    Recipe(
        name="i_sheep",
        title="I-SHEEP: Self-Alignment from Scratch",
        paper="2408.08072",
        steps=(
            parts.FewShotPrompts(n_seed=6, n_own=2),
            Step(parts.Sample(n=1, temperature=0.7, top_p=0.9, max_tokens=256), name="instructions"),
            parts.AllOf(judges=(parts.PromptRules(), parts.Novelty(below=0.7))),
            parts.Adopt(),
            Step(parts.Sample(n=1, temperature=0.7, top_p=0.9), name="responses"),
            Step(parts.AdditiveRubric(votes=1, accept_at=4.0), name="assessment"),
            parts.AboveThreshold(threshold=4.0),
            parts.Deduplicate(alike=0.9),
            parts.SFT(start="base"),  # each round trains the base anew, on its own rows
        ),
        metrics=(parts.HeldOutAccuracy(), parts.Length()),
    )
)
