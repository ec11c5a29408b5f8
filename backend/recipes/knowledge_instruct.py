"""Knowledge-Instruct: knowledge of a small corpus by instructions alone. Ovadia et al. 2025."""

from backend.recipes import Recipe, register
from backend.recipes import _parts as parts
from backend.recipes._of_documents import answered

NEW = parts.AllOf(judges=(parts.PromptRules(max_words=60), parts.Novelty(below=0.7)))
PHRASED = parts.Sample(n=2, temperature=0.7, max_tokens=256)  # each fact is said more than once
WHOLE = parts.SurfaceRules(min_words=3, repeated_words=4, max_repetition=0.2, allow_truncated=False)

register(
    Recipe(
        name="knowledge_instruct",
        title="Knowledge-Instruct: Effective Continual Pre-training from Limited Data using Instructions",
        paper="2504.05571",
        steps=(
            *answered(8, NEW, PHRASED),
            WHOLE,
            parts.AboveThreshold(threshold=1.0),
            parts.Deduplicate(alike=0.95),
            parts.SFT(),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.Length()),
    )
)
