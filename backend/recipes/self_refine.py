"""Self-Refine: Iterative Refinement with Self-Feedback. Madaan et al. 2023. Nothing is trained.

**Self-Refine: Iterative Refinement with Self-Feedback.** Madaan, Tandon, Gupta, Hallinan, Gao, Wiegreffe, Alon, Dziri,
Prabhumoye, Yang, Gupta, Majumder, Hermann, Welleck, Yazdanbakhsh, Clark. 2023. arXiv 2303.17651.

*The paper.* One model writes a draft, gives feedback on it, and revises it in the light of that feedback, again and
again. It stops after a fixed number of times, or when the feedback says that nothing needs to be changed. Three prompts
do it; nothing is trained.

*Different here.*
- What the round makes is a checkpoint with the weights of its start and the three prompts around them (the engine
  `self_refine`). It is measured beside the plain checkpoint, on the same held-out prompts: accuracy, and the tokens
  that are written for an answer, drafts and feedback included.
- On the round's prompts one turn of it is written down step by step: draft, feedback, revision. `correction_flips`
  tells what revisions do to the drafts whose feedback asked for one. People may accept feedback (nothing is to be
  changed) or reject it.
- The prompts are ours and have no examples; the paper's are written for each task, most with a few examples~. Change
  them in the trainer and in the two `ask` steps alike.
- At most 4 revisions~, temperature 0.7~; held-out prompts are answered greedily. Each revision sees all drafts and all
  feedback before it.
- Rounds that start from this checkpoint sample by it, whatever their recipe, and the chain of each answer is kept with
  it. A recipe that trains weights trains those inside, on the last answers alone, and what it makes answers by itself.

*Quoted.* About 20 % absolute better on average than one-step answers of the same models, on 7 tasks (abstract).
"""

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
