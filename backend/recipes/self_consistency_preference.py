"""Self-Consistency Preference Optimization (ScPO). Prasad et al. 2024.

**Self-Consistency Preference Optimization (ScPO).** Prasad, Yuan, Pang, Xu, Fazel-Zarandi, Bansal, Sukhbaatar, Weston,
Yu. 2024. arXiv 2411.04109.

*The paper.* No known answers: k = 8 samples (temperature 0.7, top_p 0.9) vote by their final answers, 8 more at
temperature 1.2 make it likelier to find an answer worth rejecting. Chosen: a random sample of the most-voted answer;
rejected: of the least-voted. A prompt needs V+ >= tau k, tau 0.5 in the first round and 0.7 (or 0.6) in the second. The
weight w = (V+ - V-)/k multiplies both terms of the loss, -w log sigmoid(beta delta) - alpha (w/|y+|) log pi(y+), beta =
0.5, alpha = 1.

*Different here.*
- The 8 hot samples do not vote and are never chosen; an answer only they give has V = 0. This is our reading of "for
  the rejected side"~.
- Two answers tied for the top: one is chosen by the round's seed, or the prompt is dropped (`ties`). All answers
  equally often: w = 0, dropped.
- The paper also asks the model for new questions, and can mix in prompts with known answers at weight 1. Here prompts
  come from imported sets and known answers play no part; a reviewer's accept has the effect of a known answer.
- k = 16, which the paper uses for logic puzzles, needs three knobs: `n` of the generator, `voters` of judge and
  selector.

*Quoted.* GSM8K, greedy, Llama-3 Base 8B~: 41.2 to 63.9 in two rounds. On ZebraLogic, Llama-3 8B ends above Llama-3
70B, Gemma-2 27B and Claude-3 Haiku (abstract).
"""

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
