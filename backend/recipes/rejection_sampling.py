"""Sample, verify, keep what is right, fine-tune: ReST-EM. Singh et al. 2023."""

from backend.generators.sample import Sample
from backend.judges.exact_match import ExactMatch
from backend.metrics.distinct_n import DistinctN
from backend.metrics.held_out_accuracy import HeldOutAccuracy
from backend.metrics.judge_quality import JudgeQuality
from backend.metrics.length import Length
from backend.metrics.override_rate import OverrideRate
from backend.metrics.pass_at_k import PassAtK
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe, register
from backend.schedules.constant import Constant
from backend.selectors.above_threshold import AboveThreshold
from backend.trainers.sft import SFT

register(
    Recipe(
        name="rejection_sampling",
        title="Rejection sampling (ReST-EM)",
        paper="2312.06585",
        prompt_source=PromptSet(),
        generator=Sample(n=32, temperature=0.7, top_k=40),
        judge=ExactMatch(),
        selector=AboveThreshold(threshold=1.0, max_per_prompt=10),
        trainer=SFT(),
        schedule=Constant(),
        metrics=(HeldOutAccuracy(), PassAtK(k=8, n=8), JudgeQuality(), OverrideRate(), Length(), DistinctN()),
    )
)
