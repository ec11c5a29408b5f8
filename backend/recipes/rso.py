"""Statistical Rejection Sampling Optimization (RSO). Liu et al. 2023. Pairs drawn as if from the optimal policy."""

from backend.generators.sample import Sample
from backend.judges.reward_model import RewardModel
from backend.metrics.held_out_accuracy import HeldOutAccuracy
from backend.metrics.length import Length
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe, Step, register
from backend.selectors.drawn_pairs import DrawnPairs
from backend.trainers.dpo import DPO

register(
    Recipe(
        name="rso",
        title="Statistical Rejection Sampling Improves Preference Optimization (RSO)",
        paper="2309.06657",
        steps=(
            PromptSet(),
            Sample(n=64, temperature=0.7, top_k=40),
            Step(RewardModel(), by="scorer"),
            DrawnPairs(draw=8, temperature=0.5),
            DPO(beta=0.05),  # the paper's gamma; its sigmoid-norm is DPO's loss
        ),
        metrics=(HeldOutAccuracy(), Length()),
    )
)
