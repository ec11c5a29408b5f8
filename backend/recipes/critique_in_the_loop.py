"""Enhancing LLM Reasoning via Critique Models: critique-in-the-loop self-improvement. Xi et al. 2024."""

from backend.recipes import Phase, Recipe, Step, register
from backend.recipes import _parts as parts
from backend.recipes._taught import taught

REFINE = "{question}\n\nThis was found:\n\n{response}\n\nWrite the answer to the task anew, without its mistakes."
RIGHT = parts.ExactMatch(), parts.AboveThreshold(threshold=1.0, max_per_prompt=4)
OWN = parts.PromptSet(), Step(parts.Sample(n=4, temperature=0.7), name="answers"), *RIGHT
CRITIQUES = parts.Ask(template=parts.CRITIQUE, about="rejected"), Step(parts.Sample(n=1), name="critiques", by="critic")
ANEW = parts.Ask(template=REFINE, strip=True), Step(parts.Sample(n=2, temperature=0.7), name="refined")

register(
    Recipe(
        name="critique_in_the_loop",
        title="Critique-in-the-Loop Self-Improvement",
        paper="2411.16579",
        phases=(taught("critic"), Phase(*OWN, *CRITIQUES, *ANEW, *RIGHT, parts.SFT())),
        metrics=(parts.HeldOutAccuracy(), parts.CorrectionFlips(turn="refined"), parts.DistinctN()),
    )
)
