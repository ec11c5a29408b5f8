"""M-STaR in text: self-training that never starts its optimizer anew and balances its temperature. Liu et al. 2024.

**Diving into Self-Evolving Training for Multimodal Reasoning (M-STaR).** Liu, Li, Zhang, Zhou, Cheng, He. 2024. ICML
2025. arXiv 2412.17451.

*The paper.* Self-training seen as reinforcement learning, with three factors: training method, reward model and prompt
variation. Training is continuous: optimizer and learning-rate schedule go on from iteration to iteration. A process
reward model picks among right answers. Training saturates as exploration falls, and a mechanism balances the
temperature.

*Different here.*
- Text alone: no images are read. The loop is the same.
- AdamW's moments and step count go from a round's training to the next one's, which starts from its checkpoint. The
  learning rate is constant, so that no schedule is begun anew; warmup is not possible. The order of rows and their
  number are each round's own. Under LoRA every round has to go on with the same adapter.
- The role `scorer` is a reward model for whole texts, bound at launch. The paper's scores steps~. Of the right texts
  the two with the highest score are kept~.
- The temperature is chosen before each round by the balance score on 64 pilot prompts, as in `bstar`, from 0.7, 0.9,
  1.1 and 1.3. The paper watches another measure~.
- Prompts without known answers are not used; numbers and training settings are ours.

*Quoted.* Gains on five benchmarks for models of 8, 4 and 2 billion parameters (abstract, first version).
"""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

# Right texts only, those that the scorer puts highest first: 1 + 0.1 z where right, else 0.
REWARD = parts.WeightedSum(
    judges=(parts.ExactMatch(), parts.RewardModelJudge(normalize="per_prompt")), weights=(1.0, 0.1), gated=True
)

register(
    Recipe(
        name="multimodal_self_evolving",
        title="Diving into Self-Evolving Training for Multimodal Reasoning (M-STaR)",
        paper="2412.17451",
        steps=(
            parts.PromptSet(),
            parts.Sample(n=16, temperature=1.0),
            Step(REWARD, by="scorer"),
            parts.AboveThreshold(threshold=0.5, max_per_prompt=2),
            parts.SFT(continue_optimizer=True, lr_scheduler_type="constant"),
        ),
        schedule=parts.BalanceProbe(n=16, temperatures=(0.7, 0.9, 1.1, 1.3)),
        metrics=(parts.HeldOutAccuracy(), parts.PassAtK(), parts.BalanceScore(), parts.DistinctN()),
    )
)
