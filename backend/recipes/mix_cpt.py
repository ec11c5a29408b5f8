"""Mix-CPT: domain texts and instructions in one continued pre-training, then the format. Jiang et al. 2024."""

from backend.recipes import Phase, Recipe, register
from backend.recipes import _parts as parts
from backend.recipes._taught import taught

KEEP = {"reference": "policy", "alpha": 1.0, "swap_logits": True}  # the model before training is the teacher
PRETRAIN = parts.SoftTargetSFT(learning_rate=1e-5, answers_only=False, **KEEP)

register(
    Recipe(
        name="mix_cpt",
        title="Mix-CPT: A Domain Adaptation Framework via Decoupling Knowledge Learning and Format Alignment",
        paper="2407.10804",
        phases=(
            # The sample sets hold the domain's texts, those used as mix general instructions with their answers.
            Phase(parts.PromptSet(), parts.PlainTexts(), parts.SeedShare(share=0.5), PRETRAIN),
            taught(),  # the sample sets of the second round are a few instructions with their answers
        ),
        metrics=(parts.HeldOutAccuracy(), parts.Length()),
    )
)
