"""Self-Consistency Preference Optimization (ScPO). Prasad et al. 2024."""

from backend.generators.sample import Sample
from backend.judges.majority_vote import MajorityVote
from backend.metrics.distinct_n import DistinctN
from backend.metrics.held_out_accuracy import HeldOutAccuracy
from backend.metrics.judge_quality import JudgeQuality
from backend.metrics.length import Length
from backend.metrics.override_rate import OverrideRate
from backend.metrics.pass_at_k import PassAtK
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe, register
from backend.schedules.rising_threshold import RisingThreshold
from backend.selectors.vote_margin_pairs import VoteMarginPairs
from backend.trainers.dpo import DPO

register(
    Recipe(
        name="self_consistency_preference",
        title="Self-Consistency Preference Optimization (ScPO)",
        paper="2411.04109",
        prompt_source=PromptSet(),
        generator=Sample(n=8, temperature=0.7, top_p=0.9, extra_n=8, extra_temperature=1.2),
        judge=MajorityVote(voters=8),
        selector=VoteMarginPairs(tau=0.5, voters=8),
        trainer=DPO(beta=0.5, loss_type=("sigmoid", "sft"), loss_weights=(1.0, 1.0), weigh_examples=True),
        schedule=RisingThreshold(values=(0.5, 0.7), knob="tau"),
        metrics=(HeldOutAccuracy(), PassAtK(k=8, n=8), JudgeQuality(), OverrideRate(), Length(), DistinctN()),
    )
)
