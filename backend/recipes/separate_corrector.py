"""Generating Sequences by Learning to Self-Correct. Welleck et al. 2022. The generator stays as it is."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

CORRECTOR = "corrector"
REWRITE = parts.Sample(n=1, temperature=1.0)

register(
    Recipe(
        name="separate_corrector",
        title="Learning to Self-Correct with a Separate Corrector",
        paper="2211.00053",
        steps=(
            parts.PromptSet(),
            Step(parts.Sample(n=8, temperature=1.0), name="drafts"),
            parts.ExactMatch(),
            parts.WorseToBetter(template=parts.CORRECT),
            parts.Ask(template=parts.CORRECT),
            Step(REWRITE, name="rewrites", by=CORRECTOR),
            parts.ExactMatch(),
            parts.ImprovedRevisions(require="better"),
            Step(parts.SFT(start=CORRECTOR), name=CORRECTOR),
        ),
        earlier_rounds=True,  # the pool of drafts and rewrites grows
        metrics=(parts.CorrectionFlips(turn="rewrites"),),
    )
)
