"""Dynamic Corrective Self-Distillation (DCS): learn more from what the former self got wrong. Amara et al. 2023.

**Dynamic Corrective Self-Distillation for Better Fine-Tuning of Pretrained Models (DCS).** Amara, Jain, Chadha. 2023.
arXiv 2312.07028.

*The paper.* Fine-tuning on few labelled data, by self-distillation: in each iteration the student adapts and corrects
itself, as the weights of single data points are adjusted in the manner of adaptive boosting. The teacher has the same
architecture~.

*Different here.*
- The paper classifies text. Here targets are the tokens of known answers, half of each target being the former self's
  next-token distribution.
- An iteration is a round: its policy answers every prompt once, greedily, is the teacher, and is what is trained. The
  weight of a prompt that it answered wrong is doubled, up to 16, and the next round goes on from that weight; weights
  are divided by their mean. In the paper a weight rises where student and teacher differ~, by a formula of its own~.
- An answer that cannot be read is no mistake: its weight stays. Prompts without a known answer are left out.
- Training settings are ours.

*Quoted.* None: the abstract claims gains on GLUE without figures.
"""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

ATTEMPTS = parts.Sample(n=1, temperature=0.0, take_imported=False)
STUDENT = parts.SoftTargetSFT(reference="policy", alpha=0.5, weigh_examples=True, normalise_weights=True)

register(
    Recipe(
        name="corrective_self_distillation",
        title="Dynamic Corrective Self-Distillation for Better Fine-Tuning of Pretrained Models",
        paper="2312.07028",
        steps=(
            parts.PromptSet(),
            Step(ATTEMPTS, name="attempts"),
            parts.ExactMatch(),
            Step(parts.OwnAnswers(), by="data"),
            Step(parts.KeepAll(), roles=("data",)),
            Step(parts.BoostingWeights(), roles=("policy",)),
            STUDENT,
        ),
        metrics=(parts.HeldOutAccuracy(),),
    )
)
