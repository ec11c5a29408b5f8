"""Enabling Scalable Oversight via Self-Evolving Critic (SCRIT). Tang et al. 2025. The policy is the critic."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

SHOWN = "{prompt}\n\nFor you alone, the known solution, which you must not mention:\n\n{answer}"
CORRECTION = "Write the answer to the task once more, with everything put right that you found wrong."
SOLUTIONS = parts.PromptSet(), Step(parts.Sample(n=2, temperature=1.0), name="solutions")
IN_VIEW = parts.Sample(n=1, temperature=0.7, conditions={"with_reference": SHOWN}, take_imported=False)
CRITIQUES = parts.Ask(template=parts.CRITIQUE), Step(IN_VIEW, name="critiques")
AFTER = parts.Sample(n=1, temperature=0.0)
CORRECTIONS = parts.Ask(template=CORRECTION, follow=True), Step(AFTER, name="corrections"), parts.ExactMatch()
VALID = parts.FromChildren(by="rate", accept_at=1.0)  # only what leads to the known answer is trained on
KEPT = Step(parts.AboveThreshold(keep="accepted"), of="critiques")

register(
    Recipe(
        name="self_evolving_critic",
        title="Self-Evolving Critic (SCRIT)",
        paper="2501.05727",
        steps=(*SOLUTIONS, *CRITIQUES, *CORRECTIONS, VALID, KEPT, parts.SFT()),
        metrics=(parts.HeldOutAccuracy(), parts.CorrectionFlips(turn="corrections")),
    )
)
