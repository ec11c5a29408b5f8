"""Mix-CPT: domain texts and instructions in one continued pre-training, then the format. Jiang et al. 2024.

**Mix-CPT: A Domain Adaptation Framework via Decoupling Knowledge Learning and Format Alignment.** Jiang, Li, Zhao,
Song, Zhang, Wen. 2024. ICLR 2025. arXiv 2407.10804.

*The paper.* Continued pre-training on a mixture of domain texts and general instructions in one format, so that a model
learns knowledge and its use at once. Against forgetting, a constraint of self-distillation with swapped logits: the
original model is the teacher, and where it would say another token than the text, these two tokens change their
logits~. Then the format is aligned by a few general samples, which are chosen for being easy (low perplexity~), with
SFT and preferences~.

*Different here.*
- The domain's texts are the prompts of the sets to sample from, the instructions are known answers of the sets used as
  mix: half of the rows, or all there are. Instructions are written in the model's chat template and learned whole.
- The loss is the cross entropy to the teacher's swapped distribution alone (`alpha` 1); how the paper weighs it against
  the plain loss is not checked~. The policy before training is the teacher.
- The second round aligns the format by SFT on the known answers of its prompt sets: choose a small set. The choice by
  perplexity and the training on preferences are left out; `dpo` recipes go on from here.
- Shares, learning rates and the other settings are ours.

*Quoted.* None: the abstract claims better results on tasks of the domain and on general ones, without figures.
"""

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
