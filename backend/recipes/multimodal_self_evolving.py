"""M-STaR in text: self-training that never starts its optimizer anew and balances its temperature. Liu et al. 2024."""

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
