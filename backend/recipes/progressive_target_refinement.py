"""Self-Knowledge Distillation with Progressive Refinement of Targets (PS-KD). Kim et al. 2021.

**Self-Knowledge Distillation with Progressive Refinement of Targets (PS-KD).** Kim, Ji, Yoon, Hwang. 2021. ICCV. arXiv
2006.12000.

*The paper.* A supervised training that softens its own targets. At epoch t the target of an example is (1 - alpha_t) *
one-hot + alpha_t * p, p being what the model of epoch t - 1 predicts, and alpha_t grows with the epochs, alpha_t =
alpha_T * t / T, alpha_T = 0.8 in the released code. The teacher is the model's own past and no other model.

*Different here.*
- The paper classifies images, finds objects and translates. Here targets are the tokens of known answers.
- An epoch is a round: its policy is both trained and the teacher. T is 5 rounds, and alpha stays at 0.8 after them.
- Prompts without a known answer are left out. People may reject answers before they are trained on.
- Training settings are ours.

*Quoted.* None: the abstract claims better accuracy and better calibrated confidence on three tasks, without figures.
"""

from backend.recipes import Recipe, Step, register
from backend.recipes._parts import HeldOutAccuracy, KeepAll, OwnAnswers, PromptSet, SoftTargetSFT
from backend.schedules.rising_threshold import RisingThreshold

SHARES = (0.16, 0.32, 0.48, 0.64, 0.8)  # of the last round's policy in the targets: alpha_T * t / T

register(
    Recipe(
        name="progressive_target_refinement",
        title="Self-Knowledge Distillation with Progressive Refinement of Targets (PS-KD)",
        paper="2006.12000",
        steps=(
            PromptSet(),
            Step(OwnAnswers(), by="data"),
            KeepAll(),
            SoftTargetSFT(start="policy", reference="policy", alpha=SHARES[0]),  # its own past is the teacher
        ),
        schedule=RisingThreshold(values=SHARES, slot="trainer", knob="alpha"),
        metrics=(HeldOutAccuracy(),),
    )
)
