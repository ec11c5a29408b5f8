"""Sample, verify, keep what is right, fine-tune: ReST-EM. Singh et al. 2023.

**Beyond Human Data: Scaling Self-Training for Problem-Solving with Language Models (ReST-EM).** Singh, Co-Reyes,
Agarwal and others. 2023. arXiv 2312.06585. The sample-judge-filter-SFT family.

*The paper.* Sample solutions (32 per problem~, temperature 0.7~, top-k 40~), give each reward 1 or 0 by a check of its
answer, keep the right ones, at most 10 per problem~, fine-tune, repeat. Each iteration fine-tunes the base model~, not
the last one, on the newest samples only~.

*Different here.*
- Each round goes on training the policy that it sampled from. `rest_em` trains the base anew, as the paper does.
- Duplicate texts of a prompt count once before the cap of 10.
- Training is TRL's SFT with its mean over all completion tokens of a batch.

*Relatives by one change.* Judge `written_verdict`: the policy judges itself (the demo). Judge `majority_vote` with
`accept_at` 0: self-improvement without known answers; the selector keeps by score, so its threshold is a share of votes
there, and `lmsi` is the paper without one. `max_per_prompt` 1: best-of-n. Schedule `rising_threshold`: ReST (Gulcehre
et al. 2023, arXiv 2308.08998), except that each of our rounds samples anew where ReST reuses one set for several
trainings.

*Quoted.* None: the abstract claims gains over fine-tuning on human data on MATH and APPS with PaLM 2, without figures.
"""

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
