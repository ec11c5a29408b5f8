"""Self-Knowledge Distillation with Progressive Refinement of Targets (PS-KD). Kim et al. 2021."""

from backend.recipes import Recipe, Step, register
from backend.recipes._parts import HeldOutAccuracy, KeepAll, OwnAnswers, PromptSet, SoftTargetSFT
from backend.schedules.rising_threshold import RisingThreshold

SHARES = (0.16, 0.32, 0.48, 0.64, 0.8)  # of the last round's policy in the targets: alpha_T * t / T

register(
    Recipe(
        name="progressive_target_refinement",
        title="Self-Knowledge Distillation with Progressive Refinement of Targets (PS-KD)",
        paper="2006.12000",
        steps=(
            PromptSet(),
            Step(OwnAnswers(), by="data"),
            KeepAll(),
            SoftTargetSFT(start="policy", reference="policy", alpha=SHARES[0]),  # its own past is the teacher
        ),
        schedule=RisingThreshold(values=SHARES, slot="trainer", knob="alpha"),
        metrics=(HeldOutAccuracy(),),
    )
)
