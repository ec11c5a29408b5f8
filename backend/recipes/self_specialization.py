"""Self-Specialization: an expert of a domain from few seeds and unlabelled texts. Kang et al. 2023.

**Self-Specialization: Uncovering Latent Expertise within Large Language Models.** Kang, Luo, Zhu, Hansen, Glass, Cox,
Ritter, Feris, Karlinsky. 2023. Findings of ACL 2024. arXiv 2310.00160.

*The paper.* A general base model makes an expert of a domain of itself. After a few labelled seeds it writes
instructions of the domain, and responses with passages in view that are retrieved from unlabelled texts of the domain;
a light adapter is trained on both without the passages~.

*Different here.*
- Seeds and texts are prompts of the sets to sample from: those with a known answer are seeds, those without are texts.
  A round writes as many instructions as it has prompts, each after 3 seeds~.
- An instruction and its input are one prompt. New ones keep the rules of self-instruct and have a ROUGE-L below 0.7
  with all before. The prompts for writing are ours.
- Passages are retrieved by BM25, 3 of at most 1,000 characters~.
- Responses have to end by themselves and not repeat themselves; of nearly equal rows the first stays. Nothing checks
  them against the passages.
- People may decide on the instructions before they are adopted. Sampling and training settings are ours.

*Quoted.* None: the abstract claims that a specialized MPT-30B is far above its base model, and above larger models
based on LLaMA-65B, in biomedicine, without figures.
"""

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
