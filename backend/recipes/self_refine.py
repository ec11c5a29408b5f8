"""Self-Refine: Iterative Refinement with Self-Feedback. Madaan et al. 2023. Nothing is trained."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

REFINE = parts.SelfRefine(max_revisions=4)
ONE = parts.Sample(n=1, temperature=0.7)

register(
    Recipe(
        name="self_refine",
        title="Self-Refine: Iterative Refinement with Self-Feedback",
        paper="2303.17651",
        steps=(
            parts.PromptSet(),
            Step(ONE, name="drafts"),
            parts.Ask(template=REFINE.feedback, follow=True),
            Step(ONE.model_copy(update={"max_tokens": REFINE.feedback_tokens}), name="feedback"),
            parts.SurfaceRules(must_match=REFINE.approved),  # the stop rule: feedback that approves is not followed
            parts.Ask(template=REFINE.revise, about="rejected", follow=True),
            Step(ONE, name="revisions"),
            REFINE,
        ),
        metrics=(parts.HeldOutAccuracy(), parts.HeldOutTokens(), parts.CorrectionFlips(turn="revisions")),
    )
)
