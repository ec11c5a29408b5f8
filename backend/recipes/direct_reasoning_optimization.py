"""DRO: reasoning is rewarded for making the reference answer likely, where that depends on it. Xu et al. 2025.

**Direct Reasoning Optimization: LLMs Can Reward And Refine Their Own Reasoning for Open-Ended Tasks.** Xu, Chakraborty,
Sharma, Nunes, Kıcıman, Lu, Chandra. 2025. arXiv 2506.13351.

*The paper.* For tasks with a long reference outcome and no verifier. The reasoning of each sample is followed by the
reference in place of its own outcome, and the policy itself says how likely each token of it is. Tokens weigh more the
more their log-probability differs over the group's reasonings; what the reference gets with the reasoning masked is
subtracted; a term keeps the outcome's length near the reference's. Prompts are filtered by the same reward: out go
those whose hard tokens no sample brings among the top k, and those on which samples hardly differ.

*Different here.*
- A token's weight is its deviation over the mean deviation; the paper's weights rise with it, too. Masked means left
  out.
- The filter runs once a round, before the training, by the judge's role (the policy unless bound). A hard token is in
  reach with a probability of at least 1/10, which is among the ten likeliest for certain; the paper looks at ranks
  themselves. The three quarters of all prompts with the widest rewards stay. Both numbers are ours.
- Lengths are compared in characters, and their term weighs 0.1; the paper's weights are not checked~.
- Reasoning ends with `</think>`, as models write that think by themselves; for others set `answer_pattern` and `lead`
  in the three judges.
- Training settings are ours. For open-ended tasks take a metric of your own: `held_out_accuracy` compares final
  answers.

*Quoted.* None: the abstract gives no figures. It reports results above strong baselines on ParaRev and FinQA, at lower
cost.
"""

from backend.recipes import Recipe, register
from backend.recipes import _parts as parts

THOUGHT, LEAD = r"</think>", "</think>\n"  # the outcome follows the thinking
R3 = parts.ReferenceLikelihood(form="r3", answer_pattern=THOUGHT, lead=LEAD)
LENGTH = parts.ReferenceLength(answer_pattern=THOUGHT)
REWARD = parts.WeightedSum(judges=(R3, LENGTH), weights=(1.0, 0.1))

register(
    Recipe(
        name="direct_reasoning_optimization",
        title="Direct Reasoning Optimization: LLMs Can Reward And Refine Their Own Reasoning for Open-Ended Tasks",
        paper="2506.13351",
        steps=(
            parts.PromptSet(),
            parts.Sample(n=8),
            parts.ReachableAnswer(top_k=10, answer_pattern=THOUGHT, lead=LEAD),
            parts.AllPrompts(),
            parts.DifficultyBand(low=0.01, high=1.0),  # some sample has all hard tokens in reach
            parts.InformativePrompts(by="reward_gap", top_share=0.75),
            parts.GRPO(reward=REWARD, judge_by="live", num_generations=8, max_completion_length=512),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.Length()),
    )
)
