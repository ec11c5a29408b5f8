"""Uncertainty-enhanced Preference Optimization (UPO): pairs that a scorer with dropout is sure of. Wang et al. 2024."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

register(
    Recipe(
        name="uncertainty_enhanced_po",
        title="Self-Evolutionary Large Language Models through Uncertainty-Enhanced Preference Optimization (UPO)",
        paper="2409.11212",
        steps=(
            parts.PromptSet(),
            parts.Sample(n=8, temperature=1.0, take_imported=False),
            Step(parts.DropoutRewardModel(passes=10), by="scorer"),
            parts.BestVersusWorst(),
            parts.UncertaintyWeights(mu=1.0, share=0.5),
            parts.DPO(reference="policy", loss_type=("sigmoid", "sft"), weigh_examples=True, smooth_examples=True),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.PairGap(), parts.JudgeQuality()),
    )
)
