"""Enabling Scalable Oversight via Self-Evolving Critic (SCRIT). Tang et al. 2025. The policy is the critic.

**Enabling Scalable Oversight via Self-Evolving Critic (SCRIT).** Tang, Li, Xiao, Ding, Sun, Wang, Liu, Huang, Liu, Yu,
Lin. 2025. arXiv 2501.05727.

*The paper.* The model writes a critique of each step of a solution with a reference solution in view, and corrects the
solution after it. A critique is kept only if the correction reaches the right answer. The model is fine-tuned on these
critiques without the reference, and so becomes the critic of the next round.

*Different here.*
- The solutions are the policy's own, two of each prompt, and those that files brought; the paper takes those of several
  models~, which can be imported.
- The reference is the prompt's known answer, whole solution or result alone, shown by the knob `conditions` of
  `sample`. Prompts without one get no critique.
- The correction is a turn of its own, which does not see the reference; it is not trained on. The paper's critique ends
  with the correction~.
- The critique's form is ours: it names the first wrong step and ends with a verdict. Whether the verdict is true is not
  asked, as in the paper~: put `agrees_with_label` in for that.
- Training settings are ours.

*Quoted.* Qwen2.5-72B-Instruct gains up to 10.3 % on critique-correction and error identification (abstract of the first
version). The second version, Self-Evolving Critique Abilities in Large Language Models, has 10.0 % and 19.0 %,
relatively.
"""

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
