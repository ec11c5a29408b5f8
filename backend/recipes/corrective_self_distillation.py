"""Dynamic Corrective Self-Distillation (DCS): learn more from what the former self got wrong. Amara et al. 2023."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

ATTEMPTS = parts.Sample(n=1, temperature=0.0, take_imported=False)
STUDENT = parts.SoftTargetSFT(reference="policy", alpha=0.5, weigh_examples=True, normalise_weights=True)

register(
    Recipe(
        name="corrective_self_distillation",
        title="Dynamic Corrective Self-Distillation for Better Fine-Tuning of Pretrained Models",
        paper="2312.07028",
        steps=(
            parts.PromptSet(),
            Step(ATTEMPTS, name="attempts"),
            parts.ExactMatch(),
            Step(parts.OwnAnswers(), by="data"),
            Step(parts.KeepAll(), roles=("data",)),
            Step(parts.BoostingWeights(), roles=("policy",)),
            STUDENT,
        ),
        metrics=(parts.HeldOutAccuracy(),),
    )
)
