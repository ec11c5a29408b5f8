"""Reinforcement learning via self-confidence (RLSC). Li et al. 2025.

**Confidence Is All You Need: Few-Shot RL Fine-Tuning of Language Models (RLSC).** Li, Skripkin, Zubrey, Kuznetsov,
Oseledets. 2025. arXiv 2506.06395.

*The paper.* No known answers, no votes, no judge. Of each question 16 answers are sampled (temperature 0.5), and the
model is trained for 10 or 20 steps to make them likelier, each weighed by the probability that the model gave it:
-(p_old(y|x) + alpha) * log pi(y|x), p_old being the probability of the whole answer, without gradient, and alpha 0.1.
What is raised is the chance that two samples agree.

*Different here.*
- The paper samples anew for each step~; here a round samples once and trains for 20 optimizer steps of 8 rows each.
  With more than 10 prompts that is not every answer: raise the batch size with the number of prompts.
- The probability is read by the policy at temperature 1 once the answers are there, without the end token. For long
  answers it is so small that alpha alone is left, and what is trained is the mean likelihood of the model's own
  answers.
- Answers that were cut off are kept. One that a person rejects is left out.
- The learning rate is 1e-5~; the other settings are ours.

*Quoted.* Qwen2.5-Math-7B gains 13.4 points on AIME 2024, 21.2 on MATH500, 21.7 on Minerva Math, 20.8 on OlympiadBench
and 9.7 on AMC23 (abstract). A model that grows surer of itself grows narrower: watch `distinct_n`.
"""

from backend.recipes import Recipe, Step, register
from backend.recipes._parts import SFT, DistinctN, HeldOutAccuracy, KeepAll, PromptSet, Sample, SelfCertainty

CONFIDENCE = SelfCertainty(measure="sequence_probability", accept_at=0.0)

register(
    Recipe(
        name="rlsc",
        title="Reinforcement Learning via Self-Confidence (RLSC)",
        paper="2506.06395",
        steps=(
            PromptSet(),
            Sample(n=16, temperature=0.5, take_imported=False),
            Step(CONFIDENCE, by="policy"),  # no other model can say how sure this one is
            KeepAll(weigh_by="score", drop_truncated=False),
            SFT(weigh_examples=True, weight_offset=0.1, reduction="sum", learning_rate=1e-5, max_steps=20),
        ),
        metrics=(HeldOutAccuracy(), DistinctN()),
    )
)
