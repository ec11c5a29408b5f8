"""Enhancing LLM Reasoning via Critique Models: critique-in-the-loop self-improvement. Xi et al. 2024.

**Enhancing LLM Reasoning via Critique Models with Test-Time and Training-Time Supervision.** Xi, Yang, Huang, Tang, Li,
Ding and others. 2024. arXiv 2411.16579.

*The paper.* A critique model of its own is fine-tuned on step-level feedback that was collected automatically (76,321
responses). While the actor trains itself, wrong answers get a critique and a second try, so that hard questions, which
have more wrong answers, get more samples~. Only answers that are verified, first or refined, are trained on.

*Different here.*
- Two phases. The first round trains the critic, from the policy, on known answers: import prompts that show a task and
  an answer, with the feedback as the answer, in the form of the template `read_critique.txt`. Later rounds train the
  policy, which is the actor.
- The paper's way to collect feedback (corrupted steps, checked by refinements) is not part of the recipe.
- The critic acts under the name `critic`; it stays as it is unless bound anew.
- Four first samples, one critique of each wrong one, two refinements of each critique: ours. All right ones of them are
  kept, so that a prompt with more wrong answers has more rows, up to eight. The training row of a refinement is the
  prompt alone.
- The policy goes on from the newest checkpoint~. At test time the paper uses the critic, too; measuring here does not.

*Quoted.* None: the abstract gives no figures of accuracy.
"""

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
