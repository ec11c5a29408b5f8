"""Self-Evolution Knowledge Distillation for LLM-based Machine Translation. Song et al. 2024."""

from backend.recipes import Recipe, Step, register
from backend.recipes._parts import HeldOutAccuracy, KeepAll, OwnAnswers, PromptSet, SoftTargetSFT

register(
    Recipe(
        name="self_evolution_kd",
        title="Self-Evolution Knowledge Distillation",
        paper="2412.15303",
        steps=(
            PromptSet(),
            Step(OwnAnswers(), by="data"),
            KeepAll(),
            SoftTargetSFT(reference="teacher", alpha=1.0, adapt="by_token"),
        ),
        metrics=(HeldOutAccuracy(),),
    )
)
