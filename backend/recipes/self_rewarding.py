"""Self-Rewarding Language Models. Yuan et al. 2024."""

from backend.generators.sample import Sample
from backend.judges.additive_rubric import AdditiveRubric
from backend.metrics.distinct_n import DistinctN
from backend.metrics.held_out_accuracy import HeldOutAccuracy
from backend.metrics.judge_quality import JudgeQuality
from backend.metrics.length import Length
from backend.metrics.override_rate import OverrideRate
from backend.metrics.score_ties import ScoreTies
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe, register
from backend.schedules.constant import Constant
from backend.selectors.best_versus_worst import BestVersusWorst
from backend.trainers.dpo import DPO

register(
    Recipe(
        name="self_rewarding",
        title="Self-Rewarding Language Models",
        paper="2401.10020",
        prompt_source=PromptSet(),
        generator=Sample(n=4, temperature=0.7, top_p=0.9),
        judge=AdditiveRubric(votes=3),
        selector=BestVersusWorst(),
        trainer=DPO(beta=0.1),
        schedule=Constant(),
        metrics=(HeldOutAccuracy(), JudgeQuality(), OverrideRate(), Length(), DistinctN(), ScoreTies()),
    )
)
