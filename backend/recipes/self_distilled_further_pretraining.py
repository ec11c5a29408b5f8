"""Self-Distillation for Further Pre-training of Transformers. Lee et al. 2022."""

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
