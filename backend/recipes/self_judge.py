"""Self-Judge (Self-J): a judge without references, taught by one that sees them. Ye and Ng 2024.

**Self-Judge: Selective Instruction Following with Alignment Self-Evaluation (Self-J).** Ye, Ng. 2024. arXiv 2409.00935.

*The paper.* A system should decline where its response would be poor. The judge that tells is trained without scores by
people: the model evaluates responses with the gold reference in view, the score is recalibrated by the similarity of
response and reference, and self-distillation strengthens the estimate without a reference.

*Different here.*
- Three phases. The first trains the informed judge: of three judgments of each answer, which see the known answer,
  those are kept whose score is within 1 of the recalibrated one. The second trains the judge without references on what
  the informed one writes, the known answer being left out of the rows. The third takes the best of four answers by that
  judge, and none where no answer reaches 6: those prompts are declined, which the funnel counts as below the threshold.
- The recalibrated score is half the mean of the three, half ROUGE-L on the scale from 1 to 10~. The paper measures
  semantic similarity.
- The paper distils as a regularization while one judge is trained; here it is a training of its own, on texts.
- In the third phase the policy is fine-tuned on its best answers, which the paper does not do; it takes the best of 32
  at use.
- Numbers of samples, the floor of 6, wording and training settings are ours.
- People may decide on the judgments before they are trained on, and on answers in the third phase.

*Quoted.* WizardLM-13B-V1.2 by best of 32: 89.17 to 92.48 on AlpacaEval v1, 12.03 to 15.90 on v2 (abstract).
"""

from backend.recipes import Phase, Recipe, Step, register
from backend.recipes import _parts as parts
from backend.recipes._reward_words import KNOWN, RATE

ANSWERS = parts.PromptSet(), Step(parts.Sample(n=4, temperature=1.0), name="answers")
SCORE = parts.ReadScore(lowest=1, highest=10, accept_at=1)
SEEN = parts.Ask(template=RATE + KNOWN), Step(parts.Sample(n=3, temperature=0.7), name="judgments"), SCORE
TRUE = parts.Recalibrated(), parts.AgreesWithLabel(reader=SCORE, tolerance=1.0), parts.AboveThreshold(keep="accepted")
IN_VIEW = parts.Sample(n=1, temperature=0.7, conditions={"informed": "{prompt}" + KNOWN}, take_imported=False)
UNSEEN = parts.Ask(template=RATE), Step(IN_VIEW, name="judgments", by="informed"), SCORE
SELECTIVE = Step(parts.AdditiveRubric(template=RATE, lowest=1, highest=10, accept_at=6), by="reference_free")
BEST_OR_NONE = parts.AboveThreshold(threshold=6, max_per_prompt=1)

register(
    Recipe(
        name="self_judge",
        title="Self-Judge: Selective Instruction Following with Alignment Self-Evaluation",
        paper="2409.00935",
        phases=(
            Phase(*ANSWERS, *SEEN, *TRUE, Step(parts.SFT(), name="informed")),
            Phase(*ANSWERS, *UNSEEN, parts.AboveThreshold(keep="accepted"), Step(parts.SFT(), name="reference_free")),
            Phase(*ANSWERS, SELECTIVE, BEST_OR_NONE, parts.SFT()),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.JudgeQuality()),
    )
)
