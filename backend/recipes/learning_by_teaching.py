"""Can LLMs Learn by Teaching? Ning et al. 2024. A rationale is worth what a student solves after seeing it."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

register(
    Recipe(
        name="learning_by_teaching",
        title="Learning by Teaching (LbT)",
        paper="2406.14629",
        steps=(
            parts.PromptSet(),
            Step(parts.Sample(n=8, temperature=1.0), name="rationales"),
            parts.ExamPrompts(n=3),  # similar questions, each after the rationale
            Step(parts.Sample(n=1, temperature=0.0), name="exam", by="student"),
            parts.ExactMatch(),
            parts.FromChildren(by="rate"),  # not whether its own answer is right
            Step(parts.BestVersusWorst(), of="rationales"),
            parts.DPO(beta=0.1, reference="policy"),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.JudgeQuality()),
    )
)
