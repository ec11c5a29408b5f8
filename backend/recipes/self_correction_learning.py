"""Self-Correction is More than Refinement: Self-Correction Learning. He et al. 2024."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

AGAIN = "Look at your answer again. If something in it is wrong, put it right. Then write the whole answer once more."

register(
    Recipe(
        name="self_correction_learning",
        title="Self-Correction Learning (SCL)",
        paper="2410.04055",
        steps=(
            parts.PromptSet(),
            Step(parts.Sample(n=1, temperature=0.7), name="first"),
            parts.ExactMatch(),
            parts.Ask(template=AGAIN, follow=True, strip=True),  # rows hold the prompt alone: the first turn is trained
            Step(parts.Sample(n=1, temperature=0.7), name="second"),
            parts.ExactMatch(),
            parts.RevisionPairs(),
            parts.DPO(beta=0.1, reference="policy"),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.CorrectionFlips(turn="second")),
    )
)
