"""Self-Rewarding Language Models. Yuan et al. 2024.

**Self-Rewarding Language Models.** Yuan, Pang, Cho, Li, Sukhbaatar, Xu, Weston. 2024. arXiv 2401.10020.

*The paper.* One model answers and judges. For each prompt it samples N = 4 answers (temperature 0.7, top_p 0.9), scores
each with an additive 0 to 5 rubric, averaged over 3 sampled judgments, and pairs the highest with the lowest; equal
scores drop the prompt. DPO on the pairs gives the next model, which is policy and judge of the next round.

*Different here.*
- The first model of the paper is fine-tuned on an instruction seed and on a judging seed (prompts with human-ranked
  answers, written as judgments) before the first DPO round. The recipe has no such stage: start from a checkpoint that
  already follows instructions and can judge, or run a round of SFT on seed rows first.
- The paper writes new prompts each round with a fixed chat model, shown 6 seed and 2 generated prompts. Here prompts
  come from imported prompt sets.
- The rubric is in our own words, and it asks for the score in a last line of its own. Its text is a knob.
- Among samples with equal scores the side of a pair is chosen by the round's seed.
- Training settings other than beta = 0.1 are ours.

*Quoted.* Three rounds on Llama 2 70B end above Claude 2, Gemini Pro and GPT-4 0613 on AlpacaEval 2.0 (abstract). The
mean length of answers grew over the rounds, 1092, 1552, 2552 characters~ : watch the metric `length`.
"""

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
