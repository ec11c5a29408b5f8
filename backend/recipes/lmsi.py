"""Large Language Models Can Self-Improve (LMSI). Huang et al. 2022. The majority is taken as right."""

from backend.recipes import Recipe, register
from backend.recipes._parts import SFT, AboveThreshold, HeldOutAccuracy, JudgeQuality, MajorityVote, PromptSet, Sample

register(
    Recipe(
        name="lmsi",
        title="Large Language Models Can Self-Improve",
        paper="2210.11610",
        steps=(
            PromptSet(),
            Sample(n=32, temperature=0.7),
            MajorityVote(accept_at=0.0),
            AboveThreshold(keep="accepted", drop_duplicates=False),
            SFT(),
        ),
        metrics=(HeldOutAccuracy(), JudgeQuality()),
    )
)
