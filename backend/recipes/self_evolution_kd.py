"""Self-Evolution Knowledge Distillation for LLM-based Machine Translation. Song et al. 2024.

**Self-Evolution Knowledge Distillation for LLM-based Machine Translation.** Song, Ding, Zan, Huang. 2024. COLING 2025.
arXiv 2412.15303.

*The paper.* A student learns from a larger teacher. Tokens differ in how hard they are to learn, so that the teacher's
distribution and the one-hot distribution of the reference text are brought in as prior knowledge in a ratio that
follows each token's difficulty.

*Different here.*
- The paper measures difficulty by a divergence between a mixed target and the student~, and mixes the prior knowledge
  of hard tokens into the student's distribution~. Here the target is mixed: a token's share of the teacher is alpha
  times the probability that the policy gives the reference's token, alpha = 1. What is hard is learned from the
  reference, what is easy from the teacher. Hard and easy are a matter of degree.
- The teacher is the role `teacher`, a checkpoint with the policy's tokenizer. The paper's are Llama models of 13 and 7
  billion parameters~.
- The reference texts are the known answers of the imported prompts; training settings are ours.

*Quoted.* About 1.4 points of SacreBLEU more on average over four directions of WMT22 (abstract).
"""

from backend.recipes import Recipe, Step, register
from backend.recipes._parts import HeldOutAccuracy, KeepAll, OwnAnswers, PromptSet, SoftTargetSFT

register(
    Recipe(
        name="self_evolution_kd",
        title="Self-Evolution Knowledge Distillation",
        paper="2412.15303",
        steps=(
            PromptSet(),
            Step(OwnAnswers(), by="data"),
            KeepAll(),
            SoftTargetSFT(reference="teacher", alpha=1.0, adapt="by_token"),
        ),
        metrics=(HeldOutAccuracy(),),
    )
)
