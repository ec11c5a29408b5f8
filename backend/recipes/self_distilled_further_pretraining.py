"""Self-Distillation for Further Pre-training of Transformers. Lee et al. 2022.

**Self-Distillation for Further Pre-training of Transformers.** Lee, Kang, Lee, Hwang, Kawaguchi. 2022. ICLR 2023. arXiv
2210.02871. Code: github.com/seanie12/self-distillation.

*The paper.* A copy of a pre-trained model is trained further on unlabelled texts of a domain. Then the original weights
are trained on the same texts, while their hidden states are pulled to those of the copy; the copy is dropped. The
result is fine-tuned on labels. Once is enough~; it can be repeated with the last result as the teacher.

*Different here.*
- The paper's models predict what is masked (masked auto-encoding); here the loss is that of the next token.
- The pull is the squared Euclidean distance of the last hidden states behind the final norm, summed over their numbers,
  the mean of all tokens, with factor 1. The released code for images takes it at the first token alone, with the same
  factor.
- The first round trains the copy (the role `adapted`) and the product, both from `base`. Later rounds train from `base`
  with the last round's product as the teacher.
- The fine-tuning on labels is not part of it: launch a recipe for it from the checkpoint. Training settings are ours.

*Quoted.* None: the abstract claims results above all baselines in image and text classification, without figures.
"""

from backend.recipes import Phase, Recipe, Step, register
from backend.recipes import _parts as parts

TEXTS = parts.PlainTexts()  # the prompts of the sets are texts of the domain
ADAPT = Step(parts.SFT(start="base"), name="adapted")


def distil(teacher: str) -> parts.HiddenStateSFT:
    """Always from the original weights: of the teacher they get the hidden states alone."""
    return parts.HiddenStateSFT(start="base", reference=teacher, pull=1.0)


register(
    Recipe(
        name="self_distilled_further_pretraining",
        title="Self-Distillation for Further Pre-training of Transformers",
        paper="2210.02871",
        phases=(
            Phase(parts.PromptSet(), TEXTS, ADAPT, TEXTS, distil("adapted")),
            Phase(parts.PromptSet(), TEXTS, distil("policy")),
        ),
        metrics=(parts.HeldOutAccuracy(),),
    )
)
