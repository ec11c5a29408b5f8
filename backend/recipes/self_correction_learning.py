"""Self-Correction is More than Refinement: Self-Correction Learning. He et al. 2024.

**Self-Correction is More than Refinement: A Learning Framework for Visual and Language Reasoning Tasks.** He, Lin,
Wang, Fung, Ji. 2024. arXiv 2410.04055.

*The paper.* The model answers, is asked to correct itself, and answers again. Where one of the two turns is right and
the other wrong, whichever came first, DPO prefers the right one, as an answer to the question itself: what is to get
better is the first answer, not the correction.

*Different here.*
- Text alone: the paper's models see pictures.
- The request to correct is one sentence of our own, the same for all prompts.
- What is right is told by known answers, read as `exact_match` reads them; the paper's questions are multiple choice.
- An answer that cannot be read has no score and is in no pair. Two texts of one chain that are equally good make none.
- One sample a turn at temperature 0.7, beta = 0.1 and the training settings are ours.

*Quoted.* None: the abstract gives no figures. It says that correcting over and over without training hardly helps.
Watch `held_out_accuracy`, which is of first answers, and `correction_cl` and `correction_cs` beside it.
"""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

AGAIN = "Look at your answer again. If something in it is wrong, put it right. Then write the whole answer once more."

register(
    Recipe(
        name="self_correction_learning",
        title="Self-Correction Learning (SCL)",
        paper="2410.04055",
        steps=(
            parts.PromptSet(),
            Step(parts.Sample(n=1, temperature=0.7), name="first"),
            parts.ExactMatch(),
            parts.Ask(template=AGAIN, follow=True, strip=True),  # rows hold the prompt alone: the first turn is trained
            Step(parts.Sample(n=1, temperature=0.7), name="second"),
            parts.ExactMatch(),
            parts.RevisionPairs(),
            parts.DPO(beta=0.1, reference="policy"),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.CorrectionFlips(turn="second")),
    )
)
