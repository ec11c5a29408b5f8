"""Generating Sequences by Learning to Self-Correct. Welleck et al. 2022. The generator stays as it is.

**Generating Sequences by Learning to Self-Correct.** Welleck, Lu, West, Brahman, Shen, Khashabi, Choi. 2022. arXiv
2211.00053.

*The paper.* The generator, here the policy, stays as it is; a corrector, which may be far smaller, learns to turn its
texts into better ones. The pool of texts begins with the generator's. Value-improving pairs of the pool, a worse text
and a better one of the same prompt, are drawn by exp(alpha gain + beta similarity) and trained on by SFT. The
corrector's rewrites then go into the pool.

*Different here.*
- Each worse text takes one better text: of those that gain most the most similar by ROUGE-L. That is the draw at its
  limit.
- Of rewrites, only pairs with the draft they rewrite are formed, and only where the value is higher.
- Drafts are sampled anew in each round, and drafts alone are rewritten. The paper samples them once, and rewrites texts
  of the pool, among them earlier rewrites.
- The rounds before are the pool that grows: their rows are trained on again (`earlier_rounds`).
- The value is 1 or 0 by the known answer; put `countdown` or another judge that computes in its place. Feedback in
  words beside the value is left out.
- The corrector is bound at the first launch, to a checkpoint of its own or to the policy's; later rounds take the
  newest. Its weights go on from the last round.
- What is measured is `correction_flips` on the round's own prompts: held-out answers are the policy's, which stays.

*Quoted.* None: the abstract gives no figures. It reports gains on program synthesis, constrained generation and
toxicity.
"""

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
