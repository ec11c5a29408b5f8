"""Self-Specialization: an expert of a domain from few seeds and unlabelled texts. Kang et al. 2023."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

SEEDS = parts.FewShotPrompts(n_seed=3, n_own=0, answered=True)  # prompts without an answer are the domain's texts
NEW = parts.AllOf(judges=(parts.PromptRules(), parts.Novelty(below=0.7)))

register(
    Recipe(
        name="self_specialization",
        title="Self-Specialization: Uncovering Latent Expertise within Large Language Models",
        paper="2310.00160",
        steps=(
            SEEDS,
            Step(parts.Sample(n=1, temperature=1.0, max_tokens=128), name="instructions"),
            NEW,
            parts.Adopt(),
            parts.WithPassages(take="alike", number=3),  # what was retrieved is not trained on
            Step(parts.Sample(n=1, temperature=0.7), name="responses"),
            parts.SurfaceRules(min_words=1, max_repetition=0.2, allow_truncated=False),
            parts.AboveThreshold(threshold=1.0),
            parts.Deduplicate(alike=0.95),
            parts.SFT(lora=True),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.Length()),
    )
)
