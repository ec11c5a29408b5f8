"""SELF: Self-Evolution with Language Feedback. Lu et al. 2023. Neither a number nor a known answer decides."""

from backend.recipes import Phase, Recipe, Step, register
from backend.recipes import _parts as parts
from backend.recipes._taught import taught

REFINE = "Write the answer to the task once more, with everything put right that you found wrong."
ONE = parts.Sample(n=1, temperature=0.7)
FEEDBACK = parts.Ask(template=parts.CRITIQUE)
DRAFTS = parts.PromptSet(), Step(ONE, name="drafts"), FEEDBACK, Step(ONE, name="feedback")
REFINED = parts.Ask(template=REFINE, follow=True, strip=True), Step(ONE, name="refined")
ACCEPTED = FEEDBACK, Step(ONE, name="review"), parts.ReadCritique(), parts.FromChildren(by="rate", accept_at=1.0)
KEPT = Step(parts.AboveThreshold(keep="accepted"), of="refined")

register(
    Recipe(
        name="language_feedback_evolution",
        title="Self-Evolution with Language Feedback (SELF)",
        paper="2310.00533",
        phases=(taught(), Phase(*DRAFTS, *REFINED, *ACCEPTED, KEPT, parts.SFT())),
        metrics=(parts.HeldOutAccuracy(), parts.CorrectionFlips(turn="refined")),
    )
)
